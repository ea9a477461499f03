"""What a user reads when a case is done: a screenful of metrics.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from UMambaXAILogic.engine.pipeline import CaseResult

_REFERENCE_TEXTS = {"gt": "XAI-GT", "pm": "XAI-PM"}


def summary(result: CaseResult, reporting_threshold: float) -> str:
    """Segmentation, alignment, verdict, warnings and files of one case, as text."""
    return "\n".join(_lines(result, reporting_threshold))


def _lines(result: CaseResult, reporting_threshold: float) -> Iterator[str]:
    metrics = result.metrics
    timing, environment = metrics["timing"], metrics["environment"]
    yield f"{metrics['case']}: done in {timing['total']:.0f} s on {environment['device']}"
    yield _line("Segmentation", _segmentation_text(metrics["segmentation"], metrics["target"]))
    for entry in metrics["alignment"]:
        if entry["layer"] == "mean" and entry["threshold"] == reporting_threshold:
            yield _line(_REFERENCE_TEXTS[entry["reference"]], _alignment_text(entry))
    if metrics["attribution"] is None:
        yield _line("Attention", "nothing predicted, nothing to explain")
    if metrics["verdict"] is not None:
        reasons = metrics["verdict"]["reasons"]
        text = metrics["verdict"]["name"]
        yield _line("Verdict", f"{text}: {'; '.join(reasons)}" if reasons else text)
    if metrics["warnings"]:
        yield _line("Warnings", ", ".join(warning["code"] for warning in metrics["warnings"]))
    for path in result.files.values():
        if path is not None:
            yield _line("File", str(path))
    yield _line("Look at it", f"umamba-xai view {result.folder}")


def _segmentation_text(segmentation: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    text = f"{segmentation['pm_voxels']} voxels of {target['name']}"
    if segmentation["gt_voxels"] is None:
        return f"{text}; no ground truth given"
    dice, iou = ratio_text(segmentation["dice"]), ratio_text(segmentation["iou"])
    return f"{text}, Dice {dice}, IoU {iou} (ground truth: {segmentation['gt_voxels']} voxels)"


def _alignment_text(entry: Mapping[str, Any]) -> str:
    names = {"IoU": "iou", "F1": "f1", "precision": "precision", "recall": "recall"}
    ratios = ", ".join(f"{name} {ratio_text(entry[key])}" for name, key in names.items())
    return f"{ratios} (attention >= {entry['threshold']:g})"


def ratio_text(value: float | None) -> str:
    """Three decimals, or ``n/a`` where the ratio does not exist."""
    return "n/a" if value is None else f"{value:.3f}"


def _line(title: str, text: str) -> str:
    return f"  {title:<13} {text}"
