"""What S becomes after a change equals S of a whole prediction of the changed input, at a fraction of its passes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target
from UMambaXAILogic.engine.intervention import Change, Intervention, WatchedScore
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.progress import Reporter

#: Weights of windows are float32, everything else is float64 here.
TOLERANCE = 1e-5

CASES = {
    "enc": {"model": {}, "case": {"shape": (11, 8, 13)}},
    "bot, two labels": {"model": {"kind": "bot", "heads": 2}, "case": {"shape": (8, 11, 8)}},
    "logit": {"model": {}, "case": {"shape": (8, 8, 12), "score": "logit"}},
    "foreground": {"model": {}, "case": {"shape": (8, 8, 12), "label": "foreground"}},
    "mirrors and folds": {
        "model": {"folds": 2, "mirror_axes": (0, 2)},
        "case": {"shape": (8, 8, 12), "mirror": True},
    },
    "two-dimensional": {"model": {"dimension": 2, "kind": "bot"}, "case": {"shape": (3, 8, 12)}},
    "regions": {"model": {"heads": 2, "regions": True}, "case": {"shape": (8, 11, 8), "label": "whole"}},
    "padded": {"model": {}, "case": {"shape": (5, 8, 11)}},
}


def wholly_predicted(case, change, stitch) -> float:
    data = case.data.clone()
    data[(slice(None), *change.box)] = change.values
    logits = stitch(case.model, data, case.plan, case.mirror)
    return float(case.score.density(logits)[case.mask].sum())


def random_change(case, generator, extent=5) -> Change:
    box = []
    for size in case.plan.padded_shape:
        length = int(torch.randint(1, min(size, extent) + 1, (), generator=generator))
        start = int(torch.randint(0, size - length + 1, (), generator=generator))
        box.append(slice(start, start + length))
    values = torch.randn(1, *(part.stop - part.start for part in box), generator=generator, dtype=torch.float64)
    return Change(tuple(box), 3 * values)


@pytest.mark.parametrize("name", CASES)
def test_a_change_scores_as_in_a_whole_prediction(make_tiny_model, make_explained, stitch_in_float64, name):
    model = make_tiny_model(**CASES[name]["model"])
    case = make_explained(model, **CASES[name]["case"])
    intervention = Intervention(case, Reporter())
    original = float(case.score.density(case.logits)[case.mask].sum())
    assert intervention.original == pytest.approx((original,), rel=TOLERANCE)
    generator = torch.Generator().manual_seed(1)
    moved = 0
    for _ in range(3):
        change = random_change(case, generator)
        expected = wholly_predicted(case, change, stitch_in_float64)
        assert intervention.score(change) == pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE * abs(original))
        moved += abs(expected - original) > 100 * TOLERANCE * abs(original)
    assert moved, "the changes should matter"


@pytest.mark.parametrize("share", [0.002, 0.3, 1.0])
def test_scattered_voxels_score_as_in_a_whole_prediction(make_tiny_model, make_explained, stitch_in_float64, share):
    case = make_explained(make_tiny_model(), (8, 8, 16))
    generator = torch.Generator().manual_seed(4)
    chosen = torch.rand(case.plan.padded_shape, generator=generator) < share
    change = Change(tuple(slice(0, size) for size in chosen.shape), torch.where(chosen, -1.5, case.data))
    expected = wholly_predicted(case, change, stitch_in_float64)
    intervention = Intervention(case, Reporter())
    (original,) = intervention.original
    assert intervention.score(change) == pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE * abs(original))


def test_only_windows_that_change_and_are_scored_are_evaluated(make_tiny_model, make_explained):
    model = make_tiny_model(folds=2, mirror_axes=(2,))
    case = make_explained(model, (8, 8, 32), mirror=True)
    case.mask[..., 10:] = False  # scored: windows that begin before 10
    calls = []
    model.network.register_forward_hook(lambda *_: calls.append(1))
    intervention = Intervention(case, Reporter())
    assert intervention.forward_passes == 0
    watched = [window for window in case.plan.windows if case.mask[window].any()]
    assert 0 < len(watched) < len(case.plan.windows)
    assert intervention.watched_windows == len(watched)
    assert intervention.original
    per_window = 2 * 2
    assert intervention.forward_passes == len(calls) == len(watched) * per_window

    far = Change((slice(0, 8), slice(0, 8), slice(24, 32)), torch.zeros(1, 8, 8, 8, dtype=torch.float64))
    near = Change((slice(0, 1), slice(0, 1), slice(0, 1)), torch.full((1, 1, 1, 1), 9.0, dtype=torch.float64))
    assert intervention.expected_passes([far.box, near.box]) == (len(watched) + 1) * per_window
    calls.clear()
    assert intervention.score(far) == intervention.original[0] and not calls
    assert intervention.score(near) != intervention.original[0]
    assert len(calls) == per_window
    assert (intervention.changes, intervention.evaluated_windows) == (2, 1)


def test_what_changes_nothing_costs_nothing(make_tiny_model, make_explained):
    case = make_explained(make_tiny_model(), (8, 8, 12))
    intervention = Intervention(case, Reporter())
    original, passes = intervention.original, intervention.forward_passes
    everything = tuple(slice(0, size) for size in case.plan.padded_shape)
    assert intervention.scores(Change(everything, case.data.clone())) == original
    assert intervention.forward_passes == passes


def test_several_scores_come_from_the_same_passes(make_tiny_model, make_explained, stitch_in_float64):
    case = make_explained(make_tiny_model(), (8, 8, 12))
    other = TargetScore(resolve_target(case.model.label_manager, 2), "logit")
    elsewhere = ~case.mask
    intervention = Intervention(case, Reporter(), [WatchedScore(case.mask, case.score), WatchedScore(elsewhere, other)])
    change = random_change(case, torch.Generator().manual_seed(5))
    data = case.data.clone()
    data[(slice(None), *change.box)] = change.values
    logits = stitch_in_float64(case.model, data, case.plan, False)
    expected = (case.score.density(logits)[case.mask].sum(), other.density(logits)[elsewhere].sum())
    assert intervention.scores(change) == pytest.approx(tuple(map(float, expected)), rel=TOLERANCE)
    alone = Intervention(case, Reporter())
    assert alone.score(change) == pytest.approx(float(expected[0]), rel=TOLERANCE)


def test_it_stops_before_the_next_pass(make_tiny_model, make_explained):
    case = make_explained(make_tiny_model(), (8, 8, 12))
    asked, calls = itertools.count(), []
    case.model.network.register_forward_hook(lambda *_: calls.append(1))
    intervention = Intervention(case, Reporter(lambda: next(asked) == 2))
    with pytest.raises(CancelledError):
        intervention.score(random_change(case, torch.Generator().manual_seed(0)))
    assert len(calls) == 2


def test_a_large_cache_lies_in_a_file_and_says_the_same(make_tiny_model, make_explained, monkeypatch):
    case = make_explained(make_tiny_model(), (8, 8, 12))
    change = random_change(case, torch.Generator().manual_seed(2))
    in_memory = Intervention(case, Reporter())
    expected = in_memory.score(change)
    case.memory = RunMemory(spare_bytes=0)
    mapped, memmap = [], np.memmap
    monkeypatch.setattr(np, "memmap", lambda *a, **k: mapped.append(k) or memmap(*a, **k))
    in_file = Intervention(case, Reporter())
    assert in_file.score(change) == expected and in_file.original == in_memory.original
    assert len(mapped) == 4, "parts and stitched logits, before and after the change"
