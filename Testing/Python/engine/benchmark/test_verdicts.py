"""Order and badges."""

from __future__ import annotations

import numpy as np

from UMambaXAILogic.engine.benchmark.candidate import BASELINE, METHOD, Candidate
from UMambaXAILogic.engine.benchmark.deletion import STEPS, Curves
from UMambaXAILogic.engine.benchmark.faithfulness import Faithfulness
from UMambaXAILogic.engine.benchmark.sanity import Sanity
from UMambaXAILogic.engine.benchmark.verdicts import Judged, badges, ranks


def judged(name, score, sanity=None, kind=METHOD, last_layer=None, constant=False):
    values = None if constant else np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    candidate = Candidate(name, name, kind, values, None, {}, last_layer)
    five = (0.0,) * len(STEPS)
    curves = Curves(STEPS, (1, 2, 3, 4, 5), five, five, five)
    found = None if constant else Faithfulness(curves, five, 0.0, score)
    return Judged(candidate, found, None, None, sanity)


def test_the_most_faithful_comes_first_and_who_fails_the_gate_last():
    fails, passes = Sanity(True, {"all": 0.9}), Sanity(True, {"all": 0.1})
    order = ranks(
        [judged("a", 0.5, passes), judged("b", 0.9, fails), judged("c", 0.7), judged("d", 0.0, constant=True)]
    )
    assert order == {"c": 1, "a": 2, "b": 3, "d": None}


def test_a_constant_map_is_not_applicable():
    (badge,) = badges(judged("flat", 0.0, constant=True), {})
    assert badge["name"] == "constant" and "not applicable" in badge["text"]


def test_badges_carry_their_numbers():
    one = judged("cam", 0.5, Sanity(True, {"head": 0.9, "all": 0.2}))
    found = {badge["name"]: badge for badge in badges(one, {"random": 0.1, "frangi": 0.6, "prediction": None})}
    assert found["parameter_randomisation"]["passed"] is True
    assert found["parameter_randomisation"]["value"] == 0.2
    assert found["better_than_random"] | {"text": ""} == {
        "name": "better_than_random", "passed": True, "value": 0.5, "limit": 0.1, "text": ""
    }  # fmt: skip
    assert found["better_than_vesselness"]["passed"] is False
    assert found["better_than_prediction"]["passed"] is None
    assert "not_dominated_by_last_layer" not in found


def test_a_mean_that_is_the_last_layers_map_is_dominated_by_it():
    values = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    same = {badge["name"]: badge for badge in badges(judged("cam", 0.5, last_layer=values), {})}
    assert same["not_dominated_by_last_layer"]["passed"] is False
    other = np.random.default_rng(1).random((3, 4, 5)).astype(np.float32)
    different = {badge["name"]: badge for badge in badges(judged("cam", 0.5, last_layer=other), {})}
    assert different["not_dominated_by_last_layer"]["passed"] is True


def test_baselines_are_not_compared_with_themselves():
    one = judged("frangi", 0.5, Sanity(True, {"all": 1.0}), kind=BASELINE)
    assert [badge["name"] for badge in badges(one, {"frangi": 0.5})] == ["parameter_randomisation"]
