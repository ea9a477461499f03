"""What a user reads when a case is done: a screenful of metrics.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from UMambaXAILogic.engine.badges.words import badge_texts, sanity_word
from UMambaXAILogic.engine.page.words import mean_row, number

if TYPE_CHECKING:
    from UMambaXAILogic.engine.pipeline import CaseResult

_REFERENCE_TEXTS = {"gt": "XAI-GT", "pm": "XAI-PM"}


def summary(result: CaseResult) -> str:
    """Segmentation, alignment, verdict, warnings and files of one case, as text."""
    return "\n".join(_lines(result))


def _lines(result: CaseResult) -> Iterator[str]:
    metrics = result.metrics
    seconds, device = metrics["timing"]["total"], metrics["environment"]["device"]
    yield f"{metrics['case']}: done in {seconds:.0f} s on {device}"
    yield _line("Segmentation", _segmentation_text(metrics["segmentation"], metrics["target"]))
    if metrics["target"].get("part") is not None:
        yield _line("Explained", _part_text(metrics["target"]))
    for reference, title in _REFERENCE_TEXTS.items():
        row = mean_row(metrics, reference)
        if row is not None:
            yield _line(title, _alignment_text(row))
    control, box = _control_text(metrics), _box_text(metrics)
    if control:
        yield _line("Control", control)
    if box:
        yield _line("Box", box)
    if metrics["attribution"] is None:
        yield _line("Attention", "no map: see the warnings")
    for place, text in enumerate(_badge_texts(metrics)):
        yield _line("" if place else "Badges", text)
    yield _line("Verdict", metrics["verdict"]["text"])
    for reason in metrics["verdict"]["reasons"]:
        yield _line("", reason)
    if metrics["warnings"]:
        yield _line("Warnings", ", ".join(dict.fromkeys(warning["code"] for warning in metrics["warnings"])))
    for path in result.files.values():
        if path is not None:
            yield _line("File", str(path))


def _segmentation_text(segmentation: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    text = f"{segmentation['pm_voxels']} voxels of {target['name']}"
    if segmentation["gt_voxels"] is None:
        return f"{text}; no ground truth given"
    dice, iou = number(segmentation["dice"]), number(segmentation["iou"])
    centreline = number(segmentation["cl_dice"])
    return f"{text}, Dice {dice}, IoU {iou}, clDice {centreline} (ground truth: {segmentation['gt_voxels']} voxels)"


def _badge_texts(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Whether the map deserves belief; nothing where there is no map that could be judged."""
    if metrics.get("badges") is None:
        if sanity_word(metrics):
            yield "the map was not judged (--badges)"
        return
    for badge in badge_texts(metrics["badges"]):
        yield f"{badge.title}: {badge.state}" + (f" ({badge.numbers})" if badge.numbers else "")


def _part_text(target: Mapping[str, Any]) -> str:
    """Which part of the target was explained, and how large it is."""
    part = target["part"]
    where = ", ".join(f"{axis} {value:.1f}" for axis, value in zip("RAS", part["point_mm_ras"], strict=True))
    kind = "" if target["kind"] == "prediction" else f"{target['kind'].upper()} "
    size = "there is none" if part["voxels"] is None else f"{part['voxels']} voxels"
    return f"{kind}{part['unit']} at {where} mm only: {size}"


def _alignment_text(row: Mapping[str, Any]) -> str:
    names = {"IoU": "iou", "F1": "f1", "precision": "precision", "recall": "recall"}
    ratios = ", ".join(f"{name} {number(row[key])}" for name, key in names.items())
    return f"{ratios} (attention >= {row['threshold']:g})"


def _control_text(metrics: Mapping[str, Any]) -> str:
    """Alignment of the map without the weight by place; empty for methods without such a weight."""
    rows = _reported(metrics, "alignment_of_control")
    ious = ", ".join(f"{_REFERENCE_TEXTS[row['reference']]} IoU {number(row['iou'])}" for row in rows)
    return f"{ious}, without the box's weight by place" if ious else ""


def _box_text(metrics: Mapping[str, Any]) -> str:
    """Alignment with prompt boxes; empty where nothing was prompted."""
    ious = {row["layer"]: number(row["iou"]) for row in _reported(metrics, "alignment_with_box")}
    if not ious:
        return ""
    control = f" (control {ious['control']})" if "control" in ious else ""
    return f"IoU {ious['mean']}{control} of attention with the prompt boxes"


def _reported(metrics: Mapping[str, Any], rows: str) -> list[dict[str, Any]]:
    """Rows at the reporting threshold."""
    threshold = metrics["verdict"]["cutoffs"]["threshold"]
    return [row for row in metrics.get(rows) or [] if row["threshold"] == threshold]


def _line(title: str, text: str) -> str:
    return f"  {title:<13} {text}"
