from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import distance_transform_edt

from UMambaXAILogic.engine.alignment.shell import bounding_box, shell_around


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(bool, (6, 7, 8), elements=st.sampled_from([False] * 9 + [True])),
    st.sampled_from([(1.0, 1.0, 1.0), (1.1, 0.45, 0.45), (0.6, 3.0, 0.3)]),
    st.sampled_from([0.0, 1.0, 3.0]),
)
def test_shell_equals_the_distance_transform(mask, spacing_mm, width_mm):
    expected = np.zeros_like(mask)
    if mask.any():
        expected = (distance_transform_edt(~mask, sampling=spacing_mm) <= width_mm + 1e-9) & ~mask
    np.testing.assert_array_equal(shell_around(mask, spacing_mm, width_mm), expected)


def test_bounding_box():
    mask = np.zeros((4, 5, 6), bool)
    assert bounding_box(mask) is None
    mask[1, 2:4, 5] = True
    assert bounding_box(mask) == (slice(1, 2), slice(2, 4), slice(5, 6))


@pytest.mark.parametrize("width_mm", [3.0])
def test_a_solid_block_is_handled_by_its_surface(width_mm):
    mask = np.zeros((20, 20, 20), bool)
    mask[5:15, 5:15, 5:15] = True
    shell = shell_around(mask, (1.0, 1.0, 1.0), width_mm)
    assert not (shell & mask).any()
    assert shell[10, 10, 17] and not shell[10, 10, 18]
