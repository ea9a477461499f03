"""Calls on a scene, of whichever kind: nodes to files for the worker, and its files back to nodes."""
