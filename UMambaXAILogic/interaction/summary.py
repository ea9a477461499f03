"""One case's metrics in a line or two, as the panel shows them below the button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def summarise(metrics: Mapping[str, Any]) -> str:
    """What a run found, at the threshold that its verdict rests on.

    Args:
        metrics: the content of metrics.json.
    """
    threshold = metrics["verdict"]["cutoffs"]["threshold"]
    segmentation = metrics.get("segmentation") or {}
    voxels = segmentation.get("pm_voxels")
    if not voxels:
        return "The model found no vessel in this volume."
    parts = [f"{voxels:,} voxels segmented".replace(",", "\u202f")]
    if segmentation.get("dice") is not None:
        parts.append(f"Dice {segmentation['dice']:.2f}")
    rows = [row for row in metrics.get("alignment") or [] if row["layer"] == "mean" and row["f1"] is not None]
    for reference, name in (("gt", "ground truth"), ("pm", "prediction")):
        for row in rows:
            if row["reference"] == reference and row["threshold"] == threshold:
                parts.append(f"attention on the {name}: F1 {row['f1']:.2f} (threshold {threshold:g})")
    return "Done: " + ", ".join(parts) + f".\nVerdict: {metrics['verdict']['text']}."
