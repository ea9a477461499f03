"""One case's metrics in a line or two, as the panel shows them below the button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .panel.words import Translate, untranslated


def summarise(metrics: Mapping[str, Any], _: Translate = untranslated) -> str:
    """What a run found, at the threshold that its verdict rests on.

    Args:
        metrics: the content of metrics.json.
    """
    segmentation = metrics["segmentation"]
    codes = {warning["code"] for warning in metrics.get("warnings") or []}
    if "empty_target" in codes:
        done = _segmented(segmentation["pm_voxels"], segmentation["dice"], _)
        return f"{done} " + _("Nothing was explained: see below why.")
    if not segmentation["pm_voxels"]:
        return _("Done: the model found no vessel in this volume.")
    lines = [_segmented(segmentation["pm_voxels"], segmentation["dice"], _)]
    threshold = metrics["verdict"]["cutoffs"]["threshold"]
    f1 = {
        row["reference"]: row["f1"]
        for row in metrics["alignment"]
        if row["layer"] == "mean" and row["threshold"] == threshold and row["f1"] is not None
    }
    texts = {
        "gt": _("F1 {value:.2f} on the ground truth"),
        "pm": _("F1 {value:.2f} on the prediction"),
    }
    found = [text.format(value=f1[reference]) for reference, text in texts.items() if reference in f1]
    if found:
        text = _("Attention at threshold {threshold:g}: {scores}.")
        lines.append(text.format(threshold=threshold, scores=", ".join(found)))
    lines.append(_verdict(metrics["verdict"], _))
    return "\n".join(lines)


def _verdict(verdict: Mapping[str, Any], _: Translate) -> str:
    if verdict.get("name") == "not_available" and verdict.get("reasons"):
        return _("No verdict: {reason}").format(reason=verdict["reasons"][0])
    return _("Verdict: {text}.").format(text=verdict["text"])


def _segmented(voxels: int, dice: float | None, _: Translate) -> str:
    if dice is None:
        return _("Done: {count} voxels segmented.").format(count=voxels)
    return _("Done: {count} voxels segmented, Dice {dice:.2f}.").format(count=voxels, dice=dice)
