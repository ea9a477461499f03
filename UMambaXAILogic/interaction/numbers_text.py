"""One case's numbers as text that can be pasted into a letter or a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from UMambaXAILogic.engine.badges.words import badge_texts

_REFERENCES = {"gt": "ground truth", "pm": "prediction"}
_SEGMENTATION = (
    ("dice", "Dice"),
    ("iou", "IoU"),
    ("precision", "Precision"),
    ("recall", "Recall"),
    ("cl_dice", "clDice"),
)
_OF_A_VESSEL = (("diameter_mm", "diameter in mm"), ("recall", "recall"), ("mean_attention", "mean attention"))
_SCORES = (("iou", "IoU"), ("f1", "F1"), ("precision", "precision"), ("recall", "recall"))


def numbers_text(metrics: Mapping[str, Any]) -> str:
    """The numbers of the result table, one a line: name, tab, value; then the verdict with what it rests on.

    Args:
        metrics: the content of metrics.json.
    """
    segmentation = metrics["segmentation"]
    attribution = metrics.get("attribution") or {}
    rows: list[tuple[str, Any]] = [("Case", metrics.get("case")), ("Method", attribution.get("method"))]
    if metrics.get("phantom"):
        rows.append(("Phantom", "yes, not a patient"))
    rows.append(("Layers", ", ".join(attribution.get("layers") or []) or None))
    rows += [(name, segmentation.get(key)) for key, name in _SEGMENTATION]
    for row in metrics.get("alignment") or []:
        if row["layer"] == "mean":
            where = f"Attention >= {row['threshold']:g} and {_REFERENCES[row['reference']]}"
            rows += [(f"{where}: {name}", row.get(key)) for key, name in _SCORES]
    rows.append(("Gap: IoU with prediction - IoU with ground truth", metrics.get("gap")))
    rows += _of_vessels((metrics.get("vessel_readout") or {}).get("by_label") or [])
    verdict = metrics.get("verdict") or {}
    rows.append(("Verdict", verdict.get("text") or verdict.get("name")))
    rows += [("Reason", reason) for reason in verdict.get("reasons") or []]
    rows += [(f"Cut-off: {name}", value) for name, value in (verdict.get("cutoffs") or {}).items()]
    for badge in badge_texts(metrics.get("badges") or []):
        rows.append((f"Map: {badge.title}", f"{badge.state} ({badge.numbers})" if badge.numbers else badge.state))
    rows += [("Warning", warning["message"]) for warning in metrics.get("warnings") or []]
    rows.append(("For research use only", "not for diagnosis"))
    return "".join(f"{name}\t{_in_words(value)}\n" for name, value in rows)


def _of_vessels(found: Iterable[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for row in found:
        name = row["name"] or f"label {row['label']}"
        rows += [(f"{name}: {what}", row.get(key)) for key, what in _OF_A_VESSEL]
    return rows


def _in_words(value: Any) -> str:
    if value is None:
        return "n/a"
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    return " ".join(text.split())  # a tab or a line break would start another cell
