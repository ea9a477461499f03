"""The skeleton against scikit-image's, and the parts without one against labelled components."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage
from skimage.morphology import skeletonize

from UMambaXAILogic.engine.alignment.skeleton import parts_without, thinned

masks = arrays(bool, array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=7))


@st.composite
def blobs(draw) -> np.ndarray:
    """Smooth noise above a level: tubes, sheets, cavities and solid parts."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(array_shapes(min_dims=3, max_dims=3, min_side=3, max_side=18))
    field = ndimage.gaussian_filter(random.normal(size=shape), draw(st.sampled_from([0.6, 1.0, 2.0])))
    return field > np.quantile(field, draw(st.floats(0.1, 0.95)))


@given(masks | blobs())
@settings(max_examples=150, deadline=None)
def test_skeleton_is_scikit_images(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(thinned(mask), np.argwhere(skeletonize(mask, method="lee")))


@pytest.mark.parametrize("box", [(slice(None), slice(2, 9), slice(1, None, 2)), (slice(None, None, -1),) * 3])
def test_skeleton_of_a_view(box: tuple[slice, ...]) -> None:
    mask = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(12, 12, 12)), 1)[box] > 0
    before = mask.copy()
    np.testing.assert_array_equal(thinned(mask), np.argwhere(skeletonize(mask, method="lee")))
    np.testing.assert_array_equal(mask, before)


@given(masks | blobs(), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_parts_without_a_point_are_the_other_components(mask: np.ndarray, seed: int) -> None:
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    points = np.argwhere(mask)
    points = points[np.random.default_rng(seed).random(len(points)) < 2 / (len(points) + 1)]
    expected = set(range(1, count + 1)) - set(labels[tuple(points.T)])
    found = parts_without(mask, points)
    assert len(found) == len(expected)
    for part in found:
        (number,) = set(labels[tuple(part.T)])
        np.testing.assert_array_equal(np.argwhere(labels == number), part[np.lexsort(part.T[::-1])])
        expected.remove(number)
    assert not expected
