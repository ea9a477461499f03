"""The files of a case, computed with nothing but numpy: bright voxels, and the brighter the more attention."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

#: Contrast-filled vessels of the sample cases, HU; bone is brighter.
_VESSEL_HU = (180.0, 500.0)

Mask = npt.NDArray[np.bool_]


def write_result(request: Mapping[str, Any]) -> dict[str, Path]:
    """Write what ``Request.output`` shall hold; returns the files by name.

    Args:
        request: the content of the worker's request file.
    """
    folder = Path(request["output"])
    folder.mkdir(parents=True, exist_ok=True)
    image = sitk.ReadImage(request["volume"])
    values = sitk.GetArrayFromImage(image)
    predicted = (values >= _VESSEL_HU[0]) & (values <= _VESSEL_HU[1])
    attention = np.where(predicted, values / _VESSEL_HU[1], 0).astype(np.float32)
    truth = None
    if request["ground_truth"] is not None:
        truth = sitk.GetArrayFromImage(sitk.ReadImage(request["ground_truth"])) > 0
    files = {
        "segmentation": _write(predicted.astype(np.uint8), image, folder / "segmentation.nrrd"),
        "attention": _write(attention, image, folder / "attention.nrrd"),
        "metrics": folder / "metrics.json",
        "slices": folder / "slices.csv",
    }
    metrics = _metrics(predicted, truth, attention >= request["reporting_threshold"], request)
    files["metrics"].write_text(json.dumps(metrics), encoding="utf-8")
    lines = ["slice,position_s_mm,pm_voxels,dice,xai_gt_f1,xai_pm_f1,category"]
    for index, mask in enumerate(predicted):
        dice = None if truth is None else overlap(mask, truth[index])["f1"]
        position = image.TransformIndexToPhysicalPoint((0, 0, index))[2]
        lines.append(f"{index},{position:.4f},{int(mask.sum())},{_cell(dice)},{_cell(dice)},,")
    files["slices"].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


def overlap(found: Mask, wanted: Mask) -> dict[str, float | None]:
    """IoU, F1, precision and recall of two masks of one shape; None where there is nothing to divide by."""
    both, either = int((found & wanted).sum()), int((found | wanted).sum())
    sizes = int(found.sum()), int(wanted.sum())
    return {
        "iou": both / either if either else None,
        "f1": 2 * both / sum(sizes) if sum(sizes) else None,
        "precision": both / sizes[0] if sizes[0] else None,
        "recall": both / sizes[1] if sizes[1] else None,
    }


def _metrics(predicted: Mask, truth: Mask | None, attended: Mask, request: Mapping[str, Any]) -> dict[str, Any]:
    threshold = request["reporting_threshold"]
    references = {"pm": predicted} if truth is None else {"gt": truth, "pm": predicted}
    alignment = [
        {"reference": name, "threshold": threshold, "layer": "mean", **overlap(attended, mask)}
        for name, mask in references.items()
    ]
    quality = {"f1": None, "iou": None} if truth is None else overlap(predicted, truth)
    return {
        "schema_version": 1,
        "model": {"labels": {"background": 0, "vessel": 1}},
        "target": {"label": 1, "name": "vessel", "kind": "prediction"},
        "attribution": {"method": request["method"], "layers": ["threshold"]},
        "segmentation": {
            "pm_voxels": int(predicted.sum()),
            "gt_voxels": None if truth is None else int(truth.sum()),
            "overlap_voxels": None if truth is None else int((predicted & truth).sum()),
            "dice": quality["f1"],
            "iou": quality["iou"],
        },
        "alignment": alignment,
        "gap": None,
        "verdict": {
            "name": "inconclusive",
            "text": "Inconclusive: a threshold attends to nothing",
            "reasons": [],
            "cutoffs": {"threshold": threshold},
        },
        "warnings": [],
    }


def _write(array: npt.NDArray, like: sitk.Image, path: Path) -> Path:
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(like)
    sitk.WriteImage(image, str(path))
    return path


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
