"""Intervals and tests over cases."""
