"""Two cohort results -> tables, verdict and report."""
