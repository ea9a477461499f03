"""Shares over cases from planted effects: intervals by the common rule, controls, a residual that closes the gap."""

from __future__ import annotations

import json

import numpy as np
import pytest

from UMambaXAILogic.engine.shift.analysis import Goal, analyse
from UMambaXAILogic.engine.shift.case_values import CaseValues, Value
from UMambaXAILogic.engine.shift.coalitions import coalition_name
from UMambaXAILogic.engine.shift.figure import waterfall_png
from UMambaXAILogic.engine.shift.scoring import Score
from UMambaXAILogic.engine.shift.strength import ORDER
from UMambaXAILogic.engine.statistics import compare_groups, mean_interval

EFFECTS = {"field_of_view": -0.02, "intensity_scale": -0.05, "blur": 0.01, "slice_spacing": 0.0, "noise": -0.2}
NO_GOAL = Goal({}, {"dice": "no scores", "xai_gt_iou": "no scores"})


def score_of(dice, iou=None) -> Score:
    return Score(dice, iou, 100, 100, 50, None if iou is None else 40, None if iou is None else 20)


def case_of(name, base=0.9, scale=1.0, acting=ORDER, iou=0.5, without_attention=(), annotated=None) -> CaseValues:
    """A case whose factors add up; its alignment falls half as much as its Dice."""
    acting = tuple(key for key in ORDER if key in acting)
    values = CaseValues(name, True, "f", acting, ())
    for coalition in range(1 << len(acting)):
        keys = [key for place, key in enumerate(acting) if coalition >> place & 1]
        change = scale * sum(EFFECTS[key] for key in keys)
        coalition_key = coalition_name(coalition, acting)
        score = score_of(base + change, None if coalition_key in without_attention else iou + change / 2)
        smaller = None if annotated is None else score_of(base + change + annotated, iou)
        values.coalitions[coalition_key] = Value(score, smaller, 1.0)
    for key in acting:
        values.controls[key] = Value(score_of(base - 0.001, iou), None, 0.0, needed_pass=False)
    return values


def cohort(count) -> list[CaseValues]:
    rng = np.random.default_rng(count)
    return [case_of(f"case{n}", rng.uniform(0.8, 0.95), rng.uniform(0.5, 1.5)) for n in range(count)]


def factor(found, key):
    return next(one for one in found["factors"] if one["key"] == key)


@pytest.mark.parametrize(("count", "method"), [(3, "none"), (8, "t"), (15, "bca")])
def test_intervals_over_cases_follow_the_common_rule(count, method):
    cases = cohort(count)
    found = analyse(cases, ORDER, NO_GOAL, False, seed=4)["dice"]
    planted = [case.coalitions["noise"].score.dice - case.coalitions["none"].score.dice for case in cases]
    expected = mean_interval(planted, 4).to_json()
    noise = factor(found, "noise")["shapley"]
    assert noise["method"] == method and noise["count"] == count
    for name in ("estimate", "low", "high"):
        assert noise[name] == (None if expected[name] is None else pytest.approx(expected[name], abs=1e-9))


def test_additive_effects_are_shared_alone_and_last_alike():
    found = analyse([case_of("a")], ORDER, NO_GOAL, False, 0)["dice"]
    assert found["change"]["estimate"] == pytest.approx(-0.26)
    for key, effect in EFFECTS.items():
        one = factor(found, key)
        for name in ("shapley", "alone", "last"):
            assert one[name]["estimate"] == pytest.approx(effect, abs=1e-12)
        assert one["share_percent"] == pytest.approx(100 * effect / -0.26, abs=1e-9)
        assert one["control"]["estimate"] == pytest.approx(-0.001)
        assert one["alone_less_control"]["estimate"] == pytest.approx(effect + 0.001)


def test_a_factor_that_does_not_act_on_a_case_has_no_share_and_no_artefact_there():
    found = analyse([case_of("a"), case_of("b", acting=("noise",))], ORDER, NO_GOAL, False, 0)["dice"]
    assert factor(found, "intensity_scale")["shapley"]["estimate"] == pytest.approx(-0.05 / 2)
    assert factor(found, "intensity_scale")["control"]["estimate"] == pytest.approx(-0.001 / 2)
    assert factor(found, "noise")["shapley"]["estimate"] == pytest.approx(-0.2)


def test_the_residual_is_the_gap_less_what_the_factors_explain():
    cases = cohort(7)
    target = [0.55, 0.6, 0.62, 0.5, 0.58]
    found = analyse(cases, ORDER, Goal({"dice": target}, {"xai_gt_iou": "none"}), False, 0)
    dice = found["dice"]
    before = [case.coalitions["none"].score.dice for case in cases]
    assert dice["cohort_gap"]["difference"] == compare_groups(before, target).to_json()["difference"]
    gap, residual = (dice[name]["difference"]["estimate"] for name in ("cohort_gap", "residual"))
    assert residual == pytest.approx(gap - dice["change"]["estimate"])
    assert dice["residual"]["p_value"] is not None
    assert found["xai_gt_iou"]["residual"] is None and found["xai_gt_iou"]["gap_missing_because"] == "none"


def test_a_case_without_attention_in_some_coalition_has_no_alignment_game_but_keeps_its_dice():
    cases = [case_of("a"), case_of("b", without_attention=("noise", "blur+noise"))]
    found = analyse(cases, ORDER, NO_GOAL, False, 0)
    assert found["dice"]["cases"] == 2 and found["xai_gt_iou"]["cases"] == 1
    assert found["xai_gt_iou"]["left_out"] == [
        {"case": "b", "reason": "There is no attention to measure in 2 of 32 coalitions."}
    ]


def test_percentages_of_almost_nothing_are_not_told():
    cases = [case_of("a", scale=0.001)]
    found = analyse(cases, ORDER, NO_GOAL, False, 0)["dice"]
    assert all(one["share_percent"] is None for one in found["factors"])


def test_a_control_that_matters_is_named():
    case = case_of("a")
    case.controls["field_of_view"] = Value(score_of(0.9 - 0.018, 0.5), None, 0.0)
    notes = analyse([case], ORDER, NO_GOAL, False, 0)["dice"]["notes"]
    assert len(notes) == 1 and "-0.020" in notes[0] and "-0.018" in notes[0] and "--score-in-view" in notes[0]


def test_label_extent_is_told_apart_or_shared_as_a_sixth_factor():
    cases = [case_of("a", annotated=-0.1)]
    apart = analyse(cases, ORDER, NO_GOAL, False, 0)["dice"]
    assert apart["label_extent_apart"]["before"]["estimate"] == pytest.approx(-0.1)
    assert apart["label_extent_apart"]["after"]["estimate"] == pytest.approx(-0.1)
    assert len(apart["factors"]) == 5
    sixth = analyse(cases, ORDER, NO_GOAL, True, 0)["dice"]
    assert factor(sixth, "label_extent")["shapley"]["estimate"] == pytest.approx(-0.1)
    assert factor(sixth, "label_extent")["control"]["estimate"] is None
    assert sixth["change"]["estimate"] == pytest.approx(-0.36)


def test_every_case_tells_its_values_so_that_the_shares_can_be_checked():
    found = analyse([case_of("a")], ORDER, NO_GOAL, False, 0)["dice"]
    case = found["per_case"][0]
    assert list(case["values"])[0] == "none" and list(case["values"])[-1] == "+".join(ORDER)
    assert case["values"]["blur+noise"] == pytest.approx(0.9 + 0.01 - 0.2)
    assert case["shapley"]["noise"] == pytest.approx(-0.2)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize("goal", [NO_GOAL, Goal({"dice": [0.5, 0.6], "xai_gt_iou": [0.2, None]}, {})])
def test_the_figure_can_be_drawn(count, goal):
    body = {"measures": analyse(cohort(count), ORDER, goal, False, 0), "phantom": True, "direction": "source_to_target"}
    png = waterfall_png(body)
    assert png[:4] == b"\x89PNG" and len(png) > 10_000
