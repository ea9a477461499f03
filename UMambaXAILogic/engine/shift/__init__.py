"""Shift attribution: which factor of the domain gap costs how much."""
