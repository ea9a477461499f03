"""Deletion and insertion on a network whose evidence is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.benchmark.deletion import STEPS, Deletion
from UMambaXAILogic.engine.benchmark.faithfulness import LeakageMeter, faithfulness
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.progress import Reporter


@pytest.fixture
def judged(make_planted, evidence):
    """``judged(map)`` -> faithfulness and leakage on the planted case."""
    case = make_planted()
    deletion = Deletion(case, "shell", 0, Reporter())
    meter = LeakageMeter(case, deletion)

    def judge(values: np.ndarray):
        found = faithfulness(deletion, deletion.curves(values.astype(np.float32), Reporter()))
        return found, meter.leakage(values.astype(np.float32), found)

    judge.case, judge.deletion = case, deletion
    return judge


def test_scores_of_the_image_and_of_the_erased_one_are_those_of_whole_predictions(judged, stitch_in_float64):
    case, deletion = judged.case, judged.deletion
    density = case.score.density(case.logits.double())
    assert deletion.original == pytest.approx(float(density[case.mask].mean()), rel=1e-7)
    erased = case.data.clone()
    erased[:] = torch.from_numpy(deletion._removal._erased_image)
    logits = stitch_in_float64(case.model, erased, case.plan, False)
    assert deletion.erased == pytest.approx(float(case.score.density(logits)[case.mask].mean()), rel=1e-6)


def test_curves_are_whole_predictions_of_changed_images(judged, stitch_in_float64, evidence):
    case, deletion = judged.case, judged.deletion
    values = evidence + 0.01 * np.random.default_rng(0).random(evidence.shape)
    curves = deletion.curves(values.astype(np.float32), Reporter())
    order = np.argsort(-values.reshape(-1), kind="stable")
    for number, (step, count) in enumerate(zip(STEPS, curves.voxels, strict=True)):
        assert count == round(step * int(case.mask.sum()))
        first = np.zeros(values.size, bool)
        first[order[:count]] = True
        first = first.reshape(values.shape)
        image = case.data.clone()
        image[:] = torch.from_numpy(deletion._removal._fill.filled(first))
        logits = stitch_in_float64(case.model, image, case.plan, False)
        assert curves.deleted[number] == pytest.approx(float(case.score.density(logits)[case.mask].mean()), abs=1e-6)


def test_the_true_evidence_wins_and_a_useless_map_loses(judged, evidence):
    rng = np.random.default_rng(0)
    true, _ = judged(evidence.astype(float))
    prediction, _ = judged(judged.case.mask.numpy().astype(float))  # beside the evidence, by construction
    chance, _ = judged(rng.random(evidence.shape))
    wrong, _ = judged(1.0 - evidence)
    assert true.score > 0.7
    assert true.score > prediction.score + 0.5
    assert true.score > chance.score + 0.5
    assert wrong.score < -0.8
    at_one = STEPS.index(1.0)
    assert true.target_drop[at_one] == pytest.approx(2.0 - 0.05, abs=0.02)  # evidence of 2, tissue of 0 to 0.1
    assert wrong.target_drop[at_one] == pytest.approx(0, abs=1e-6)


def test_mass_far_from_the_target_is_leaked(judged, evidence):
    mask = judged.case.mask.numpy()
    _, inside = judged(mask.astype(float))
    assert inside.far_share == 0
    spread = np.zeros(mask.shape)
    spread[mask] = 1.0
    spread[14, 20, 35] = mask.sum()  # as much again, far off
    _, leaked = judged(spread)
    assert leaked.far_share == pytest.approx(0.5)


def test_the_off_target_score_is_that_of_the_background_around(judged, evidence):
    """The planted network's margin of the background is minus the vessel's."""
    case = judged.case
    watched = judged.deletion.watched
    assert watched.names == ("background",)
    shell = watched.scores[0].mask
    assert not (shell & case.mask).any()
    density = case.score.density(case.logits.double())
    assert judged.deletion.off_target_original == pytest.approx(-float(density[shell].mean()), rel=1e-6)


def test_a_network_that_sees_nothing_gives_no_areas(constant):
    case = dataclasses.replace(constant)
    case.mask[4:6, 4:6, 4:6] = True
    deletion = Deletion(case, "shell", 0, Reporter())
    found = faithfulness(deletion, deletion.curves(np.random.default_rng(0).random(case.mask.shape), Reporter()))
    assert found.score is None
    assert found.target_drop == pytest.approx((0, 0, 0, 0, 0), abs=1e-9)


def test_it_can_be_cancelled(make_planted, evidence):
    stop = []
    deletion = Deletion(make_planted(), "shell", 0, Reporter(lambda: bool(stop)))
    stop.append(1)
    with pytest.raises(CancelledError):
        deletion.curves(evidence.astype(np.float32), Reporter())


def test_windows_that_do_not_change_are_not_predicted_again(judged, evidence):
    judged(evidence.astype(float))
    cost = judged.deletion.cost
    assert 0 < cost["evaluated_windows"] < cost["windows_of_whole_predictions"]
    assert cost["saved_share"] == pytest.approx(
        1 - cost["evaluated_windows"] / cost["windows_of_whole_predictions"], abs=1e-4
    )
