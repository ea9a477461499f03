"""Two attention maps of one volume compared: in numbers, by their difference, and side by side in linked views."""
