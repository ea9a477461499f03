"""Domain statistics as table nodes: one volume's, and the range of a profile beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from UMambaXAILogic.engine.domain import DomainRow

from .domain_values import DomainValue, domain_values
from .tables import NOT_AVAILABLE, add_table, text_column


def add_domain_table(scene: Any, name: str, row: DomainRow, comparison: Mapping[str, Any] | None = None) -> Any:
    """Add a table of text with the columns Statistic and Value, and beside them the range of a profile's cases.

    Args:
        row: the volume's statistics.
        comparison: with a profile: ``CaseComparison.to_json`` of ``engine.domain.case_range``.
    """
    values = list(domain_values(row))
    columns = {
        "Statistic": [value.title for value in values],
        "Value": [_with_unit(value) for value in values],
    }
    if comparison is not None:
        compared = {position["key"]: position for position in comparison["positions"]}
        columns["Profile's range"] = [_range(compared.get(value.key)) for value in values]
    return add_table(scene, name, [text_column(title, cells) for title, cells in columns.items()])


def _with_unit(value: DomainValue) -> str:
    return NOT_AVAILABLE if value.value is None else f"{_number(value.value)} {value.unit}".strip()


def _range(position: Mapping[str, Any] | None) -> str:
    """ "2.31 to 2.72", and whether the volume lies outside; empty for what is not compared."""
    if position is None:
        return ""
    between = f"{_number(position['minimum'])} to {_number(position['maximum'])}"
    return f"outside {between}" if position["is_outside"] else between


def _number(value: float) -> str:
    """Four digits are more than any of these numbers is good for; whole numbers are written out."""
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 1000 else f"{value:.4g}"
