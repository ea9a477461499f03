"""Many cases: manifest, tasks, tables of results."""
