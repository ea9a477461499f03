"""Names of a benchmark's files, for those who write them and those who only read them."""

from __future__ import annotations

SCHEMA_VERSION = 1
JSON_NAME, TABLE_NAME, MAPS_FOLDER = "benchmark.json", "benchmark.csv", "maps"
