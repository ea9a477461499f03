"""The streamed export gives nnU-Net's own labels, voxel for voxel, whatever the plans say."""

from __future__ import annotations

import copy
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape
from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape
from nnunetv2.preprocessing.resampling.no_resampling import no_resampling_hack
from nnunetv2.preprocessing.resampling.resample_torch import resample_torch_fornnunet
from nnunetv2.utilities.label_handling.label_handling import LabelManager

from UMambaXAILogic.engine.inference import label_export, logits_on_input
from UMambaXAILogic.engine.inference.label_export import export_labels

DEFAULT = partial(resample_data_or_seg_to_shape, is_seg=False, order=1, order_z=0, force_separate_z=None)
RESAMPLING = {
    "default": DEFAULT,
    "separate": partial(resample_data_or_seg_to_shape, order=1, order_z=0, force_separate_z=True),
    "together": partial(resample_data_or_seg_to_shape, order=1, separate_z_anisotropy_threshold=1.5),
    "threshold": partial(
        resample_data_or_seg_to_shape, order=1, force_separate_z=None, separate_z_anisotropy_threshold=1.5
    ),
    "cubic": partial(resample_data_or_seg_to_shape, is_seg=False, order=3, order_z=1, force_separate_z=None),
    "torch": partial(resample_torch_fornnunet, is_seg=False, force_separate_z=None),
    "torch together": partial(resample_torch_fornnunet, is_seg=False, force_separate_z=False),
    "torch nearest": partial(resample_torch_fornnunet, is_seg=False, force_separate_z=None, mode="nearest-exact"),
}
TRANSPOSES = [(0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)]
LABELS = {"background": 0, "artery": 1, "vein": 2}
REGIONS = {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "rim": 3}

axis = st.integers(1, 9)
spacings = st.sampled_from([0.3, 0.5, 0.9, 1.0, 1.25, 4.0, 5.0])
cases = st.fixed_dictionaries(
    {
        "network": st.tuples(axis, axis, axis),
        "image": st.tuples(axis, axis, axis),
        "margin": st.tuples(*[st.integers(0, 2)] * 3),
        "planned": st.tuples(spacings, spacings, spacings),
        "stored": st.tuples(spacings, spacings, spacings),
        "transpose": st.sampled_from(TRANSPOSES),
        "two_dimensional": st.booleans(),
        "regions": st.booleans(),
        "coarse": st.booleans(),
        "single": st.booleans(),
        "seed": st.integers(0, 2**31),
    }
)


def managers(case: dict, resampling: partial, labels: dict | None = None):
    forward = case["transpose"]
    plans = SimpleNamespace(transpose_forward=list(forward), transpose_backward=[forward.index(a) for a in range(3)])
    spacing = list(case["planned"][1:] if case["two_dimensional"] else case["planned"])
    configuration = SimpleNamespace(
        spacing=spacing,
        resampling_fn_probabilities=resampling,
        configuration={"resampling_fn_probabilities": resampling.func.__name__},
    )
    if labels is None:
        labels = REGIONS if case["regions"] else LABELS
    return plans, configuration, LabelManager(labels, [3, 1, 2] if labels is REGIONS else None)


def properties_of(case: dict) -> dict:
    image, margin = case["image"], case["margin"]
    return {
        "spacing": list(case["stored"]),
        "shape_before_cropping": tuple(n + 2 * m for n, m in zip(image, margin, strict=True)),
        "bbox_used_for_cropping": [[m, m + n] for n, m in zip(image, margin, strict=True)],
        "shape_after_cropping_and_before_resampling": image,
    }


def random_logits(case: dict, heads: int) -> torch.Tensor:
    """With many ties where ``coarse``: whole numbers."""
    generator = np.random.default_rng(case["seed"])
    values = generator.normal(0, 3, (heads, *case["network"]))
    values = np.round(values) if case["coarse"] else values
    return torch.from_numpy(values).to(torch.float32 if case["single"] else torch.float16)


def both_exports(case: dict, resampling: partial, labels: dict | None = None) -> tuple[np.ndarray, np.ndarray]:
    plans, configuration, label_manager = managers(case, resampling, labels)
    logits = random_logits(case, label_manager.num_segmentation_heads)
    expected = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits.clone(), plans, configuration, label_manager, copy.deepcopy(properties_of(case)), num_threads_torch=1
    )
    return export_labels(logits, plans, configuration, label_manager, properties_of(case)), expected


@pytest.mark.parametrize("name", RESAMPLING)
@settings(max_examples=50, deadline=None)
@given(case=cases)
def test_the_labels_are_nnunets(name, case):
    found, expected = both_exports(case, RESAMPLING[name])
    assert found.dtype == expected.dtype and np.array_equal(found, expected)


CASE = {
    "network": (13, 20, 17),
    "image": (21, 33, 26),
    "margin": (2, 0, 1),
    "planned": (1.0, 0.8, 0.8),
    "stored": (0.6, 0.5, 0.5),
    "transpose": (0, 1, 2),
    "two_dimensional": False,
    "regions": False,
    "coarse": False,
    "single": False,
    "seed": 4,
}


@pytest.mark.parametrize("changed", [{}, {"network": (21, 33, 26)}, {"regions": True}, {"planned": (5.0, 0.8, 0.8)}])
def test_slabs_of_few_planes_give_the_same(monkeypatch, changed):
    monkeypatch.setattr(logits_on_input, "_SLAB_VOXELS", 3 * 33 * 26)
    found, expected = both_exports({**CASE, **changed}, DEFAULT)
    assert np.array_equal(found, expected) and len(np.unique(found)) > 2


def test_many_labels_take_two_bytes():
    labels = {"background": 0, **{f"vessel {number}": number for number in range(1, 300)}}
    found, expected = both_exports({**CASE, "network": (2, 3, 4), "image": (4, 5, 6)}, DEFAULT, labels)
    assert found.dtype == expected.dtype == np.uint16 and np.array_equal(found, expected)


def test_what_may_mix_heads_is_left_to_nnunet(caplog):
    resampling = partial(resample_torch_fornnunet, is_seg=True)
    with caplog.at_level("INFO", label_export.__name__):
        found, expected = both_exports({**CASE, "coarse": True, "network": (5, 6, 7)}, resampling)
    assert "may treat heads together" in caplog.text and np.array_equal(found, expected)


def test_logits_that_plans_do_not_resample_are_left_to_nnunet():
    plans, configuration, labels = managers(CASE, partial(no_resampling_hack))
    logits = random_logits(CASE, labels.num_segmentation_heads)
    assert logits_on_input.logits_on_input(logits, plans, configuration, properties_of(CASE)) is None
    same = {**CASE, "network": CASE["image"]}
    found, expected = both_exports(same, partial(no_resampling_hack))
    assert np.array_equal(found, expected)


def test_without_numba_one_head_at_a_time_gives_the_same(monkeypatch):
    monkeypatch.setattr(logits_on_input, "backend_obstacle", lambda name: "absent")
    found, expected = both_exports(CASE, DEFAULT)
    assert np.array_equal(found, expected)


def test_logits_in_a_mapped_file_give_the_same(tmp_path):
    plans, configuration, labels = managers(CASE, DEFAULT)
    logits = random_logits(CASE, labels.num_segmentation_heads)
    path = tmp_path / "logits"
    logits.numpy().tofile(path)
    mapped = torch.from_file(str(path), shared=False, size=logits.numel(), dtype=torch.float16).view(logits.shape)
    found = export_labels(mapped, plans, configuration, labels, properties_of(CASE))
    assert np.array_equal(found, export_labels(logits, plans, configuration, labels, properties_of(CASE)))
