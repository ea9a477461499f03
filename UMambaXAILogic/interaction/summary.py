"""One case's metrics in a line or two, as the panel shows them below the button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def summarise(metrics: Mapping[str, Any]) -> str:
    """What a run found, at the threshold that its verdict rests on.

    Args:
        metrics: the content of metrics.json.
    """
    segmentation = metrics["segmentation"]
    if not segmentation["pm_voxels"]:
        return "Done: the model found no vessel in this volume."
    lines = [f"Done: {segmentation['pm_voxels']} voxels segmented{_with_dice(segmentation['dice'])}."]
    threshold = metrics["verdict"]["cutoffs"]["threshold"]
    f1 = {
        row["reference"]: row["f1"]
        for row in metrics["alignment"]
        if row["layer"] == "mean" and row["threshold"] == threshold and row["f1"] is not None
    }
    found = [f"F1 {f1[key]:.2f} on the {name}" for key, name in _REFERENCES if key in f1]
    if found:
        lines.append(f"Attention at threshold {threshold:g}: {', '.join(found)}.")
    lines.append(f"Verdict: {metrics['verdict']['text']}.")
    return "\n".join(lines)


_REFERENCES = (("gt", "ground truth"), ("pm", "prediction"))


def _with_dice(dice: float | None) -> str:
    return "" if dice is None else f", Dice {dice:.2f}"
