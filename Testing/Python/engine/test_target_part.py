"""The part of a mask at a point: on masks whose parts are known, on grids that lie anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.transform import Rotation

from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.request import TargetPart
from UMambaXAILogic.engine.target_part import target_part
from UMambaXAILogic.engine.volume import Geometry

SPACING = (0.5, 0.7, 2.0)


def oblique(shape: tuple[int, int, int], degrees: tuple[float, float, float] = (20, -35, 70)) -> Geometry:
    """A grid of this array shape that lies askew, mirrored."""
    axes = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() * (1, 1, -1)
    return Geometry(shape[::-1], SPACING, (12.0, -40.0, 7.5), tuple(axes.ravel()))


def point_at(geometry: Geometry, zyx: tuple[float, float, float]) -> tuple[float, ...]:
    """RAS of a voxel, computed from origin, direction and spacing."""
    lps = np.asarray(geometry.origin_mm) + np.reshape(geometry.direction, (3, 3)) @ (zyx[::-1] * np.asarray(SPACING))
    return (-lps[0], -lps[1], lps[2])


def part_at(mask: np.ndarray, zyx: tuple[float, float, float], unit: str = "component") -> np.ndarray:
    geometry = oblique(mask.shape)
    return target_part(mask, geometry, TargetPart(point_at(geometry, zyx), unit), "prediction of vessel")


@pytest.fixture
def two_rods() -> np.ndarray:
    """A rod along z that steps over a corner, and another one beside it."""
    mask = np.zeros((20, 12, 16), bool)
    mask[1:9, 2:5, 2:5] = True
    mask[9:18, 5:8, 5:8] = True  # touches the first at one corner
    mask[2:18, 8:11, 11:14] = True
    return mask


def test_a_component_is_what_touches_if_only_at_a_corner(two_rods):
    first = part_at(two_rods, (2, 3, 3))
    assert np.array_equal(first, two_rods & (np.arange(16) < 8))
    assert np.array_equal(part_at(two_rods, (17, 6, 6)), first)
    assert np.array_equal(part_at(two_rods, (10, 9, 12)), two_rods & ~first)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_components_agree_with_an_independent_labelling(seed: int):
    random = np.random.default_rng(seed)
    mask = random.random((random.integers(1, 5), 7, 8)) < 0.25
    if not mask.any():
        return
    labels, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    voxels = np.argwhere(mask)
    z, y, x = voxels[random.integers(len(voxels))]
    assert np.array_equal(part_at(mask, (z, y, x)), labels == labels[z, y, x])


def test_a_point_on_the_surface_means_the_voxel_below_it(two_rods):
    inside = part_at(two_rods, (3, 3, 3))
    assert np.array_equal(part_at(two_rods, (3, 3, 1.4)), inside)
    assert np.array_equal(part_at(two_rods, (3, 1.01, 3)), inside)
    with pytest.raises(InputError, match=r"nearest voxel is 0\.7 mm away"):
        part_at(two_rods, (3, 0.95, 3))


def test_background_says_how_far_the_nearest_part_is(two_rods):
    with pytest.raises(InputError) as caught:
        part_at(two_rods, (17, 9, 5))
    assert "not in the prediction of vessel" in caught.value.message
    assert "1.4 mm" in caught.value.message  # two voxels of 0.7 mm to the second half of the first rod
    geometry = oblique(two_rods.shape)
    where = point_at(geometry, (17, 7, 5))
    assert (
        caught.value.remedy
        == "It lies at " + ", ".join(f"{axis} {value:.1f}" for axis, value in zip("RAS", where, strict=True)) + " mm."
    )


def test_outside_the_volume_says_how_far(two_rods):
    with pytest.raises(InputError, match=r"6\.0 mm outside the volume"):
        part_at(two_rods, (22, 3, 3))  # the last slice is 19, and slices are 2 mm apart


def test_the_edge_of_the_volume_is_inside_it():
    mask = np.zeros((4, 4, 4), bool)
    mask[3, 3, 3] = True
    assert part_at(mask, (3.5, 3.9, 3.5)).sum() == 1


def test_segments_of_a_long_vessel_are_parts_of_at_least_five_mm():
    mask = np.zeros((16, 9, 9), bool)
    mask[1:15, 3:6, 3:6] = True  # 28 mm
    parts = [part_at(mask, (z, 4, 4), "segment") for z in range(1, 15)]
    assert all(part[z, 4, 4] for z, part in zip(range(1, 15), parts, strict=True))
    different = {part.tobytes(): part for part in parts}.values()
    assert len(different) >= 3
    assert np.array_equal(sum(part.astype(int) for part in different), mask.astype(int))  # each voxel in one
    assert all(2.0 * np.ptp(np.flatnonzero(part.any(axis=(1, 2)))) >= 3.0 for part in different)


def test_a_segment_never_reaches_into_another_component(two_rods):
    second = part_at(two_rods, (10, 9, 12))
    segment = part_at(two_rods, (10, 9, 12), "segment")
    assert segment.any() and not (segment & ~second).any() and segment.sum() < second.sum()


def test_what_is_too_short_has_no_segments():
    mask = np.zeros((8, 9, 9), bool)
    mask[4, 4, 2:7] = True  # 2.5 mm
    with pytest.raises(InputError, match="no centre line of 5 mm"):
        part_at(mask, (4, 4, 4), "segment")


def test_a_single_slice_has_components_and_segments():
    mask = np.zeros((1, 40, 9), bool)
    mask[0, 3:38, 3:6] = True  # 24.5 mm
    mask[0, 1, 7] = True
    assert part_at(mask, (0, 1, 7)).sum() == 1
    segment = part_at(mask, (0, 20, 4), "segment")
    assert segment[0, 20, 4] and 0 < segment.sum() < 105


@pytest.mark.parametrize("point", [(1, 2), (1, 2, float("nan")), "abc", (1, 2, None)])
def test_a_point_is_three_numbers(point):
    with pytest.raises(UsageError):
        TargetPart(point)


def test_a_part_is_one_of_the_known_ones():
    with pytest.raises(UsageError, match="component, segment"):
        TargetPart((0, 0, 0), "vessel")
