from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.alignment.audit import (
    audit,
    audit_alignment,
    audit_averaged,
    audit_percents,
    f1_against_iou,
)
from UMambaXAILogic.engine.alignment.case import CaseMeasurement
from UMambaXAILogic.engine.alignment.overlap import Overlap

FOUR_DECIMALS = 0.00005


@pytest.fixture(scope="module")
def paper(reference_data):
    return json.loads((reference_data / "spec" / "paper_tables.json").read_text())


def published_rows(paper: dict, domain: str) -> list[dict]:
    return [
        {**row, "reference": reference, "threshold": row["tau"]}
        for reference in ("gt", "pm")
        for row in paper[f"table{9 if reference == 'gt' else 10}_xai_{reference}"]
        if row["domain"] == domain
    ]


def test_the_published_source_precision_at_threshold_0_3_is_found(paper):
    findings = audit_alignment(published_rows(paper, "S"), FOUR_DECIMALS)
    assert len(findings) == 2
    assert findings[0] == (
        "XAI-GT at 0.3: precision 0.6655 and recall 0.6097 contradict IoU 0.4671 "
        "(a precision of 0.66635 or a recall of 0.61041 would agree)"
    )
    assert "at threshold 0.3 contradicts" in findings[1] and "at 0.2" in findings[1] and "at 0.4" in findings[1]


def test_with_the_corrected_precision_the_source_rows_agree(paper):
    rows = published_rows(paper, "S")
    next(row for row in rows if row["precision"] == 0.6655)["precision"] = 0.6665
    assert audit_alignment(rows, FOUR_DECIMALS) == []


def test_case_averaged_target_rows_do_not_obey_pooled_identities(paper):
    assert audit_alignment(published_rows(paper, "T"), FOUR_DECIMALS)


@pytest.fixture
def metrics(grid):
    random = np.random.default_rng(1)
    shape = (6, 12, 12)
    case = CaseMeasurement(random.random(shape) < 0.3, random.random(shape) < 0.3, None, grid(shape))
    attention = random.random(shape, dtype=np.float32)
    case.add_mean(attention)
    case.add_layer("decoder.0", attention**2)
    return case.result().fields


def test_measured_cases_pass(metrics):
    assert audit(metrics) == []


@pytest.mark.parametrize(("field", "says"), [("f1", "F1"), ("precision", "precision"), ("iou", "IoU")])
def test_a_changed_number_is_found(metrics, field, says):
    metrics["alignment"][0][field] *= 1.01
    assert any(says in finding for finding in audit(metrics))


def test_categories_that_do_not_sum_are_found(metrics):
    metrics["slice_categories"]["counts"]["worst"] += 1
    assert audit(metrics) == ["slice categories sum to 7, not to 6"]
    assert audit_percents("shares", [50.0, 49.0]) == ["shares sum to 99 %, not to 100 %"]


CASE = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)).map(
    lambda sizes: Overlap(sizes[0] + sizes[2], sizes[1] + sizes[2], sizes[2])
)


def mean_of(cases: list[Overlap], name: str) -> float | None:
    known = [getattr(case, name) for case in cases if getattr(case, name) is not None]
    return sum(known) / len(known) if known else None


@given(st.lists(CASE, min_size=1, max_size=8))
def test_no_average_of_cases_breaks_the_bounds_and_every_pooled_row_meets_the_identities(cases):
    """Also with cases where nothing is attended or nothing is to be found, whose precision or recall is left out."""
    names = ("iou", "f1", "precision", "recall")
    averaged = {"reference": "gt", "threshold": 0.3, **{name: mean_of(cases, name) for name in names}}
    assert audit_averaged([averaged]) == []
    pooled = sum(cases, Overlap(0, 0, 0))
    row = {"reference": "gt", "threshold": 0.3, **{name: getattr(pooled, name) for name in names}}
    assert audit_alignment([row]) == []
    assert f1_against_iou(row["iou"], row["f1"]) == 0


def test_a_mean_f1_above_its_bound_is_impossible():
    row = {"name": "method a", "iou": 0.5, "f1": 0.7, "precision": 0.5, "recall": 0.5}
    assert audit_averaged([row]) == [
        "method a: F1 0.7 is more than any average of cases with a mean IoU of 0.5 can be",
        "method a: F1 0.7 is more than any average of cases with a mean precision of 0.5 and a mean recall of 0.5 "
        "can be",
    ]
    assert audit_averaged([{**row, "f1": 0.4}]) == []
    assert f1_against_iou(0.5, 0.4) == -1 and f1_against_iou(0.5, 0.7) == 1
    assert f1_against_iou(0.5, 0.66, rounding=0.005) == 0  # 2 / 3 within two decimals


def test_an_iou_of_zero_beside_precision_and_recall_is_found():
    row = {"name": "method a", "iou": 0.0, "f1": 0.0, "precision": 0.2, "recall": 0.3}
    assert audit_alignment([row]) == ["method a: precision 0.2 and recall 0.3 contradict IoU 0"]


def test_a_wrong_gap_and_a_wrong_row_of_another_method_are_found(metrics):
    metrics["methods"] = [{"method": "seg-grad-cam", "alignment": [dict(row) for row in metrics["alignment"][:6]]}]
    assert audit(metrics) == []
    metrics["gap"] += 0.01
    metrics["methods"][0]["alignment"][0]["f1"] *= 1.01
    findings = audit(metrics)
    assert len(findings) == 2
    assert findings[0].startswith("seg-grad-cam: XAI-GT at 0.2: F1") and findings[1].startswith("gap ")
