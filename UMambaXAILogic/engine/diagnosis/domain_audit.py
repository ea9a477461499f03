"""Audit of domain statistics: tables 1 to 4."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from .audit_result import CONTRADICTION, Check, Row, known, tested
from .reported_tables import ReportedTable

_DIFFERENCE = "_relative_difference"


def audit_moments(key: str, tables: Mapping[str, ReportedTable]) -> Iterator[Check]:
    """Order of minimum, median, mean, percentile and maximum, and what they allow the standard deviation to be."""
    table = tables.get(key)
    for row in table.rows if table else ():
        for text in _moments(row, table):
            yield from tested(key, row["cohort"], CONTRADICTION, [text] if text else [])


def audit_comparisons(tables: Mapping[str, ReportedTable]) -> Iterator[Check]:
    """Relative differences (T - S) / S of table 2 and the ratio T / S of table 3; the first cohort is the source."""
    for key in ("2", "3"):
        table = tables.get(key)
        if table is None or len(table.cohorts) != 2:
            continue
        source, target = (next(row for row in table.rows if row["cohort"] == cohort) for cohort in table.cohorts)
        for row in table.rows:
            for name, given in row.items():
                column = name.removesuffix(_DIFFERENCE) if name.endswith(_DIFFERENCE) else "std"
                if given is None or not (name.endswith(_DIFFERENCE) or name == "ratio"):
                    continue
                if not (known(source, column) and known(target, column)) or not source[column] > 0:
                    continue
                half, less = table.rounding(column), 0.0 if name == "ratio" else 1.0
                low = (target[column] - half) / (source[column] + half) - less
                high = (target[column] + half) / max(source[column] - half, 1e-12) - less
                slack = table.rounding(name) + 1e-9
                wrong = given + slack < low or given - slack > high
                computed = target[column] / source[column] - less
                text = f"{name} is {given:g}, and {computed:.4g} by the table's own numbers"
                yield from tested(key, None, CONTRADICTION, [text] if wrong else [])


def _moments(row: Row, table: ReportedTable | None) -> Iterator[str | None]:
    """For every bound that can be tested: what is wrong, or None."""
    assert table is not None
    half: Callable[..., float] = table.rounding
    for names in (("min", "median", "p99", "max"), ("min", "mean", "max")):
        there = [name for name in names if row.get(name) is not None]
        for low, high in zip(there, there[1:], strict=False):
            wrong = row[low] - half(low) > row[high] + half(high) + 1e-9
            yield f"{low} {row[low]:g} is above {high} {row[high]:g}" if wrong else None
    if known(row, "mean", "median", "std"):
        slack = half("mean") + half("median") + half("std")
        wrong = abs(row["mean"] - row["median"]) > row["std"] + slack + 1e-9
        text = f"mean {row['mean']:g} and median {row['median']:g} are further apart than a std of {row['std']:g}"
        yield text if wrong else None
    if known(row, "mean", "std", "min", "max"):
        # Bhatia and Davis: variance <= (max - mean) (mean - min).
        above = row["max"] - row["mean"] + half("max") + half("mean")
        below = row["mean"] - row["min"] + half("mean") + half("min")
        wrong = row["std"] - half("std") > math.sqrt(max(above, 0.0) * max(below, 0.0)) + 1e-9
        text = f"std {row['std']:g} is more than values between {row['min']:g} and {row['max']:g} can have"
        yield text if wrong else None
