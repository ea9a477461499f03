"""SmoothGrad: the mean of signed maps over noisy inputs, each with the derivative of its own stitched score."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.attribution import MethodSettings, get_method
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.progress import Reporter

METHOD = get_method("smoothgrad")


def explained(case, reporter=None, layers=(), **settings):
    defaults = {"samples": 3, "noise": 0.2, "seed": 5}
    return METHOD.explain(case, layers, MethodSettings(**{**defaults, **settings}), reporter or Reporter())


def on_padded_grid(maps, alias) -> torch.Tensor:
    full = torch.zeros(maps.plan.padded_shape, dtype=torch.float64)
    full[maps.box] = maps.signed[alias].double()
    return full


def noisy_inputs(case, samples, noise, seed):
    """The draws that the method's text describes: white, inside the volume, a share of the intensity range."""
    generator = torch.Generator().manual_seed(seed)
    valid = (slice(None), *case.plan.valid)
    low, high = np.percentile(case.data[valid].numpy(), (0.5, 99.5))
    for _ in range(samples):
        data = case.data.clone()
        data[valid] += noise * (high - low) * torch.randn(data[valid].shape, generator=generator, dtype=data.dtype)
        yield data


def by_autograd(case, stitch, samples=3, noise=0.2, seed=5) -> torch.Tensor:
    total = torch.zeros(case.plan.padded_shape, dtype=torch.float64)
    for data in noisy_inputs(case, samples, noise, seed):
        data.requires_grad_(True)
        score = case.score.density(stitch(case.model, data, case.plan, case.mirror))[case.mask].sum()
        (gradient,) = torch.autograd.grad(score, [data])
        total += (gradient * data).sum(dim=0).detach() / samples
    return total


@pytest.mark.parametrize(
    ("model", "case", "linear"),
    [
        ({"heads": 2}, {"shape": (8, 8, 12)}, True),
        ({"heads": 3}, {"shape": (5, 8, 12)}, False),
        ({"heads": 3, "mirror_axes": (1,)}, {"shape": (8, 8, 12), "label": "foreground", "mirror": True}, False),
        ({"dimension": 2, "kind": "bot"}, {"shape": (3, 8, 12), "score": "logit"}, True),
    ],
    ids=["two labels", "three labels, padded", "foreground, mirrors", "two-dimensional"],
)
def test_it_equals_autograd_on_every_noisy_input(
    make_tiny_model, make_explained, stitch_in_float64, model, case, linear
):
    case = make_explained(make_tiny_model(**model), **case)
    assert case.score.is_linear(case.logits.shape[0]) == linear
    maps = explained(case)
    expected = by_autograd(case, stitch_in_float64)
    assert (on_padded_grid(maps, "input") - expected).abs().max() < 5e-5 * expected.abs().max()
    # Where dS/dZ depends on the logits, each noisy input is predicted once more.
    assert maps.forward_passes == maps.backward_passes * (1 if linear else 2)


@pytest.mark.parametrize("base", ["seg-xres-cam", "seg-grad-cam"])
def test_any_gradient_method_may_be_averaged(make_tiny_model, make_explained, base):
    model = make_tiny_model(heads=2)
    case = make_explained(model, (8, 8, 12))
    layers = [dataclasses.replace(_layer(layer)) for layer in model.layers()[:2]]
    settings = MethodSettings(pool=2)
    maps = explained(case, layers=layers, base_method=base, pool=2)
    assert maps.aliases == [layer.alias for layer in layers]
    for layer in layers:
        expected = torch.zeros(case.plan.padded_shape, dtype=torch.float64)
        for data in noisy_inputs(case, 3, 0.2, 5):
            one = get_method(base).explain(dataclasses.replace(case, data=data), [layer], settings, Reporter())
            expected += on_padded_grid(one, layer.alias) / 3
        difference = (on_padded_grid(maps, layer.alias) - expected).abs().max()
        assert difference < 1e-5 * expected.abs().max()


def _layer(entry):
    from UMambaXAILogic.engine.model.layers import Layer

    return Layer(entry.alias, entry.module)


def test_without_noise_it_is_the_averaged_method(make_tiny_model, make_explained):
    case = make_explained(make_tiny_model(), (8, 8, 12))
    smooth = explained(case, noise=0.0, samples=2)
    plain = get_method("grad-x-input").explain(case, [], MethodSettings(), Reporter())
    scale = plain.signed["input"].abs().max()
    assert (smooth.signed["input"] - plain.signed["input"]).abs().max() < 1e-5 * scale


def test_equal_seeds_give_equal_maps_and_the_case_stays_as_it_was(make_tiny_model, make_explained):
    case = make_explained(make_tiny_model(), (8, 8, 12))
    before, logits, mask = case.data.clone(), case.logits.clone(), case.mask.clone()
    first, second, other = explained(case), explained(case), explained(case, seed=6)
    assert torch.equal(first.signed["input"], second.signed["input"])
    assert not torch.allclose(first.signed["input"], other.signed["input"])
    assert torch.equal(case.data, before) and torch.equal(case.logits, logits) and torch.equal(case.mask, mask)


def test_it_says_how_far_it_is_and_stops_when_asked(make_tiny_model, make_explained, make_listener):
    case = make_explained(make_tiny_model(), (8, 8, 12))
    listener = make_listener()
    explained(case, listener)
    assert listener.fractions == sorted(listener.fractions) and listener.fractions[-1] == pytest.approx(1)
    assert listener.announced == ["3 noisy inputs: Gradient x input 3 times, on 2 windows."]
    with pytest.raises(CancelledError):
        explained(case, make_listener(cancel_after=4))


def test_the_planted_evidence_stays_in_noise(make_planted, evidence):
    found = explained(make_planted(), samples=4, noise=0.05).on_network_grid("input")
    assert found[evidence].mean() > 100 * found[~evidence].mean()


def test_captum_says_the_same_of_one_window(make_tiny_model, make_explained, in_single_precision):
    """With float32 the draws of Captum's noise tunnel are the same from the same seed."""
    attr = pytest.importorskip("captum.attr", reason="Captum is not installed")
    case = in_single_precision(make_explained(make_tiny_model(heads=2), (8, 8, 8)))
    low, high = np.percentile(case.data.numpy(), (0.5, 99.5))

    def score(patch):
        return case.score.density(case.model.network(patch)[0])[case.mask].sum()[None]

    torch.manual_seed(5)
    theirs = (
        attr.NoiseTunnel(attr.InputXGradient(score))
        .attribute(
            case.data[None].clone().requires_grad_(True),
            nt_samples=3,
            nt_samples_batch_size=1,
            stdevs=float(0.2 * (high - low)),
        )[0, 0]
        .detach()
    )
    ours = explained(case).signed["input"]
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()
