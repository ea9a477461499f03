"""Voxels of some labels, against NumPy's search through all at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from UMambaXAILogic.engine.label_voxels import label_voxels


@given(
    arrays(st.sampled_from([np.uint8, np.uint16, np.int16]), array_shapes(min_dims=3, max_dims=3, max_side=5)),
    st.sets(st.integers(0, 300), max_size=4),
)
def test_as_numpy(labels: np.ndarray, values: set[int]) -> None:
    np.testing.assert_array_equal(label_voxels(labels, values), np.isin(labels, list(values)))


@pytest.mark.parametrize("values", [(2, 5), range(2, 6), {5}])
def test_any_collection(values) -> None:
    labels = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    assert set(labels[label_voxels(labels, values)].tolist()) == set(values)
