"""Changed inputs and shuffled networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.benchmark.correlation import pearson
from UMambaXAILogic.engine.benchmark.randomised import CASCADE, cascade, part_of
from UMambaXAILogic.engine.benchmark.sanity import SANITY_CUTOFF, Sanity
from UMambaXAILogic.engine.benchmark.variants import NAMES, perturbed, random_input
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.progress import Reporter


def test_each_perturbation_changes_the_image_and_keeps_m(make_planted):
    case = make_planted()
    variants = {variant.name: variant for variant in perturbed(case, 0, Reporter())}
    assert tuple(variants) == NAMES
    data = case.data.numpy()
    for name, variant in variants.items():
        assert not torch.equal(variant.case.data, case.data), name
        mask = (
            np.ascontiguousarray(variant.case.mask.numpy()[..., ::-1]) if name == "flip" else variant.case.mask.numpy()
        )
        assert np.array_equal(mask, case.mask.numpy()), name
    low, high = np.percentile(data, (0.5, 99.5))
    brighter = variants["brightness"].case.data.numpy() - data
    assert np.allclose(brighter, 0.1 * (high - low))
    contrast = variants["contrast"].case.data.numpy()
    assert contrast.std() == pytest.approx(1.1 * data.std())
    assert contrast.mean() == pytest.approx(data.mean())
    noise = variants["noise"].case.data.numpy() - data
    assert noise.std() == pytest.approx(0.05 * (high - low), rel=0.02)
    assert np.array_equal(variants["flip"].case.data.numpy()[..., ::-1], data)


def test_the_logits_of_a_variant_are_those_of_its_own_image(make_planted, stitch_in_float64):
    for variant in perturbed(make_planted(), 0, Reporter()):
        case = variant.case
        own = stitch_in_float64(case.model, case.data, case.plan, False)
        scored = case.mask  # far from M, in corners, half precision is coarse, as in nnU-Net
        assert torch.allclose(case.logits[:, scored].double(), own[:, scored], atol=5e-3), variant.name


def test_a_map_of_the_flipped_image_is_turned_back(make_planted):
    *_, flip = perturbed(make_planted(), 0, Reporter())
    values = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
    assert np.array_equal(flip.back(values), values[..., ::-1])
    assert flip.back(None) is None


def test_the_random_input_has_the_same_histogram_and_no_structure(make_planted):
    case = make_planted()
    shuffled = random_input(case, 0, Reporter()).case.data.numpy()
    assert np.array_equal(np.sort(shuffled.reshape(-1)), np.sort(case.data.numpy().reshape(-1)))
    assert abs(pearson(shuffled, case.data.numpy())) < 0.05


@pytest.mark.parametrize("trainer", ["nnUNetTrainerUMambaEnc", "nnUNetTrainerUMambaBot", "nnUNetTrainer"])
def test_the_cascade_runs_from_the_output_to_the_input_and_ends_with_all(make_trained_folder, trainer):
    model = load_model(make_trained_folder(trainer, folds=2))
    before = {
        fold: {name: value.clone() for name, value in sets.items()} for fold, sets in model.parameter_sets.items()
    }
    changed: list[set[str]] = []
    for step, other in cascade(model, 0):
        assert step == CASCADE[len(changed)]
        names = set()
        for fold, sets in other.parameter_sets.items():
            for name, values in sets.items():
                assert torch.equal(values.reshape(-1).sort().values, before[fold][name].reshape(-1).sort().values)
                if not torch.equal(values, before[fold][name]):
                    names.add(name)
        assert not changed or changed[-1] <= names
        changed.append(names)
    assert len(changed) == len(CASCADE)
    assert all("seg_layers" in name for name in changed[0])
    shuffleable = {name for name, values in before[0].items() if values.unique().numel() > 1}
    assert changed[-1] >= shuffleable - {name for name in shuffleable if before[0][name].numel() < 4}
    for fold, sets in model.parameter_sets.items():
        assert all(torch.equal(values, before[fold][name]) for name, values in sets.items())


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("decoder.seg_layers.0.weight", "head"),
        ("decoder.stages.1.convs.0.conv.weight", "decoder"),
        ("encoder.stages.5.0.conv1.weight", "deep encoder"),
        ("encoder.mamba_layers.2.mamba.A_log", "all"),
        ("mamba_layer.mamba.D", "deep encoder"),
        ("encoder.stem.0.conv1.weight", "all"),
    ],
)
def test_which_step_shuffles_what(name, part):
    assert part_of(name, 6) == part


def test_the_gate_asks_what_is_left_after_all_parameters_were_shuffled():
    assert Sanity(True, {"head": 0.9, "all": SANITY_CUTOFF - 0.01}).passed is True
    assert Sanity(True, {"head": 0.1, "all": -SANITY_CUTOFF}).passed is False
    assert Sanity(True, {"all": None}).passed is True  # it became constant
    assert Sanity(False).passed is None
    assert Sanity(True).passed is None


def test_correlation_agrees_with_numpy_and_constants_have_none():
    rng = np.random.default_rng(0)
    one, other = rng.random((4, 5)), rng.random((4, 5))
    assert pearson(one, other) == pytest.approx(np.corrcoef(one.reshape(-1), other.reshape(-1))[0, 1])
    assert pearson(one, np.ones((4, 5))) is None
    assert pearson(None, one) is None
