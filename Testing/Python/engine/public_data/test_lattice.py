"""Labels come onto an image by position alone, whatever their storage order and extent."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine import grids
from UMambaXAILogic.engine.public_data.lattice import labels_onto, nearest_lps
from UMambaXAILogic.engine.public_data.sample import LeaveOut
from UMambaXAILogic.engine.volume import Geometry, Volume

ORIENTATIONS = ["".join(letters) for pairs in permutations(("LR", "PA", "SI")) for letters in product(*pairs)]


@st.composite
def geometries(draw):
    """Oblique grids of a few voxels, stored LPS."""
    angle = draw(st.floats(-0.5, 0.5))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    size = draw(st.tuples(*[st.integers(2, 6)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.2, 3.0)] * 3))
    origin = draw(st.tuples(*[st.floats(-200, 200)] * 3))
    return Geometry(size, spacing, origin, tuple(float(value) for value in turn.ravel()))


def shifted(geometry, first, size):
    """The grid of ``size`` voxels of the same lattice that begins at voxel ``first`` (x, y, z)."""
    origin = geometry.affine_lps @ (*first, 1)
    return Geometry(size, geometry.spacing_mm, tuple(float(value) for value in origin[:3]), geometry.direction)


@settings(max_examples=60, deadline=None)
@given(
    geometries(),
    st.sampled_from(ORIENTATIONS),
    st.tuples(*[st.integers(-2, 3)] * 3),
    st.tuples(*[st.integers(1, 7)] * 3),
    st.integers(0, 2**32 - 1),
)
def test_every_label_stays_where_it_is_in_the_patient(geometry, orientation, first, size, seed):
    part = shifted(geometry, first, size)
    rng = np.random.default_rng(seed)
    inside = np.zeros(part.shape, dtype=bool)
    whole = np.zeros(geometry.shape, dtype=np.int16)
    values = np.zeros(part.shape, dtype=np.int16)
    for x, y, z in product(*(range(count) for count in size)):
        there = (x + first[0], y + first[1], z + first[2])
        if all(0 <= there[axis] < geometry.size[axis] for axis in range(3)):
            inside[z, y, x] = True
            values[z, y, x] = rng.integers(0, 5)
            whole[there[::-1]] = values[z, y, x]
    order = grids.order_towards("LPS", orientation)
    stored = Volume(np.ascontiguousarray(order.apply(values)), grids.reordered(part, order))
    result, covered = labels_onto(stored, geometry)
    np.testing.assert_array_equal(result, whole)
    assert covered.voxels == inside.sum()
    if not inside.all():
        outside = np.argwhere(~inside)[0]
        values[tuple(outside)] = 1
        stored = Volume(np.ascontiguousarray(order.apply(values)), grids.reordered(part, order))
        with pytest.raises(LeaveOut, match="lie outside"):
            labels_onto(stored, geometry)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize(("voxels", "accepted"), [(0.01, True), (0.05, False), (0.5, False)])
def test_positions_may_differ_by_rounding_only(axis, voxels, accepted):
    geometry = Geometry((5, 6, 7), (0.5, 0.6, 1.2), (3.0, 4.0, 5.0))
    origin = list(geometry.origin_mm)
    origin[axis] += voxels * geometry.spacing_mm[axis]
    labels = Volume(
        np.ones(geometry.shape, dtype=np.uint8), Geometry(geometry.size, geometry.spacing_mm, tuple(origin))
    )
    if accepted:
        assert labels_onto(labels, geometry)[0].all()
    else:
        with pytest.raises(LeaveOut, match="another grid"):
            labels_onto(labels, geometry)


def test_a_small_difference_in_spacing_that_adds_up_is_another_grid():
    geometry = Geometry((40, 40, 40), (0.5, 0.5, 0.5))
    labels = Volume(np.ones(geometry.shape, dtype=np.uint8), Geometry(geometry.size, (0.5, 0.5, 0.501)))
    with pytest.raises(LeaveOut, match="! spacing"):
        labels_onto(labels, geometry)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_volume_is_stored_lps_without_moving(orientation):
    geometry = Geometry((2, 3, 4), (0.5, 0.6, 1.2), (3.0, 4.0, 5.0))
    array = np.arange(24).reshape(4, 3, 2)
    order = grids.order_towards("LPS", orientation)
    stored = Volume(order.apply(array), grids.reordered(geometry, order))
    lps = nearest_lps(stored)
    np.testing.assert_array_equal(lps.array, array)
    assert grids.is_same_grid(lps.geometry, geometry) and lps.array.flags.c_contiguous
