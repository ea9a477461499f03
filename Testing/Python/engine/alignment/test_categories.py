from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.alignment.audit import audit_percents
from UMambaXAILogic.engine.alignment.categories import (
    CATEGORIES,
    JOINT_DICE_CUTOFF,
    JOINT_F1_CUTOFF,
    category_summary,
    joint_categories,
    slice_category,
)
from UMambaXAILogic.engine.alignment.overlap import Overlap


@pytest.mark.parametrize(
    ("pm", "gt", "common", "category"),
    [
        (43, 57, 43, "perfect"),  # 0.86
        (20, 20, 17, "good"),  # exactly 0.85
        (20, 20, 14, "good"),  # 0.70
        (20, 20, 13, "bad"),  # exactly 0.65
        (20, 20, 10, "bad"),  # 0.50
        (20, 20, 8, "worst"),  # exactly 0.40
        (0, 20, 0, "worst"),  # missed
        (20, 20, 0, "worst"),
        (0, 0, 0, "true_negative"),
        (20, 0, 0, "false_positive"),
    ],
)
def test_categories_at_and_between_their_bounds(pm, gt, common, category):
    assert slice_category(pm, gt, Overlap(pm, gt, common).dice) == category


def test_false_positives_fold_into_worst_on_request():
    assert slice_category(5, 0, 0.0, fold_false_positive=True) == "worst"
    assert slice_category(0, 0, None, fold_false_positive=True) == "true_negative"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_every_slice_falls_into_exactly_one_category(sizes):
    overlaps = [Overlap(pm, gt, min(pm, gt, common)) for pm, gt, common in sizes]
    names = [slice_category(found.measured, found.reference, found.dice) for found in overlaps]
    summary = category_summary(names)
    assert summary["total"] == len(sizes) == sum(summary["counts"].values())
    if sizes:
        assert sum(summary["percent"].values()) == pytest.approx(100)
    else:
        assert set(summary["percent"].values()) == {None}


def test_joint_categories_by_hand():
    slices = [
        (9, 9, 0.9, 0.8),
        (9, 9, 0.6, 0.3),  # both exactly at the cut-off: good
        (9, 9, 0.7, 0.1),
        (9, 9, 0.5, 0.4),
        (9, 9, 0.1, 0.0),
        (9, 0, 0.0, 0.0),  # false positive, attended
        (9, 0, 0.0, None),  # false positive, not attended: no F1
        (0, 0, None, None),  # true negative: not counted
    ]
    joint = joint_categories(slices)
    groups = {(group["dice"], group["xai_gt"]): group for group in joint["groups"]}
    assert joint["total"] == 7
    assert {pair: group["count"] for pair, group in groups.items()} == {
        ("good", "good"): 2,
        ("good", "bad"): 1,
        ("bad", "good"): 1,
        ("bad", "bad"): 3,
    }
    assert groups["good", "good"]["mean_dice"] == pytest.approx(0.75)
    assert groups["bad", "bad"]["mean_dice"] == pytest.approx(0.1 / 3)
    assert groups["bad", "bad"]["mean_f1"] == pytest.approx(0.0)
    assert groups["good", "bad"]["percent"] == pytest.approx(100 / 7)
    assert joint_categories(slices, exclude_false_positive=True)["total"] == 5


def test_an_empty_group_has_no_mean():
    groups = joint_categories([(1, 1, 0.9, 0.9)])["groups"]
    assert [group["mean_dice"] for group in groups] == [0.9, None, None, None]


def test_default_cutoffs_are_consistent_with_the_published_group_means(reference_data):
    tables = json.loads((reference_data / "spec" / "paper_tables.json").read_text())
    for row in tables["table11_joint"]:
        dice, xai = row["category"].split(", ")
        if row["count"]:
            assert (row["mean_dice"] >= JOINT_DICE_CUTOFF) == (dice == "good dice")
            assert (row["mean_f1"] >= JOINT_F1_CUTOFF) == (xai == "good xai")
    for domain in ("S", "T"):
        shares = [values[domain] for values in tables["table8_slice_percent"].values()]
        assert audit_percents("table 8", shares, rounding=0.05) == []


def test_names_are_stable():
    assert CATEGORIES == ("perfect", "good", "bad", "worst", "true_negative", "false_positive")
