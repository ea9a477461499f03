"""The lean resampling of images gives what nnU-Net's own gives, bit for bit."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape
from nnunetv2.preprocessing.resampling.resample_torch import resample_torch_fornnunet

from UMambaXAILogic.engine.inference import image_resampling
from UMambaXAILogic.engine.inference.image_resampling import lean_resampling

DEFAULT = partial(resample_data_or_seg_to_shape, is_seg=False, order=3, order_z=0, force_separate_z=None)
RESAMPLING = {
    "default": DEFAULT,
    "separate": partial(resample_data_or_seg_to_shape, order=3, force_separate_z=True),
    "together": partial(resample_data_or_seg_to_shape),
}

shapes = st.tuples(*[st.integers(1, 14)] * 3)
spacings = st.tuples(*[st.sampled_from([0.4, 0.5, 1.0, 1.25, 5.0])] * 3)


def image(shape: tuple[int, ...], seed: int, whole: bool) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0, 100, (1, *shape))
    return (np.round(values) if whole else values).astype(np.float32)


@pytest.mark.parametrize("name", RESAMPLING)
@settings(max_examples=40, deadline=None)
@given(old=shapes, new=shapes, current=spacings, planned=spacings, seed=st.integers(0, 2**31), whole=st.booleans())
def test_the_image_is_nnunets(name, old, new, current, planned, seed, whole):
    data, resampling = image(old, seed, whole), RESAMPLING[name]
    expected = resampling(data.copy(), np.array(new), current, planned)
    found = lean_resampling(resampling)(data, np.array(new), current, planned)
    assert found.dtype == expected.dtype and np.array_equal(found, expected)


def test_planes_one_by_one_give_the_same(monkeypatch):
    monkeypatch.setattr(image_resampling, "_SLAB_VOXELS", 1)
    data, shape, spacing = image((20, 31, 17), 0, False), (13, 40, 25), (1.0, 1.0, 1.0)
    found = lean_resampling(DEFAULT)(data, shape, spacing, spacing)
    assert np.array_equal(found, DEFAULT(data, shape, spacing, spacing))


def test_other_resampling_stays_as_it_is():
    for other in (partial(resample_torch_fornnunet), partial(resample_data_or_seg_to_shape, order=1)):
        assert lean_resampling(other) is other
