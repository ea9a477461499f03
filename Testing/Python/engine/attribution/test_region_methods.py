"""Occlusion, supervoxels and DEA: against a plain loop over whole predictions, limits, and planted evidence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from UMambaXAILogic.engine.attribution import MethodSettings, get_method
from UMambaXAILogic.engine.attribution.aggregation import AttentionMaps
from UMambaXAILogic.engine.attribution.dea import GRADIENT, INTERVENTION, fuse, of_greatest
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.methods.settings import FILLS, REGION_KINDS
from UMambaXAILogic.engine.progress import Reporter

REGION_METHODS = ("occlusion", "supervoxel", "dea")


def explained(name, case, reporter=None, **settings):
    given_settings = {"region_size_mm": 6.0, "max_regions": 1000, "reach_mm": 5.0, **settings}
    chosen = dataclasses.replace(METHOD_FACTS[name].defaults, **given_settings)
    return get_method(name).explain(case, [], chosen, reporter or Reporter())


def occluded_by_hand(case, stitch, cells: tuple[int, ...]) -> np.ndarray:
    """Every cell of a grid over the volume takes the volume's mean in turn; S of whole predictions."""
    valid, shape = case.plan.valid, case.plan.shape
    mean = float(case.data[(slice(None), *valid)].mean())
    original = float(case.score.density(case.logits)[case.mask].sum())
    edges = [np.ceil(np.arange(n + 1) * size / n).astype(int) for n, size in zip(cells, shape, strict=True)]
    found = np.zeros(shape)
    for index in np.ndindex(*cells):
        cell = tuple(slice(edge[i], edge[i + 1]) for edge, i in zip(edges, index, strict=True))
        data = case.data.clone()
        data[(slice(None), *valid)][(slice(None), *cell)] = mean
        changed = float(case.score.density(stitch(case.model, data, case.plan, case.mirror))[case.mask].sum())
        found[cell] = max(0.0, original - changed)
    return found


@pytest.mark.parametrize(
    ("model", "case", "cells"),
    [
        ({}, {"shape": (8, 8, 12)}, (2, 2, 3)),
        ({"folds": 2, "mirror_axes": (0,)}, {"shape": (5, 8, 12), "mirror": True}, (1, 2, 3)),
        ({"dimension": 2, "kind": "bot"}, {"shape": (3, 8, 12)}, (1, 2, 3)),
    ],
    ids=["three-dimensional", "padded, mirrors and folds", "two-dimensional"],
)
def test_occlusion_equals_a_loop_over_whole_predictions(
    make_tiny_model, make_explained, stitch_in_float64, model, case, cells
):
    case = make_explained(make_tiny_model(**model), **case)
    maps = explained("occlusion", case, fill="mean", region_size_mm=4.0, reach_mm=100.0)
    found, expected = maps.on_network_grid("input"), occluded_by_hand(case, stitch_in_float64, cells)
    assert len(np.unique(expected)) > 2
    assert np.abs(found - expected).max() < 1e-5 * max(expected.max(), abs(float(case.logits.abs().max())))
    assert maps.details["region_count"] == np.prod(cells)
    assert maps.backward_passes == 0


def test_captum_says_the_same_of_whole_predictions(make_tiny_model, make_explained, stitch_in_float64):
    attr = pytest.importorskip("captum.attr", reason="Captum is not installed")
    case = make_explained(make_tiny_model(), (8, 8, 12))
    found = explained("occlusion", case, fill="mean", region_size_mm=4.0, reach_mm=100.0).on_network_grid("input")

    def score(data):
        return case.score.density(stitch_in_float64(case.model, data[0], case.plan, False))[case.mask].sum()[None]

    theirs = attr.Occlusion(score).attribute(
        case.data[None], sliding_window_shapes=(1, 4, 4, 4), strides=(1, 4, 4, 4), baselines=float(case.data.mean())
    )
    expected = theirs[0, 0].clamp_min(0).numpy()
    assert np.abs(found - expected).max() < 1e-4 * expected.max()


@pytest.mark.parametrize("name", REGION_METHODS)
@pytest.mark.parametrize("fill", FILLS)
def test_the_planted_evidence_is_found_and_the_decoys_are_not(make_planted, evidence, name, fill):
    """The evidence lies beside the prediction; a region that holds none of it changes nothing at all."""
    maps = explained(name, make_planted(), fill=fill)
    found = maps.on_network_grid("input" if name != "dea" else INTERVENTION)
    assert (found[evidence] > 0).all()
    assert evidence[found == found.max()].any()
    near = ndimage.binary_dilation(evidence, iterations=8)
    assert near.sum() < 0.7 * near.size
    assert np.abs(found[~near]).max() < 1e-6 * found.max()


@pytest.mark.parametrize("regions", REGION_KINDS)
def test_dea_lies_on_the_planted_evidence(make_planted, evidence, regions):
    maps = explained("dea", make_planted(), regions=regions)
    found = AttentionMaps(maps, Reporter()).mean()
    assert np.array_equal(found, maps.combined())
    assert found.max() == 1 and evidence[np.unravel_index(found.argmax(), found.shape)]
    # Where both agree, the gradient sharpens what a region blurs over its whole extent.
    intervention = of_greatest(maps.on_network_grid(INTERVENTION))
    assert found[evidence].sum() / found.sum() > intervention[evidence].sum() / intervention.sum()


def test_dea_fuses_the_two_maps_it_hands_out(make_planted):
    maps = explained("dea", make_planted())
    assert maps.aliases == [GRADIENT, INTERVENTION]
    gradient, intervention = (of_greatest(maps.on_network_grid(name)) for name in maps.aliases)
    assert np.allclose(maps.combined(), of_greatest(fuse(gradient, intervention)))
    gradient_alone = get_method("grad-x-input").explain(make_planted(), [], MethodSettings(), Reporter())
    assert np.allclose(maps.on_network_grid(GRADIENT), gradient_alone.on_network_grid("input"))
    alone = explained("supervoxel", make_planted())
    assert np.allclose(maps.on_network_grid(INTERVENTION), alone.on_network_grid("input"))
    assert maps.forward_passes == gradient_alone.forward_passes + alone.forward_passes


UNIT_MAPS = hnp.arrays(np.float32, (4, 3), elements=st.floats(0, 1, width=32))


@given(UNIT_MAPS)
def test_limits_of_the_fusion(values):
    nothing = np.zeros_like(values)
    assert np.allclose(fuse(nothing, values), values, atol=2e-6)
    assert not fuse(values, nothing).any()
    visible = np.where(values < 1e-2, 0, values)
    assert np.allclose(fuse(visible, visible, weight=1.0), 2 * visible, rtol=1e-3)
    assert np.allclose(fuse(visible, visible, weight=0.25), 1.25 * visible, rtol=1e-3)


@given(UNIT_MAPS, UNIT_MAPS)
def test_fusion_is_the_written_formula_and_never_less_than_half_the_causal_evidence(gradient, intervention):
    fused = fuse(gradient, intervention)
    for g, i, d in zip(gradient.flat, intervention.flat, fused.flat, strict=True):
        a = min(g, i) / (max(g, i) + 1e-6)
        assert d == pytest.approx((1 + a) * (a * (g + i) / 2 + (1 - a) * i), abs=1e-5)
        assert d >= 0.5 * i - 1e-6


@pytest.mark.parametrize("name", REGION_METHODS)
def test_a_constant_network_has_no_evidence(constant, make_listener, name):
    listener = make_listener()
    maps = explained(name, constant, listener)
    assert AttentionMaps(maps, listener).mean() is None
    assert ("no_evidence" in listener.codes) == (name == "dea")


@pytest.mark.parametrize("name", REGION_METHODS)
def test_costs_are_told_beforehand_counted_and_bounded(make_planted, make_listener, name):
    listener = make_listener()
    case = make_planted()
    calls = []
    case.model.network.register_forward_hook(lambda *_: calls.append(1))
    maps = explained(name, case, listener, max_regions=12)
    assert len(calls) == maps.forward_passes
    details = maps.details
    assert details["region_count"] <= 12 and details["region_size_mm"] > 6.0
    assert "regions_enlarged" in listener.codes
    (announced,) = listener.announced
    expected = int(announced.split("up to ")[1].split()[0])
    gradient_passes = maps.backward_passes
    assert maps.forward_passes - gradient_passes <= expected
    assert details["evaluated_windows"] == maps.forward_passes - gradient_passes - maps.explained_windows
    assert details["saved_share"] == pytest.approx(
        1 - details["evaluated_windows"] / (details["region_count"] * len(case.plan.windows)), abs=1e-4
    )
    assert 0 < details["saved_share"] < 1


@pytest.mark.parametrize("name", REGION_METHODS)
def test_it_says_how_far_it_is_and_stops_when_asked(make_planted, make_listener, name):
    listener = make_listener()
    explained(name, make_planted(), listener)
    assert listener.fractions == sorted(listener.fractions) and 0.5 < listener.fractions[-1] <= 1
    with pytest.raises(CancelledError):
        explained(name, make_planted(), make_listener(cancel_after=25))


@pytest.mark.parametrize("name", REGION_METHODS)
def test_the_case_stays_as_it_was_and_single_precision_says_the_same(make_planted, in_single_precision, name):
    case = make_planted()
    data, logits, mask = case.data.clone(), case.logits.clone(), case.mask.clone()
    exact = AttentionMaps(explained(name, case), Reporter()).mean()
    assert torch.equal(case.data, data) and torch.equal(case.logits, logits) and torch.equal(case.mask, mask)
    single = AttentionMaps(explained(name, in_single_precision(case)), Reporter()).mean()
    assert np.abs(single - exact).max() < 1e-3
