from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.embedding.box import PromptBox, bounding_box, spatial_weight


@settings(max_examples=50, deadline=None)
@given(data=st.data(), shape=st.tuples(*[st.integers(1, 7)] * 3), margin=st.tuples(*[st.integers(0, 3)] * 3))
def test_a_bounding_box_holds_every_voxel_and_its_margin_ends_at_the_grid(data, shape, margin):
    corners = [tuple(data.draw(st.integers(0, size - 1)) for size in shape) for _ in range(2)]
    mask = np.zeros(shape, bool)
    for corner in corners:
        mask[corner] = True
    tight, wide = bounding_box(mask), bounding_box(mask, margin)
    assert mask[tight.slices].sum() == mask.sum()
    for axis in range(3):
        low, high = min(corner[axis] for corner in corners), max(corner[axis] for corner in corners)
        assert (tight.start[axis], tight.stop[axis]) == (low, high + 1)
        assert wide.start[axis] == max(0, low - margin[axis])
        assert wide.stop[axis] == min(shape[axis], high + 1 + margin[axis])
    assert wide.mask(shape).sum() == np.prod(np.subtract(wide.stop, wide.start))


def test_the_weight_is_one_in_the_centre_and_falls_by_half_sides_of_the_box():
    box = PromptBox(
        (2, 10), (7, 30)
    )  # half sides 2.5 and 10 voxels, centre at the middle of voxel 4 and between 19 and 20
    weight = spatial_weight(box, (12, 60), floor=0.3)
    for row, column in ((4, 19), (4, 49), (9, 20), (11, 0)):
        distance = ((row - 4) / 2.5) ** 2 + ((column - 19.5) / 10) ** 2
        assert weight[row, column] == pytest.approx(0.3 + 0.7 * np.exp(-distance / 2), rel=1e-6)
    assert weight.dtype == np.float32 and weight.shape == (12, 60)
    assert weight[11, 59] == pytest.approx(0.3, abs=1e-3)
