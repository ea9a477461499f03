"""Similarities are stitched exactly: against an implementation that keeps every window's features, voxel by voxel."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.embedding.box import PromptBox, bounding_box
from UMambaXAILogic.engine.embedding.class_direction import class_direction
from UMambaXAILogic.engine.embedding.stages import Stage
from UMambaXAILogic.engine.embedding.stitching import stitch_similarity, sum_over_cells
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.inference.explanation import repeat_to
from UMambaXAILogic.engine.model.layers import all_layers
from UMambaXAILogic.engine.progress import Reporter

STAGE_1 = Stage({"prototype": 1.0})
STAGE_2 = Stage({"prototype": 0.7, "prompt": 0.3}, one_vector=True)
STAGE_3 = Stage({"prototype": 0.5, "prompt": 0.2, "global": 0.15, "outside": -0.15}, spatial_floor=0.3)


def no_prompt(_layer):
    return None


def scaled(weights):
    """Weights whose sizes add up to 1."""
    total = sum(abs(weight) for weight in weights.values())
    return {name: weight / total for name, weight in weights.items()}


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for alias, values in expected.items():
        assert np.ptp(values) > 0.05, f"{alias}: the case says nothing"
        assert np.abs(found[alias].numpy() - values).max() < 2e-5, alias


@pytest.mark.parametrize("trainer", ["nnUNetTrainerUMambaEnc", "nnUNetTrainerUMambaBot", "nnUNetTrainer"])
def test_one_window_over_the_volume_gives_the_plain_cosine(make_case, similarity_the_long_way, trainer):
    case = make_case((16, 16, 16), trainer=trainer)
    assert len(case.plan.windows) == 1
    box = bounding_box(case.mask.numpy())
    layers = [layer for layer in all_layers(case.model.network) if not layer.channel_token]
    found = stitch_similarity(case, layers, box, STAGE_1, no_prompt, Reporter())
    expected = similarity_the_long_way(case, layers, box.mask(case.plan.shape), {"prototype": 1.0})
    assert_equal(found.similarity, expected)
    assert all(
        float(values.min()) >= -1 - 1e-5 and float(values.max()) <= 1 + 1e-5 for values in found.similarity.values()
    )
    assert found.forward_passes == 2


def test_split_volume_with_padding_mirrors_and_folds(make_case, similarity_the_long_way):
    case = make_case((20, 14, 27), mirror=True, mirror_axes=(2,), folds=2, trainer="nnUNetTrainerUMambaBot")
    assert case.plan.shape != case.plan.padded_shape and len(case.plan.windows) > 3
    box = PromptBox((2, 1, 3), (18, 12, 20))
    layers = all_layers(case.model.network)
    found = stitch_similarity(case, layers, box, STAGE_3, no_prompt, Reporter())
    weights = scaled({name: weight for name, weight in STAGE_3.weights.items() if name != "prompt"})
    assert_equal(found.similarity, similarity_the_long_way(case, layers, box.mask(case.plan.shape), weights))
    assert found.forward_passes == 2 * len(case.plan.windows) * 2 * 2


def test_two_dimensional_network_with_class_directions(make_case, similarity_the_long_way):
    case = make_case((3, 16, 25), dimension=2, trainer="nnUNetTrainerUMambaBot")
    box = bounding_box(case.mask.numpy(), (1, 2, 2))
    layers = all_layers(case.model.network)
    last = [layer for layer in layers if layer.is_last_decoder]
    prompts = {layer.alias: class_direction(layer, (1,), sigmoid=False).double().numpy() for layer in last}

    def prompt_of(layer):
        return class_direction(layer, (1,), sigmoid=False)

    three = stitch_similarity(case, last, box, STAGE_3, prompt_of, Reporter())
    assert_equal(
        three.similarity, similarity_the_long_way(case, last, box.mask(case.plan.shape), STAGE_3.weights, prompts)
    )
    two = stitch_similarity(case, layers, box, STAGE_2, prompt_of, Reporter())
    expected = similarity_the_long_way(case, last, box.mask(case.plan.shape), STAGE_2.weights, prompts, mixed=True)
    rest = [layer for layer in layers if layer not in last]
    expected |= similarity_the_long_way(case, rest, box.mask(case.plan.shape), {"prototype": 1.0})
    assert_equal(two.similarity, expected)
    assert two.directions[last[0].alias].missing == ()
    assert two.directions["encoder.0"].missing == ("prompt",) and two.directions["encoder.0"].weights == {
        "prototype": 1.0
    }


def test_a_prototype_alone_needs_only_the_windows_that_hold_it(make_case):
    case = make_case((16, 16, 48), trainer="nnUNetTrainerUMambaBot")
    case.mask[..., 8:] = False
    assert case.mask.any()
    layers = all_layers(case.model.network)[-1:]
    box = bounding_box(case.mask.numpy())
    found = stitch_similarity(case, layers, box, STAGE_1, no_prompt, Reporter())
    touched = len(case.plan.touching(case.mask))
    assert touched < len(case.plan.windows) and found.forward_passes == touched + len(case.plan.windows)


def test_a_box_over_everything_leaves_nothing_outside(make_case):
    case = make_case((16, 16, 20), trainer="nnUNetTrainerUMambaBot")
    layers = all_layers(case.model.network)[-1:]
    everything = PromptBox((0, 0, 0), case.plan.shape)
    found = stitch_similarity(case, layers, everything, STAGE_3, no_prompt, Reporter())
    assert found.directions[layers[0].alias].missing == ("prompt", "outside")


def test_cancelling_ends_between_windows_and_leaves_no_hook(make_case):
    case = make_case((16, 16, 20), trainer="nnUNetTrainerUMambaBot")
    layers = all_layers(case.model.network)
    asked = []

    def is_cancelled():
        asked.append(1)
        return len(asked) > 2

    box = bounding_box(case.mask.numpy())
    with pytest.raises(CancelledError):
        stitch_similarity(case, layers, box, STAGE_3, no_prompt, Reporter(is_cancelled))
    assert len(asked) == 3 and not any(layer.module._forward_hooks for layer in layers)


@pytest.mark.parametrize(("shape", "cells"), [((6, 8), (3, 8)), ((7, 5), (3, 2)), ((4, 6, 5), (4, 2, 1))])
def test_summing_over_cells_is_the_transpose_of_repeating(shape, cells):
    torch.manual_seed(0)
    on_patch, on_cells = torch.randn(2, *shape).double(), torch.randn(cells).double()
    for values in on_patch:
        direct = (values * repeat_to(on_cells, shape)).sum()
        assert torch.allclose((sum_over_cells(values[None], cells)[0] * on_cells).sum(), direct)
