"""Slices, rows and columns are found by their direction in the patient."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from UMambaXAILogic.engine.domain.patient_axes import in_patient_order, obliquity_degrees, patient_order
from UMambaXAILogic.engine.domain.resolution import measure_resolution
from UMambaXAILogic.engine.volume import Geometry

orders = st.tuples(st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
angles = st.tuples(*[st.floats(-20, 20)] * 3)


def stored(order, angle=(0.0, 0.0, 0.0)) -> Geometry:
    """A grid whose axes are a rotation of the patient's, permuted and reversed."""
    axes, backwards = order
    rotation = Rotation.from_euler("xyz", angle, degrees=True).as_matrix()
    direction = rotation[:, axes] * np.where(backwards, -1, 1)
    size, spacing = np.array((50, 40, 30)), np.array((0.4, 0.5, 1.25))
    return Geometry(
        tuple(int(value) for value in size[list(axes)]),
        tuple(float(value) for value in spacing[list(axes)]),
        (1.0, 2.0, 3.0),
        tuple(direction.ravel()),
    )


@given(orders, angles)
def test_every_storage_order_gives_the_same_resolution(order, angle):
    found, expected = (
        measure_resolution(stored(order, angle)),
        measure_resolution(stored(((0, 1, 2), (False,) * 3), angle)),
    )
    for what in ("spacing_mm", "field_of_view_mm", "matrix"):
        assert getattr(found, what) == getattr(expected, what)
    assert found.obliquity_degrees == pytest.approx(expected.obliquity_degrees, abs=1e-6)
    assert found.matrix.superior_inferior == 30 and found.spacing_mm.right_left == 0.4
    assert found.field_of_view_mm.anterior_posterior == pytest.approx(20)


@given(orders, angles)
def test_axes_run_to_superior_posterior_left(order, angle):
    geometry = in_patient_order(stored(order, angle))
    assert (np.diag(np.reshape(geometry.direction, (3, 3))) > 0.5).all()
    assert geometry.superior_axis == 0


@given(orders)
def test_voxels_stay_where_they_are(order):
    geometry = stored(order, (10, -5, 3))
    marks = np.arange(np.prod(geometry.shape)).reshape(geometry.shape)
    moved = patient_order(geometry).apply(marks)
    new = in_patient_order(geometry)
    index = (3, 4, 5)
    before = np.argwhere(marks == moved[index])[0]
    np.testing.assert_allclose(new.affine_lps @ (*index[::-1], 1), geometry.affine_lps @ (*before[::-1], 1), atol=1e-9)


@pytest.mark.parametrize("pitch", [0.0, 3.5, 16.5, 40.0])
def test_obliquity_is_the_angle_of_the_tilt(pitch):
    assert obliquity_degrees(stored(((0, 1, 2), (False,) * 3), (pitch, 0, 0))) == pytest.approx(pitch, abs=1e-5)


def test_slices_are_those_of_the_slice_table():
    """Of a strongly tilted volume too: ``Geometry.superior_axis`` decides first."""
    geometry = stored(((2, 0, 1), (True, False, True)), (30, 20, 10))
    order = patient_order(geometry)
    assert order.axes[0] == geometry.superior_axis


def test_the_irregularity_is_passed_on():
    assert measure_resolution(stored(((0, 1, 2), (False,) * 3)), 0.04).slice_gap_irregularity == 0.04


@pytest.mark.parametrize(
    "name, degrees",
    [("angio/topcow066_mra_crop.mha", 3.6), ("geometry/ct_phantom_oblique_pitch.nii.gz", 16.5)],
)
def test_obliquity_of_real_volumes(reference_data, name, degrees):
    image = sitk.ReadImage(str(reference_data / "data" / name))
    geometry = Geometry(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    assert obliquity_degrees(geometry) == pytest.approx(degrees, abs=0.05)
