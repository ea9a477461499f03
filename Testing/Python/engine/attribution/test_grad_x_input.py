"""Gradient x input is the input times the derivative of the stitched score: autograd over everything at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.attribution import MethodSettings, get_method
from UMambaXAILogic.engine.attribution.grad_x_input import INPUT
from UMambaXAILogic.engine.inference.windows import plan_windows
from UMambaXAILogic.engine.progress import Reporter

METHOD = get_method("grad-x-input")


def explained(case):
    return METHOD.explain(case, [], MethodSettings(), Reporter())


def signed_map(maps) -> torch.Tensor:
    full = torch.zeros(maps.plan.padded_shape, dtype=torch.float64)
    full[maps.box] = maps.signed[INPUT].double()
    return full


def by_autograd(case, stitch) -> torch.Tensor:
    data = case.data.clone().requires_grad_(True)
    total = case.score.density(stitch(case.model, data, case.plan, case.mirror))[case.mask].sum()
    (gradient,) = torch.autograd.grad(total, [data])
    return (gradient * data).sum(dim=0).detach()


def assert_equal(found, expected):
    assert expected.abs().max() > 0
    assert (found - expected).abs().max() < 2e-5 * expected.abs().max()


@pytest.mark.parametrize(
    ("model", "case"),
    [
        ({"kind": "enc"}, {"shape": (11, 8, 13)}),
        ({"kind": "bot"}, {"shape": (11, 8, 13), "score": "logit"}),
        ({"mirror_axes": (0, 2)}, {"shape": (8, 8, 12), "mirror": True}),
        ({"dimension": 2, "kind": "bot"}, {"shape": (3, 8, 12)}),
        ({"heads": 2, "regions": True}, {"shape": (8, 11, 8), "label": "whole"}),
        ({}, {"shape": (5, 8, 11)}),
    ],
    ids=["enc", "bot, logit", "mirrors", "two-dimensional", "regions", "padded"],
)
def test_it_equals_autograd_over_the_stitched_graph(make_tiny_model, make_explained, stitch_in_float64, model, case):
    case = make_explained(make_tiny_model(**model), **case)
    assert_equal(signed_map(explained(case)), by_autograd(case, stitch_in_float64))


def test_folds_are_averaged(make_tiny_model, make_explained, stitch_in_float64):
    """With the logit score S is linear in the logits, so that the folds' derivatives may be taken apart."""
    model = make_tiny_model(folds=2)
    case = make_explained(model, (8, 8, 12), score="logit")
    sets, expected = model.parameter_sets, torch.zeros(case.plan.padded_shape, dtype=torch.float64)
    for fold in range(2):
        model.parameter_sets = [sets[fold]]
        expected += by_autograd(case, stitch_in_float64) / 2
    model.parameter_sets = sets
    maps = explained(case)
    assert_equal(signed_map(maps), expected)
    assert maps.backward_passes == 2 * maps.explained_windows


def test_channels_are_added_up(stitch_in_float64, make_planted):
    case = make_planted()
    network = case.model.network
    case.model.network = torch.nn.Conv3d(2, 2, 3, padding=1).double().requires_grad_(False)
    case.data = torch.cat([case.data, 1 - case.data])
    case.logits = stitch_in_float64(case.model, case.data, case.plan, False)
    assert network.in_channels == 1
    assert_equal(signed_map(explained(case)), by_autograd(case, stitch_in_float64))


def test_the_planted_evidence_is_the_map(make_planted, evidence):
    case = make_planted()
    maps = explained(case)
    assert maps.aliases == [INPUT]
    assert np.array_equal(maps.on_network_grid(INPUT) > 0, evidence)


def test_relu_comes_once_after_stitching(make_tiny_model, make_explained):
    maps = explained(make_explained(make_tiny_model(), (8, 8, 16)))
    assert (maps.signed[INPUT] < 0).any()
    found = maps.on_network_grid(INPUT)
    expected = signed_map(maps).clamp_min(0)[maps.plan.valid]
    assert np.allclose(found, expected)


@pytest.mark.parametrize(("intensity", "told"), [(0.01, True), (2.0, False), (-2.0, False)])
def test_explained_voxels_of_intensity_zero_are_told(make_planted, make_listener, intensity, told):
    case = make_planted()
    case.data[:, case.mask] = intensity
    listener = make_listener()
    METHOD.explain(case, [], MethodSettings(), listener)
    assert ("input_near_zero" in listener.codes) == told


def test_a_constant_network_has_no_map(constant):
    assert not explained(constant).on_network_grid(INPUT).any()


def test_captum_says_the_same_of_one_window(make_tiny_model, make_explained):
    attr = pytest.importorskip("captum.attr", reason="Captum is not installed")
    case = make_explained(make_tiny_model(), (8, 8, 8))
    assert len(case.plan.windows) == len(plan_windows((8, 8, 8), (8, 8, 8), 0.5).windows) == 1

    def score(patch):
        return case.score.density(case.model.network(patch)[0])[case.mask].sum()[None]

    theirs = attr.InputXGradient(score).attribute(case.data[None].clone().requires_grad_(True))
    assert_equal(signed_map(explained(case)), theirs[0, 0].detach())
