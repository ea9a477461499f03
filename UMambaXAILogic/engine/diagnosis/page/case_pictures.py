"""Pictures of a case: the few slices that say most, with prediction, truth and attention over the volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...page.case_files import CaseFiles
from ...page.pictures import slice_jpeg
from ...page.slice_stack import picture_uri, slice_stack
from ...page.words import number

Row = Mapping[str, str]


@dataclass(frozen=True)
class CasePicture:
    """One slice.

    Args:
        uri: the picture as a data URI.
        why: what is special about the slice.
        facts: its position and scores.
    """

    uri: str
    why: str
    facts: str


def case_pictures(case: CaseFiles) -> list[CasePicture]:
    """At most three slices of a case, different ones."""
    stack = slice_stack(case)
    storage_slices = stack.storage_slices
    shown = set(storage_slices)
    chosen = chosen_slices([row for row in case.slices if int(row["slice"]) in shown])
    return [
        CasePicture(
            uri=picture_uri(slice_jpeg(stack, storage_slices.index(int(row["slice"])), case.is_phantom), "jpeg"),
            why=why,
            facts=_facts(row),
        )
        for why, row in chosen
    ]


def chosen_slices(rows: Sequence[Row]) -> list[tuple[str, Row]]:
    """The slice with most prediction, that of the lowest Dice and that of the lowest XAI-GT, each once.

    Args:
        rows: of slices.csv, texts; an empty text is a value that cannot be computed.
    """
    found: list[tuple[str, Row]] = []

    def add(why: str, candidates: Sequence[Row], score: str) -> None:
        """The lowest score; among equals, the slice with most vessel."""
        taken = {row["slice"] for _, row in found}
        left = [row for row in candidates if row["slice"] not in taken]
        if left:
            found.append((why, min(left, key=lambda row: (float(row[score]), -_vessel(row)))))

    predicted = [row for row in rows if _count(row["pm_voxels"]) > 0]
    if predicted:
        found.append(("most prediction", max(predicted, key=lambda row: _count(row["pm_voxels"]))))
    add("lowest Dice", [row for row in rows if row["dice"] and _count(row["gt_voxels"]) > 0], "dice")
    add("lowest XAI-GT", [row for row in predicted if row["xai_gt_f1"]], "xai_gt_f1")
    return found


def _vessel(row: Row) -> int:
    return _count(row["pm_voxels"]) + _count(row["gt_voxels"])


def _count(cell: str) -> int:
    return int(cell) if cell else 0


def _facts(row: Row) -> str:
    dice, f1 = (number(float(row[key]) if row[key] else None, 2) for key in ("dice", "xai_gt_f1"))
    return f"S {float(row['position_s_mm']):.1f} mm, Dice {dice}, XAI-GT F1 {f1}"
