"""Phase 1: intensity, resolution, noise and vessel morphology of cases and cohorts."""
