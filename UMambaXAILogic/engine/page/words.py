"""Numbers and verdicts in plain words."""

from __future__ import annotations

from typing import Any

from ..alignment.verdict import DIFFUSE, FAITHFUL, INCONCLUSIVE, NOT_AVAILABLE, SEGMENTATION_ERROR, SPURIOUS

NOT_KNOWN = "n/a"

#: What a verdict means, for a reader who knows none of the metrics.
PLAIN = {
    FAITHFUL: "The network looks where the vessels are: its attention agrees with the ground truth and with its own "
    "prediction.",
    DIFFUSE: "Attention is spread out: it agrees neither with the ground truth nor with the prediction.",
    SPURIOUS: "Attention follows the prediction but avoids the part of it that is true. Something other than vessel "
    "anatomy seems to drive this prediction.",
    SEGMENTATION_ERROR: "Attention misses true vessels, but that is not shown to be more than the prediction misses "
    "itself: the segmentation error explains it.",
    INCONCLUSIVE: "The numbers lie between the cut-offs and support no diagnosis.",
}

#: How a verdict is coloured: good, bad, between, or none.
TONE = {
    FAITHFUL: "good",
    DIFFUSE: "bad",
    SPURIOUS: "bad",
    SEGMENTATION_ERROR: "fair",
    INCONCLUSIVE: "fair",
    NOT_AVAILABLE: "none",
}

CATEGORY_WORDS = {
    "perfect": "perfect (Dice > 0.85)",
    "good": "good (0.65 - 0.85)",
    "bad": "bad (0.4 - 0.65)",
    "worst": "worst (up to 0.4)",
    "true_negative": "no vessel, none predicted",
    "false_positive": "no vessel, some predicted",
}


def number(value: float | None, digits: int = 3) -> str:
    """A number, or ``n/a``: a value that cannot be computed is never shown as 0."""
    return NOT_KNOWN if value is None else f"{value:.{digits}f}"


def whole(value: int | None) -> str:
    """A count with thin spaces between thousands, or ``n/a``."""
    return NOT_KNOWN if value is None else f"{value:,}".replace(",", "\u2009")


def percent(value: float | None) -> str:
    """A share (0-1) in percent, or ``n/a``."""
    return NOT_KNOWN if value is None else f"{100 * value:.0f} %"


def mean_row(metrics: dict[str, Any], reference: str) -> dict[str, Any] | None:
    """The layer mean's alignment row at the reporting threshold."""
    threshold = metrics["verdict"]["cutoffs"]["threshold"]
    for row in metrics["alignment"]:
        if (row["layer"], row["reference"], row["threshold"]) == ("mean", reference, threshold):
            return row
    return None


def sentences(metrics: dict[str, Any]) -> list[str]:
    """What was found, one sentence a finding."""
    segmentation, target = metrics["segmentation"], metrics["target"]["name"]
    found = []
    if segmentation["dice"] is None:
        found.append(f"{whole(segmentation['pm_voxels'])} voxels were predicted as {target}.")
    else:
        found.append(
            f"Of the true {target} voxels, {percent(segmentation['recall'])} were found; of the predicted ones, "
            f"{percent(segmentation['precision'])} are true."
        )
    inside, true = mean_row(metrics, "pm"), mean_row(metrics, "gt")
    if inside is not None and inside["precision"] is not None:
        text = f"Of the attention, {percent(inside['precision'])} lies inside the prediction"
        if true is not None:
            text += f" and {percent(true['precision'])} on true {target} voxels"
        found.append(f"{text} (threshold {inside['threshold']:g}).")
    return found
