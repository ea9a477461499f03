"""Kernels of the selective scan in Triton, for GPUs.

The sequence is cut into tiles of steps that run side by side. A first kernel finds what each tile adds to the state,
a second carries the state from tile to tile, a third computes the tile's results from the state that enters it; for
gradients the same in reverse. Nothing of size D N L is stored, and nothing is added up atomically, so results are the
same to the bit in every run.

A tile is an array (states, steps): threads of a warp lie along the steps, so that memory is read in whole lines and
the recurrence is an associative scan within a warp; the channels of a block follow one another in a loop, so that
gradients of B and C, sums over channels, stay in registers.
"""
