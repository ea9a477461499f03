"""The same voxels in another order stay where they are in the patient; other grids are told apart."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.grids import (
    check_geometry,
    is_same_grid,
    order_onto,
    order_towards,
    orientation_code,
    reordered,
    side_by_side,
)
from UMambaXAILogic.engine.volume import Geometry

ORIENTATIONS = ["".join(letters) for order in permutations(("LR", "PA", "SI")) for letters in product(*order)]  # all 48


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """Grids in any orientation, oblique by any angle."""
    numbers = draw(st.lists(st.floats(-1, 1), min_size=9, max_size=9))
    direction, _ = np.linalg.qr(np.reshape(numbers, (3, 3)) + np.diag(draw(st.permutations([2.0, 3.0, 5.0]))))
    direction = direction[:, draw(st.permutations([0, 1, 2]))] * draw(st.sampled_from([-1.0, 1.0]))
    return Geometry(
        draw(st.tuples(*[st.integers(1, 5)] * 3)),
        draw(st.tuples(*[st.floats(0.2, 5)] * 3)),
        draw(st.tuples(*[st.floats(-200, 200)] * 3)),
        tuple(float(value) for value in direction.ravel()),
    )


def sitk_image(geometry: Geometry) -> sitk.Image:
    count = int(np.prod(geometry.size))
    image = sitk.GetImageFromArray(np.arange(count, dtype=np.int32).reshape(geometry.shape))
    image.SetSpacing(geometry.spacing_mm)
    image.SetOrigin(geometry.origin_mm)
    image.SetDirection(geometry.direction)
    return image


@given(geometries())
def test_orientation_is_named_as_itk_names_it(geometry):
    assert orientation_code(geometry) == sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(
        geometry.direction
    )


def test_orientation_at_45_degrees_is_named_as_itk_names_it():
    half = float(np.sqrt(0.5))
    direction = (half, half, 0.0, half, -half, 0.0, 0.0, 0.0, 1.0)
    code = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(direction)
    assert orientation_code(Geometry((2, 2, 2), (1, 1, 1), direction=direction)) == code


@settings(deadline=None)
@given(geometries(), st.sampled_from(ORIENTATIONS))
def test_reordering_moves_no_voxel_and_agrees_with_itk(geometry, wanted):
    image = sitk_image(geometry)
    order = order_towards(orientation_code(geometry), wanted)
    expected = sitk.DICOMOrient(image, wanted)

    array = order.apply(sitk.GetArrayFromImage(image))
    placed = reordered(geometry, order)

    np.testing.assert_array_equal(array, sitk.GetArrayFromImage(expected))
    assert orientation_code(placed) == wanted
    assert placed.size == expected.GetSize()
    np.testing.assert_allclose(placed.spacing_mm, expected.GetSpacing(), rtol=1e-12)
    np.testing.assert_allclose(placed.origin_mm, expected.GetOrigin(), atol=1e-9)
    np.testing.assert_allclose(placed.direction, expected.GetDirection(), atol=1e-12)


@given(geometries(), st.sampled_from(ORIENTATIONS))
def test_reordering_there_and_back_is_the_identity(geometry, wanted):
    array = np.arange(2 * np.prod(geometry.size)).reshape(2, *geometry.shape)
    order = order_towards(orientation_code(geometry), wanted)
    np.testing.assert_array_equal(order.inverse.apply(order.apply(array)), array)


@given(geometries(), st.sampled_from(ORIENTATIONS))
def test_the_same_voxels_in_another_order_are_recognised(geometry, stored):
    other = reordered(geometry, order_towards(orientation_code(geometry), stored))
    order = order_onto(other, geometry)
    assert order is not None
    assert is_same_grid(reordered(other, order), geometry)


@pytest.mark.parametrize(
    "changed",
    [
        Geometry((5, 4, 4), (1, 1, 2)),
        Geometry((5, 4, 3), (1, 1, 2.05)),
        Geometry((5, 4, 3), (1, 1, 2), (0.03, 0, 0)),
        Geometry((5, 4, 3), (1, 1, 2), direction=(0.9998, -0.02, 0, 0.02, 0.9998, 0, 0, 0, 1)),
        Geometry((5, 4, 3), (1, 1, 2), direction=(-1, 0, 0, 0, 1, 0, 0, 0, 1)),
    ],
    ids=["size", "spacing", "origin", "direction", "mirrored in place"],
)
def test_a_grid_that_differs_by_more_than_rounding_is_another_grid(changed):
    assert order_onto(changed, Geometry((5, 4, 3), (1, 1, 2))) is None


def test_rounding_to_float32_leaves_the_grid_the_same():
    fine = Geometry((512, 512, 600), (0.4882812, 0.4882812, 0.4999), (-124.7561234, -301.123456, 1023.4567891))
    rounded = Geometry(
        fine.size,
        tuple(float(np.float32(value)) for value in fine.spacing_mm),
        tuple(float(np.float32(value)) for value in fine.origin_mm),
    )
    assert is_same_grid(fine, rounded)


@pytest.mark.parametrize(
    ("geometry", "offending"),
    [
        (Geometry((0, 4, 3), (1, 1, 1)), "0x4x3"),
        (Geometry((5, 4, 3), (0, 1, 1)), "(0, 1, 1)"),
        (Geometry((5, 4, 3), (-1, 1, 1)), "(-1, 1, 1)"),
        (Geometry((5, 4, 3), (float("nan"), 1, 1)), "nan"),
        (Geometry((5, 4, 3), (1, 1, 1), (float("inf"), 0, 0)), "inf"),
        (Geometry((5, 4, 3), (1, 1, 1), direction=(1, 0.1, 0, 0, 0.995, 0, 0, 0, 1)), "84.26 degrees"),
        (Geometry((5, 4, 3), (1, 1, 1), direction=(2, 0, 0, 0, 1, 0, 0, 0, 1)), "(2, 0, 0)"),
        (Geometry((5, 4, 3), (1, 1, 1), direction=(0, 0, 0, 0, 1, 0, 0, 0, 1)), "no volume"),
    ],
)
def test_a_grid_without_meaning_is_refused_with_its_offending_value(geometry, offending):
    with pytest.raises(InputError) as caught:
        check_geometry(geometry, "case.mha")
    assert "case.mha" in caught.value.message
    assert offending in caught.value.message
    assert caught.value.remedy


def test_two_grids_are_shown_side_by_side_with_a_mark_on_what_differs():
    lines = side_by_side(
        "volume", Geometry((5, 4, 3), (1, 1, 2)), "labels", Geometry((5, 4, 3), (1, 1, 2.5), (0, 0, 7))
    ).splitlines()
    assert [line[2] for line in lines] == [" ", " ", "!", "!", " "]
    assert "(1, 1, 2) mm" in lines[2]
    assert "(1, 1, 2.5) mm" in lines[2]
