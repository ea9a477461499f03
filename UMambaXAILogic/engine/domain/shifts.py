"""One list of what differs between two cohorts, largest first.

Unlike quantities are put in order by their standardised difference: the difference of the means over cases, divided
by sqrt(s^2 + f^2). s is the standard deviation of the cases within the cohorts, pooled, as in Cohen's d (J. Cohen,
Statistical Power Analysis for the Behavioral Sciences, 2nd ed. 1988, p. 67). f is a floor: 10 % of the quantity's
size, or a fixed amount where zero is a convention. Without it, two scan protocols that never vary would differ
infinitely, and a single case could not be put in order at all. With it, a difference of 10 % of a quantity that never
varies counts 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .compared_quantity import ComparedQuantity
from .comparison_tables import ComparisonTable


@dataclass(frozen=True)
class Shift:
    """One entry of the list.

    Args:
        rank: 1 is the largest.
        compared: the table's line it stands for, a mean over cases.
    """

    rank: int
    compared: ComparedQuantity

    def to_json(self) -> dict[str, Any]:
        """The same, for a JSON file."""
        compared = self.compared
        return {
            "rank": self.rank,
            "key": compared.quantity.key,
            "title": compared.quantity.title,
            "table": compared.quantity.table,
            "unit": compared.quantity.unit,
            "source": compared.source.estimate,
            "target": compared.target.estimate,
            "difference": compared.difference.estimate,
            "difference_low": compared.difference.low,
            "difference_high": compared.difference.high,
            "relative_difference": compared.relative_difference,
            "ratio": compared.ratio,
            "standardised_difference": compared.standardised_difference,
            "spread": compared.spread,
            "floor": compared.floor,
            "p_value": compared.p_value,
        }


def order_shifts(tables: Iterable[ComparisonTable]) -> tuple[tuple[Shift, ...], tuple[ComparedQuantity, ...]]:
    """The list of shifts, and the quantities that would belong to it but cannot be compared."""
    candidates = [
        row for table in tables for row in table.rows if row.quantity.is_shift and row.averaged == "case_mean"
    ]
    known = [row for row in candidates if row.standardised_difference is not None]
    # Rounded, so that what differs by rounding alone keeps the order of the tables.
    known.sort(key=lambda row: -round(abs(row.standardised_difference or 0.0), 9))
    shifts = tuple(Shift(rank, row) for rank, row in enumerate(known, 1))
    return shifts, tuple(row for row in candidates if row.standardised_difference is None)
