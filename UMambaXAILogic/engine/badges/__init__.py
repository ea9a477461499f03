"""The badges of the sanity gate outside the benchmark: kept with model and case, and said in words."""
