"""Where a case's volume and truth are, as far as they still are: for pictures, nothing else depends on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...cohort.manifest import ManifestCase, read_manifest
from ...errors import InputError
from ...page.case_files import CaseFiles, read_case_files

NO_FOLDER = "The case's folder is not at hand, so there are no pictures."
NO_VOLUME = "The volume is not at hand, so the slices are drawn without it."
NO_TRUTH = "The ground truth is not at hand, so its outline is missing."


def manifest_cases(cohort_folder: Path) -> dict[str, ManifestCase]:
    """The rows of the manifest that a cohort was computed from, by case; none where it or a file of it is gone."""
    try:
        summary = json.loads((cohort_folder / "summary.json").read_text(encoding="utf-8"))
        return {case.case: case for case in read_manifest(cohort_folder / str(summary["manifest"])).cases}
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return {}


def read_shown_case(folder: Path, row: ManifestCase | None) -> tuple[CaseFiles | None, list[str]]:
    """A case's results with its volume and truth, and what is missing in sentences.

    Args:
        folder: of the case's results.
        row: of the manifest, None where it is not at hand.
    """
    try:
        results = read_case_files(folder)
    except InputError:
        return None, [NO_FOLDER]
    has_truth = results.metrics["segmentation"]["gt_voxels"] is not None
    remarks = []
    if row is not None:
        labels = truth_labels(results.metrics)
        # What was replaced since by a file on another grid is as good as gone.
        for volume, truth in ((row.volume, row.ground_truth), (row.volume, None), (None, row.ground_truth)):
            try:
                results = read_case_files(folder, volume, truth, labels, row.series_uid)
                break
            except InputError:
                continue
    if results.image is None:
        remarks.append(NO_VOLUME)
    if has_truth and results.gt is None:
        remarks.append(NO_TRUTH)
    return results, remarks


def truth_labels(metrics: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Which values of the ground truth count as target, as the case was asked for; None: every value > 0."""
    labels = ((metrics.get("request") or {}).get("settings") or {}).get("groundtruth_labels")
    return None if labels is None else tuple(labels)
