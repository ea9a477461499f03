"""Labels come onto the volume's grid without loss, resampled when asked, or not at all."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.grids import order_towards, orientation_code, reordered
from UMambaXAILogic.engine.volume import Geometry, Volume
from UMambaXAILogic.engine.volume_io import read_ground_truth, read_volume, resample_labels, write_volume

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GRID = Geometry((8, 7, 6), (1.0, 1.5, 2.0), (10.0, -20.0, 30.0))


@pytest.fixture
def labels_on(tmp_path):
    """A label file on a grid."""

    def make(labels: np.ndarray, geometry: Geometry, name: str = "labels.nrrd"):
        path = tmp_path / name
        write_volume(labels, path, like=Volume(labels, geometry))
        return path

    return make


@SLOW
@given(data=st.data())
def test_the_same_voxels_stored_in_another_order_are_taken_without_loss(labels_on, geometries, data):
    geometry = data.draw(geometries)
    letters = data.draw(st.permutations(["LR", "PA", "SI"]))
    order = order_towards(orientation_code(geometry), "".join(pair[data.draw(st.integers(0, 1))] for pair in letters))
    labels = np.random.default_rng(1).integers(0, 14, geometry.shape)
    name = data.draw(st.sampled_from(["labels.nrrd", "labels.nii.gz"]))

    path = labels_on(np.ascontiguousarray(order.apply(labels)), reordered(geometry, order), name)

    np.testing.assert_array_equal(read_ground_truth(path, geometry), labels)


def test_labels_can_be_picked(labels_on):
    labels = np.random.default_rng(1).integers(0, 5, GRID.shape)
    picked = read_ground_truth(labels_on(labels, GRID), GRID, labels=[2, 4])
    np.testing.assert_array_equal(picked, np.where((labels == 2) | (labels == 4), labels, 0))


def test_whole_numbers_stored_as_float_or_int64_are_labels(tmp_path):
    labels = np.random.default_rng(1).integers(0, 300, GRID.size)
    for stored in (np.float32, np.int64):
        path = tmp_path / "labels.nii.gz"
        nibabel.save(nibabel.Nifti1Image(labels.astype(stored), GRID.affine_ras, dtype=stored), path)
        read = read_ground_truth(path, GRID)
        assert read.dtype == np.uint16
        np.testing.assert_array_equal(read, labels.T)


def test_values_that_are_not_whole_numbers_are_refused(labels_on):
    probabilities = np.full(GRID.shape, 0.25, dtype=np.float32)
    with pytest.raises(InputError, match=r"0\.25"):
        read_ground_truth(labels_on(probabilities, GRID), GRID)


def test_another_grid_is_refused_with_both_printed(labels_on):
    other = Geometry((8, 7, 6), (1.0, 1.5, 2.0), (10.0, -20.0, 31.0))
    with pytest.raises(InputError) as caught:
        read_ground_truth(labels_on(np.ones(GRID.shape, dtype=np.uint8), other), GRID)
    message = caught.value.message
    assert "(10, -20, 30) mm LPS" in message
    assert "(10, -20, 31) mm LPS" in message
    assert message.count("!") == 2  # the legend and the origin's row
    assert "resampleGroundTruth" in caught.value.remedy and "--resample-gt" in caught.value.remedy


@SLOW
@given(data=st.data())
def test_resampling_is_nearest_neighbour_in_patient_space_as_in_itk(labels_on, geometries, sitk_image, data):
    source = data.draw(geometries)
    target = data.draw(geometries)
    centred = [np.array(g.affine_lps @ (*((np.array(g.size) - 1) / 2), 1))[:3] for g in (source, target)]
    shifted = tuple(float(v) for v in np.array(target.origin_mm) - centred[1] + centred[0])
    target = Geometry(target.size, target.spacing_mm, shifted, target.direction)
    labels = np.random.default_rng(2).integers(1, 200, source.shape).astype(np.uint8)
    expected = sitk.Resample(
        sitk_image(labels, source),
        sitk_image(np.zeros(target.shape, dtype=np.uint8), target),
        sitk.Transform(),
        sitk.sitkNearestNeighbor,
        0,
    )
    own = resample_labels(Volume(labels, source), target)
    differing = np.count_nonzero(own != sitk.GetArrayFromImage(expected))
    index = np.linalg.inv(source.affine_lps) @ target.affine_lps
    grid = np.indices(target.shape).reshape(3, -1)[::-1]
    positions = (index @ np.vstack([grid, np.ones(grid.shape[1])]))[:3]
    ties = np.count_nonzero((np.abs(positions - np.floor(positions) - 0.5) < 1e-6).any(axis=0))
    assert differing <= ties  # halfway between two voxels either is nearest


def test_resampling_is_done_when_asked(labels_on):
    fine = Geometry((16, 14, 12), (0.5, 0.75, 1.0), (9.75, -20.375, 29.5))
    labels = np.random.default_rng(1).integers(0, 5, GRID.shape).astype(np.uint8)
    path = labels_on(np.kron(labels, np.ones((2, 2, 2), dtype=np.uint8)), fine)
    np.testing.assert_array_equal(read_ground_truth(path, GRID, resample=True), labels)


def test_labels_that_all_lie_outside_are_refused(labels_on):
    far = Geometry((8, 7, 6), (1.0, 1.5, 2.0), (500.0, -20.0, 30.0))
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[2, 2, 2] = 1
    with pytest.raises(InputError, match="None of the 1 labelled voxels"):
        read_ground_truth(labels_on(labels, far), GRID, resample=True)


def test_an_empty_ground_truth_is_taken_as_it_is(labels_on):
    assert not read_ground_truth(labels_on(np.zeros(GRID.shape, dtype=np.uint8), GRID), GRID).any()


def test_the_weak_reference_fits_its_angiogram(reference_data):
    folder = reference_data / "data" / "angio"
    volume, _ = read_volume(folder / "topcow066_mra_crop.mha")
    mask = read_ground_truth(folder / "topcow066_mra_crop.WEAKREF.nii.gz", volume.geometry)
    assert np.count_nonzero(mask) == 21_524
    assert volume.array[mask > 0].mean() > 1.5 * volume.array[mask == 0].mean()
