"""What the compiled CPU kernels are built from: vector lanes, fast elementary functions, compilation, threads.

Importing this package does not import numba; importing any of its modules but ``threads`` does.
"""
