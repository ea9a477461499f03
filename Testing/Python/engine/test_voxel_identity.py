"""Voxels are known again by their values, whatever type or order they are stored in."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest

from UMambaXAILogic.engine.voxel_identity import voxels_sha256


def test_it_is_the_hash_of_the_values_as_little_endian_float32():
    array = np.arange(-12, 12, dtype=np.int16).reshape(2, 3, 4)
    expected = hashlib.sha256(struct.pack("<24f", *range(-12, 12))).hexdigest()
    assert voxels_sha256(array) == expected


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<i4", "<f4", "<f8"])
def test_the_type_in_which_values_are_stored_does_not_count(dtype):
    array = np.random.default_rng(0).integers(-1024, 3000, (3, 4, 5))
    assert voxels_sha256(array.astype(dtype)) == voxels_sha256(array)


def test_neither_memory_order_nor_the_sign_of_zero_counts():
    array = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    array[0, 0, 0] = 0
    other = np.asfortranarray(array)
    other[0, 0, 0] = -0.0
    assert voxels_sha256(other) == voxels_sha256(array)


def test_one_changed_voxel_and_another_order_count():
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    changed = array.copy()
    changed[2, 3, 4] += 1
    assert len({voxels_sha256(version) for version in (array, changed, array[::-1], array[..., ::-1])}) == 4
