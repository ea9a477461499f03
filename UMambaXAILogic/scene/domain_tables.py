"""Domain statistics as table nodes: one volume's, and the range of a profile beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from UMambaXAILogic.engine.domain import DomainRow

from .domain_values import domain_values
from .tables import NOT_AVAILABLE, add_table, text_column


def add_domain_table(scene: Any, name: str, row: DomainRow, comparison: Mapping[str, Any] | None = None) -> Any:
    """Add a table of text with the columns Statistic, Value and Unit, and of a profile Lowest, Highest and Outside.

    Args:
        row: the volume's statistics.
        comparison: with a profile: ``CaseComparison.to_json`` of ``engine.domain.case_range``.
    """
    values = list(domain_values(row))
    columns = {
        "Statistic": [value.title for value in values],
        "Value": [_number(value.value) for value in values],
        "Unit": [value.unit for value in values],
    }
    if comparison is not None:
        compared = {position["key"]: position for position in comparison["positions"]}
        found = [compared.get(value.key) for value in values]
        columns["Lowest of profile"] = [_of(position, "minimum") for position in found]
        columns["Highest of profile"] = [_of(position, "maximum") for position in found]
        columns["Outside"] = [_outside(position) for position in found]
    return add_table(scene, name, [text_column(title, cells) for title, cells in columns.items()])


def _of(position: Mapping[str, Any] | None, key: str) -> str:
    return "" if position is None else _number(position[key])


def _outside(position: Mapping[str, Any] | None) -> str:
    if position is None:
        return ""
    return "outside" if position["is_outside"] else "no"


def _number(value: float | None) -> str:
    """Four digits are more than any of these numbers is good for; whole numbers are written out."""
    if value is None:
        return NOT_AVAILABLE
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 1000 else f"{value:.4g}"
