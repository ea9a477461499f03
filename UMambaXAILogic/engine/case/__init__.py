"""One case on its way: what was asked, what was read, what it is segmented by, what its folder holds."""
