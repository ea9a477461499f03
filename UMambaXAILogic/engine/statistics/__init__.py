"""Intervals over cases and comparisons of groups, by one rule for few cases."""

from __future__ import annotations

from .difference import GroupComparison, compare_groups
from .intervals import Interval, mean_interval

__all__ = ["GroupComparison", "Interval", "compare_groups", "mean_interval"]
