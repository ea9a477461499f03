"""Audit of the ratios of two voxel sets: tables 5, 7, 9, 10 and the gap.

Where a table does not say how it was averaged, F1 and IoU tell: F1 = 2 IoU / (1 + IoU) of pooled counts, less than that
of averages over cases or slices, never more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..alignment.audit import audit_alignment, audit_averaged, audit_sizes, f1_against_iou
from .audit_result import AVERAGING, CONTRADICTION, POOLED, Check, Row, known, row_groups, tested
from .reported_tables import ReportedTable

_RATIOS = ("iou", "f1", "precision", "recall")
_REFERENCE = {"9": "gt", "10": "pm"}

Tables = Mapping[str, ReportedTable]


def audit_alignment_table(key: str, tables: Tables) -> Iterator[Check]:
    """F1, IoU, precision and recall of every row of table 5, 9 or 10."""
    table = tables.get(key)
    if table is None:
        return
    rounding = table.rounding(*_RATIOS)
    groups = row_groups(table)
    mixed = {
        cohort
        for cohort, averaging, rows in groups
        if averaging is None and any(_is_under(row, rounding) for row in rows)
    }
    pooled = [cohort for cohort, averaging, _ in groups if averaging is None and cohort not in mixed]
    for cohort, averaging, rows in groups:
        named = [_alignment_row(key, row) for row in rows]
        averaged = averaging != POOLED if averaging else cohort in mixed
        for row in named:
            if not (known(row, "iou", "f1") or known(row, "f1", "precision", "recall")):
                continue
            # |PM| / |GT| needs both tables and is tested apart.
            found = (audit_averaged if averaged else audit_alignment)([{**row, "reference": None}], rounding)
            yield from tested(key, cohort, CONTRADICTION, found)
        if averaged and averaging is None:
            under = [row for row in named if _is_under(row, rounding)]
            yield from tested(key, cohort, AVERAGING, [_mix_text(under, pooled)])


def audit_sizes_of_masks(tables: Tables) -> Iterator[Check]:
    """|PM| / |GT| is the same at all thresholds of tables 9 and 10 together."""
    if not set(_REFERENCE) <= set(tables):
        return
    rounding = max(tables[key].rounding(*_RATIOS) for key in _REFERENCE)
    groups: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    for key in _REFERENCE:
        for cohort, averaging, rows in row_groups(tables[key]):
            if averaging in (None, POOLED):
                groups.setdefault((cohort, averaging), []).extend(_alignment_row(key, row) for row in rows)
    for (cohort, averaging), both in groups.items():
        found = audit_sizes(both, rounding)
        if averaging is None and any(_is_under(row, rounding) for row in both):
            texts = [f"no pooled counts give these rows: {'; '.join(found)}"] if found else []
            yield from tested("9 and 10", cohort, AVERAGING, texts)
        else:
            yield from tested("9 and 10", cohort, CONTRADICTION, found)


def audit_segmentation(tables: Tables) -> Iterator[Check]:
    """Dice and IoU of table 7, where both are given."""
    table = tables.get("7")
    if table is None:
        return
    for cohort, averaging, rows in row_groups(table):
        for row in rows:
            dice, iou = row.get("dice"), row.get("iou")
            if dice is None or iou is None:
                continue
            side = f1_against_iou(iou, dice, table.rounding("dice", "iou"))
            if side == 0 or (side < 0 and averaging not in (None, POOLED)):
                yield None
            elif side < 0 and averaging is None:
                text = f"Dice {dice:g} and IoU {iou:g} are averages over cases or slices, not pooled voxels"
                yield from tested("7", cohort, AVERAGING, [text])
            else:
                yield from tested("7", cohort, CONTRADICTION, [f"Dice {dice:g} contradicts IoU {iou:g}"])


def audit_gaps(tables: Tables) -> Iterator[Check]:
    """The gap is XAI-PM IoU minus XAI-GT IoU, however both were averaged."""
    table = tables.get("gap")
    if table is None:
        return
    for row in table.rows:
        parts = _gap_parts(row, tables)
        if row.get("gap") is None or parts is None:
            continue
        xai_gt, xai_pm, rounding = parts
        wrong = abs(xai_pm - xai_gt - row["gap"]) > table.rounding("gap") + 2 * rounding + 1e-9
        text = f"the gap {row['gap']:g} is not XAI-PM IoU {xai_pm:g} minus XAI-GT IoU {xai_gt:g}"
        yield from tested("gap", row["cohort"], CONTRADICTION, [text] if wrong else [])


def _is_under(row: Row, rounding: float) -> bool:
    return f1_against_iou(row.get("iou"), row.get("f1"), rounding) < 0


def _mix_text(under: list[dict[str, Any]], pooled: list[str]) -> str:
    rows = "; ".join(f"{row['name']} has F1 {row['f1']:g} for IoU {row['iou']:g}" for row in under)
    text = (
        f"the rows cannot be pooled over voxels ({rows}; pooled, F1 is 2 IoU / (1 + IoU)): they are averages over "
        "cases or slices"
    )
    return (
        f"{text}, and do not compare with the rows of {', '.join(pooled)}, which agree with pooling" if pooled else text
    )


def _alignment_row(key: str, row: Row) -> dict[str, Any]:
    reference, threshold = _REFERENCE.get(key), row.get("threshold")
    if reference is None:
        name = str(row.get("method") or "a method")
    else:
        name = f"XAI-{reference.upper()}" + ("" if threshold is None else f" at {threshold:g}")
    ratios = {ratio: row.get(ratio) for ratio in _RATIOS}
    return {**ratios, "reference": None if threshold is None else reference, "threshold": threshold, "name": name}


def _gap_parts(row: Row, tables: Tables) -> tuple[float, float, float] | None:
    """XAI-GT IoU, XAI-PM IoU and their rounding: of the row itself, or of tables 9 and 10 at its threshold."""
    if known(row, "xai_gt_iou", "xai_pm_iou"):
        return row["xai_gt_iou"], row["xai_pm_iou"], tables["gap"].rounding("xai_gt_iou", "xai_pm_iou")
    found = []
    for key in _REFERENCE:
        same = [
            other
            for other in (tables[key].rows if key in tables else ())
            if row.get("threshold") is not None
            and all(other.get(column) == row.get(column) for column in ("cohort", "averaging", "threshold"))
        ]
        if len(same) != 1 or same[0].get("iou") is None:
            return None
        found.append(same[0]["iou"])
    return found[0], found[1], max(tables[key].rounding("iou") for key in _REFERENCE)
