"""The numbers of a comparison in words."""

from __future__ import annotations

from typing import Any

from ..tables import NOT_AVAILABLE, add_table, text_column
from .agreement import Agreement


def add_agreement_table(scene: Any, name: str, agreement: Agreement, first: str, second: str) -> Any:
    """Add a table of text with the columns Measure, Value, Voxels; what cannot be computed reads "n/a".

    Args:
        first, second: what A and B are.
    """
    rows = [("A", first, ""), ("B", second, ""), *agreement_rows(agreement)]
    columns = zip(("Measure", "Value", "Voxels"), zip(*rows, strict=True), strict=True)
    return add_table(scene, name, [text_column(title, cells) for title, cells in columns])


def agreement_rows(agreement: Agreement) -> list[tuple[str, str, str]]:
    """(measure, value, voxels that it rests on) in words."""
    one, from_threshold = agreement, f"at least {agreement.threshold:.2f}"
    either = _count(one.high_voxels_either)
    return [
        ("Pearson r, all voxels", _number(one.pearson), _count(one.voxels)),
        ("Pearson r, in the prediction", _number(one.pearson_in_prediction), _count(one.prediction_voxels)),
        ("Pearson r, in the ground truth", _number(one.pearson_in_truth), _count(one.truth_voxels)),
        (f"Spearman rho, A or B {from_threshold}", _number(one.spearman), either),
        (f"IoU of A and B {from_threshold}", _number(one.iou), either),
        (f"Mean |A - B|, A or B {from_threshold}", _number(one.mean_absolute_difference), either),
        (f"A {from_threshold}", "", _count(one.high_voxels_a)),
        (f"B {from_threshold}", "", _count(one.high_voxels_b)),
        (f"Both {from_threshold}", "", _count(one.high_voxels_both)),
    ]


def _number(value: float | None) -> str:
    return NOT_AVAILABLE if value is None else f"{value:.3f}"


def _count(value: int | None) -> str:
    return NOT_AVAILABLE if value is None else f"{value:,}".replace(",", " ")
