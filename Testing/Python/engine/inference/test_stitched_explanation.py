"""The stitched map is the attribution of the stitched score: checked against autograd over the stitched graph."""

from __future__ import annotations

import itertools

import pytest
import torch

from UMambaXAILogic.engine.attribution.gradient_cam import block_pooled_map, mean_gradient_map
from UMambaXAILogic.engine.inference.explanation import Explained, explain_stitched
from UMambaXAILogic.engine.inference.prediction import predict_stitched_logits
from UMambaXAILogic.engine.inference.windows import importance_map
from UMambaXAILogic.engine.progress import Reporter


def branches_of(model, mirror):
    axes = model.allowed_mirroring_axes if mirror else ()
    return [c for n in range(len(axes) + 1) for c in itertools.combinations(axes, n)]


def stitched_by_autograd(case: Explained, form):
    """Independent: the whole stitched graph in float64, differentiated at once; maps of every window added up."""
    model, plan = case.model, case.plan
    importance = importance_map(plan.patch_size, torch.device("cpu")).double()
    layers = model.layers()
    flips = branches_of(model, case.mirror)
    heads = case.logits.shape[0]
    stitched = torch.zeros((heads, *plan.padded_shape), dtype=torch.float64)
    weight = torch.zeros(plan.padded_shape, dtype=torch.float64)
    seen = []
    for window in plan.windows:
        weight[window] += importance
    for fold in model.folds:
        model.use_fold(fold)
        for parameter in model.network.parameters():
            parameter.requires_grad_(True)
        for window, flip in itertools.product(plan.windows, flips):
            caught = {}
            handles = [
                layer.module.register_forward_hook(
                    lambda _m, _i, out, alias=layer.alias, caught=caught: caught.__setitem__(alias, out)
                )
                for layer in layers
            ]
            patch = torch.flip(case.data[(slice(None), *window)], [a + 1 for a in flip])[None]
            # A functional call on cloned weights: loading the next fold must not change this graph.
            weights = {name: p.clone() for name, p in model.network.named_parameters()}
            logits = torch.func.functional_call(model.network, weights, (patch,))[0]
            for handle in handles:
                handle.remove()
            logits = torch.flip(logits, [a + 1 for a in flip]) / (len(flips) * len(model.folds))
            placed = torch.zeros_like(stitched)
            placed[(slice(None), *window)] = logits * importance / weight[window]
            stitched = stitched + placed
            seen.append((window, flip, caught))
    total = case.score.density(stitched)[case.mask].sum()
    maps = {}
    for layer in layers:
        tensors = [caught[layer.alias] for _, _, caught in seen]
        gradients = torch.autograd.grad(total, tensors, retain_graph=True)
        volume = torch.zeros(plan.padded_shape, dtype=torch.float64)
        for (window, flip, _), activation, gradient in zip(seen, tensors, gradients, strict=True):
            signed = torch.flip(form(activation.detach()[0], gradient[0]), flip)
            for axis, size in enumerate(plan.patch_size):
                signed = signed.repeat_interleave(size // signed.shape[axis], dim=axis)
            volume[window] += signed
        maps[layer.alias] = volume
    for parameter in model.network.parameters():
        parameter.requires_grad_(False)
    return maps


def stitched(case, form):
    return explain_stitched(case, case.model.layers(), lambda _alias, a, g: form(a, g), Reporter())


def on_padded_grid(maps, alias):
    full = torch.zeros(maps.plan.padded_shape)
    full[maps.box] = maps.signed[alias]
    return full.double()


def assert_maps_equal(maps, expected, tolerance):
    for alias, reference in expected.items():
        scale = reference.abs().max()
        assert scale > 0, alias
        difference = (on_padded_grid(maps, alias) - reference).abs().max() / scale
        assert difference < tolerance, f"{alias}: {difference:.2e}"


FORMS = {
    "hirescam": lambda a, g: block_pooled_map(a, g, 1, "max"),
    "mean pool 2": lambda a, g: block_pooled_map(a, g, 2, "mean"),
    "max pool 2": lambda a, g: block_pooled_map(a, g, 2, "max"),
    "seg-grad-cam": mean_gradient_map,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("kind", ["enc", "bot"])
def test_split_case_equals_autograd_over_the_stitched_graph(make_tiny_model, make_explained, kind, form):
    case = make_explained(make_tiny_model(kind=kind), (11, 8, 13))
    assert_maps_equal(stitched(case, form), stitched_by_autograd(case, form), 2e-5)


@pytest.mark.parametrize("kind", ["enc", "bot"])
def test_logit_target_equals_autograd_to_rounding(make_tiny_model, make_explained, kind):
    case = make_explained(make_tiny_model(kind=kind), (11, 8, 13), score="logit")
    form = FORMS["hirescam"]
    assert_maps_equal(stitched(case, form), stitched_by_autograd(case, form), 2e-5)


def test_mirrors_and_folds_are_averaged(make_tiny_model, make_explained):
    model = make_tiny_model(folds=2, mirror_axes=(0, 2))
    case = make_explained(model, (8, 8, 12), score="logit", mirror=True)
    form = FORMS["mean pool 2"]
    assert_maps_equal(stitched(case, form), stitched_by_autograd(case, form), 2e-5)


def test_two_dimensional_configuration_reads_slice_by_slice(make_tiny_model, make_explained):
    case = make_explained(make_tiny_model(dimension=2, kind="bot"), (3, 8, 12), score="logit")
    form = FORMS["hirescam"]
    assert_maps_equal(stitched(case, form), stitched_by_autograd(case, form), 2e-5)


def test_region_model_explains_its_logit(make_tiny_model, make_explained):
    model = make_tiny_model(heads=2, regions=True)
    case = make_explained(model, (8, 11, 8), label="whole")
    assert torch.equal(case.mask[case.plan.valid], (case.logits[0] > 0)[case.plan.valid])
    form = FORMS["hirescam"]
    assert_maps_equal(stitched(case, form), stitched_by_autograd(case, form), 2e-5)


def test_one_window_over_the_volume_gives_the_plain_map(make_tiny_model, make_explained):
    """One window: importance cancels, and the map is ordinary gradient x activation of the network."""
    model = make_tiny_model()
    case = make_explained(model, (8, 8, 8), score="logit")
    assert len(case.plan.windows) == 1
    maps = stitched(case, FORMS["hirescam"])
    caught = {}
    layer = next(item for item in model.layers() if item.alias == "encoder.2")
    handle = layer.module.register_forward_hook(lambda _m, _i, out: caught.setdefault("a", out))
    logits = model.network(case.data[None].requires_grad_(True))
    handle.remove()
    total = logits[0, 1][case.mask].sum()
    (gradient,) = torch.autograd.grad(total, [caught["a"]])
    plain = (gradient * caught["a"]).sum(dim=1)[0].detach()
    for axis in range(3):
        plain = plain.repeat_interleave(4, dim=axis)
    assert torch.allclose(on_padded_grid(maps, "encoder.2"), plain, rtol=1e-5, atol=1e-6 * plain.abs().max())


@pytest.mark.parametrize("mirror", [False, True])
def test_the_prediction_stitches_alike_but_for_half_precision(make_tiny_model, make_explained, mirror):
    """nnU-Net accumulates in float16, coarsely so in corners, where the importance map is subnormal."""
    model = make_tiny_model(mirror_axes=(1,))
    case = make_explained(model, (11, 8, 13), mirror=mirror)
    found = predict_stitched_logits(model, case.data, case.plan, mirror=mirror, reporter=Reporter())
    assert (case.logits - found.double()).abs().median() < 1e-3 * case.logits.abs().max()


def test_last_decoder_layer_holds_the_logit_without_its_bias(make_tiny_model, make_explained):
    """At the input of the segmentation head, h = 1, logit target: map(v) = 1_M(v) (Z_t(v) - b_t)."""
    model = make_tiny_model()
    case = make_explained(model, (11, 8, 13), score="logit")
    maps = stitched(case, FORMS["hirescam"])
    bias = model.network.decoder.seg_layers[-1].bias[1]
    expected = case.mask * (case.logits[1].double() - bias)
    found = on_padded_grid(maps, "decoder.1")
    assert (found - expected).abs().max() < 1e-5 * case.logits.abs().max()


def test_windows_without_target_are_skipped(make_tiny_model, make_explained):
    model = make_tiny_model()
    case = make_explained(model, (8, 8, 40))
    case.mask[..., 8:] = False
    assert case.mask.any()
    maps = stitched(case, FORMS["hirescam"])
    touched = [window for window in case.plan.windows if window[2].start < 8]
    assert maps.explained_windows == len([w for w in touched if case.mask[w].any()]) < len(case.plan.windows)
    assert maps.backward_passes == maps.explained_windows
    assert maps.signed["decoder.1"].shape[2] <= 16
    assert_maps_equal(maps, stitched_by_autograd(case, FORMS["hirescam"]), 2e-5)


def test_layers_asked_for_alone_or_together_have_the_same_map(make_tiny_model, make_explained):
    case = make_explained(make_tiny_model(), (8, 8, 12))
    form = FORMS["hirescam"]
    together = stitched(case, form)
    for layer in case.model.layers():
        alone = explain_stitched(case, [layer], lambda _alias, a, g: form(a, g), Reporter())
        assert torch.allclose(alone.signed[layer.alias], together.signed[layer.alias], rtol=1e-4, atol=1e-6)
