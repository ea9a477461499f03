"""The other cohort's scores: taken where they were made in the same way, and said to be missing where not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from UMambaXAILogic.engine.cohort.columns import ALIGNMENT, CASES, SLICES
from UMambaXAILogic.engine.shift.goal import goal_of_cohort, is_cohort_folder

FACTS = {"method": "seg-xres-cam", "pool": 1, "pool_mode": "max"}


def cohort_folder(folder: Path, **differences) -> Path:
    rows = []
    for number, (dice, iou) in enumerate([(0.5, 0.2), (0.6, None), (None, None)], 1):
        has_truth = dice is not None
        row = {
            **dict.fromkeys(CASES.names),
            "number": number,
            "case": f"t{number}",
            "status": "done",
            "attempts": 1,
            "phantom": True,
            "model_sha256": "abc",
            "target": "vessel",
            "target_kind": "prediction",
            "threshold": 0.3,
            "dice": dice,
            "xai_gt_iou": iou,
            "gt_voxels": 10 if has_truth else None,
        }
        if iou is not None:  # without a map there is no method either
            row |= {**FACTS, "preset": None, "attention_voxels": 5}
        rows.append({**row, **{name: value for name, value in differences.items() if row[name] is not None}})
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, CASES), folder / "cases.parquet")
    for name, schema in (("alignment", ALIGNMENT), ("slices", SLICES)):
        pq.write_table(pa.Table.from_pylist([], schema), folder / f"{name}.parquet")
    return folder


def plan_of(sha256="abc", threshold=0.3):
    return SimpleNamespace(
        model=SimpleNamespace(sha256=sha256),
        methods=[SimpleNamespace(facts=lambda: FACTS)],
        score=SimpleNamespace(target=SimpleNamespace(name="vessel")),
        request=SimpleNamespace(reporting_threshold=threshold, preset=None),
    )


def test_scores_of_a_cohorts_folder_are_those_of_its_cases_with_ground_truth(tmp_path):
    folder = cohort_folder(tmp_path)
    assert is_cohort_folder(folder)
    goal = goal_of_cohort(folder, plan_of(), explains=True)
    assert goal.scores == {"dice": [0.5, 0.6], "xai_gt_iou": [0.2, None]} and not goal.missing_because


def test_another_model_makes_no_gap(tmp_path):
    goal = goal_of_cohort(cohort_folder(tmp_path), plan_of(sha256="other"), explains=True)
    assert not goal.scores and "another model" in goal.missing_because["dice"]


def test_another_threshold_matters_to_attention_only(tmp_path):
    goal = goal_of_cohort(cohort_folder(tmp_path), plan_of(threshold=0.2), explains=True)
    assert set(goal.scores) == {"dice"} and "another threshold" in goal.missing_because["xai_gt_iou"]


@pytest.mark.parametrize("name", ["pool", "method"])
def test_another_way_to_explain_matters_to_attention_only(tmp_path, name):
    folder = cohort_folder(tmp_path, **{name: 2 if name == "pool" else "seg-grad-cam"})
    assert set(goal_of_cohort(folder, plan_of(), explains=True).scores) == {"dice"}


def test_attention_that_was_not_measured_here_is_not_compared(tmp_path):
    goal = goal_of_cohort(cohort_folder(tmp_path), plan_of(), explains=False)
    assert set(goal.scores) == {"dice"} and "No attention" in goal.missing_because["xai_gt_iou"]
