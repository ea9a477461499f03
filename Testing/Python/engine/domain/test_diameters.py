"""Tubes of known radius at several spacings and orientations; the whole volume's distance transform; public masks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.morphology import skeletonize

from UMambaXAILogic.engine.domain.diameters import skeleton_diameters_mm
from UMambaXAILogic.engine.domain.morphology import measure_morphology
from UMambaXAILogic.engine.domain.patient_axes import in_patient_order, patient_order
from UMambaXAILogic.engine.volume_io import read_volume

SPACINGS = [(0.5, 0.5, 0.5), (1.0, 0.45, 0.45), (0.4, 0.6, 0.8)]
DIRECTIONS = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 1, 1), (3, 1, 2)]


def tube(spacing_mm, direction, diameter_mm, length_mm=24.0) -> np.ndarray:
    """A straight tube through the middle of a cube that it leaves on both sides, (z, y, x)."""
    shape = [int(length_mm / step) | 1 for step in spacing_mm]
    axes = [(np.arange(count) - count // 2) * step for count, step in zip(shape, spacing_mm, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    along = np.asarray(direction) / np.linalg.norm(direction)
    across = points - (points @ along)[..., None] * along
    return np.linalg.norm(across, axis=-1) <= diameter_mm / 2


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
@pytest.mark.parametrize("direction", DIRECTIONS, ids=str)
@pytest.mark.parametrize("diameter_mm", [3.0, 5.0])
def test_a_tube_measures_its_diameter(spacing_mm, direction, diameter_mm):
    """To a voxel: the nearest centre outside lies up to a step beyond the wall, the centreline half a step off."""
    mask = tube(spacing_mm, direction, diameter_mm)
    found, diameters = skeleton_diameters_mm(mask, spacing_mm)
    middle = np.abs((found - np.array(mask.shape) // 2) * spacing_mm).max(axis=1) < 6  # ends of a skeleton fray
    assert middle.sum() > 5
    assert np.median(diameters[middle]) == pytest.approx(diameter_mm, abs=max(spacing_mm))
    assert diameters[middle].mean() == pytest.approx(diameter_mm, abs=max(spacing_mm))


def test_finer_grids_come_nearer_to_the_truth():
    errors = []
    for step in (1.0, 0.5, 0.25):
        _, diameters = skeleton_diameters_mm(tube((step,) * 3, (0, 0, 1), 4.0, 12.0), (step,) * 3)
        errors.append(abs(np.median(diameters) - 4.0))
    assert errors[0] > errors[2] and errors[2] < 0.3


def branching(shape=(40, 50, 60)) -> np.ndarray:
    """Tubes that cross, end inside, and leave the volume."""
    mask = np.zeros(shape, bool)
    mask[18:24, 20:27, :] = True
    mask[:, 22:26, 30:35] = True
    mask[30:33, 10:40, 50:53] = True
    mask[4, 5, 6:20] = True
    return mask


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
def test_distances_are_those_of_the_whole_volumes_transform(spacing_mm):
    mask = branching()
    found, diameters = skeleton_diameters_mm(mask, spacing_mm)
    expected = np.argwhere(skeletonize(mask, method="lee"))
    assert {tuple(point) for point in found} == {tuple(point) for point in expected}
    distance = distance_transform_edt(mask, sampling=spacing_mm)
    np.testing.assert_allclose(diameters, 2 * distance[tuple(found.T)])


def test_a_vessel_that_leaves_the_volume_has_no_wall_there():
    mask = np.zeros((12, 30, 30), bool)
    mask[:, 10:17, 10:17] = True
    _, diameters = skeleton_diameters_mm(mask, (1.0, 1.0, 1.0))
    assert diameters.max() == 8.0 and np.median(diameters) == 8.0


def test_empty_and_full_masks_have_no_diameter():
    for mask in (np.zeros((4, 5, 6), bool), np.ones((4, 5, 6), bool)):
        found, diameters = skeleton_diameters_mm(mask, (1.0, 1.0, 1.0))
        assert found.shape == (0, 3) and diameters.size == 0


def test_cubes_measure_what_the_native_grid_measures():
    spacing_mm, diameter_mm = (1.25, 0.5, 0.5), 5.0
    mask = tube(spacing_mm, (1, 0, 0), diameter_mm)
    native = measure_morphology(mask, spacing_mm, vessels_are="prediction")
    cubes = measure_morphology(mask, spacing_mm, vessels_are="prediction", isotropic_mm=0.5)
    assert (native.isotropic_mm, cubes.isotropic_mm) == (None, 0.5)
    assert cubes.diameters.count > 2 * native.diameters.count
    assert cubes.median == pytest.approx(diameter_mm, abs=0.5)


def test_in_a_region_only_its_skeleton_counts_with_the_walls_of_all():
    mask = np.zeros((10, 30, 60), bool)
    mask[3:8, 8:13, :30] = True
    mask[2:9, 7:14, 30:] = True
    region = np.zeros_like(mask)
    region[:, :, 40:50] = True
    for isotropic_mm in (None, 1.0):
        inside = measure_morphology(
            mask, (1.0, 1.0, 1.0), vessels_are="ground_truth", region=region, isotropic_mm=isotropic_mm
        )
        assert (inside.minimum, inside.maximum) == (8, 8) and inside.diameters.count == 10


def test_figures_of_a_mask_without_vessels_are_null():
    empty = measure_morphology(np.zeros((3, 4, 5), bool), (1.0, 1.0, 1.0), vessels_are="ground_truth")
    assert empty.diameters.count == 0 and empty.histogram.total == 0
    assert [empty.median, empty.minimum, empty.maximum, empty.p99, empty.diameters.mean] == [None] * 5


#: mean, median, standard deviation, minimum, maximum, 99th percentile as shared/data/README.md gives them.
PUBLIC_MASKS = {
    "ct_roi_003": (2.64, 2.51, 0.78, 1.01, 5.03, 4.65),
    "mr_roi_003": (2.69, 2.45, 0.94, 0.59, 5.20, 4.81),
    "mr_roi_014": (2.34, 2.23, 0.65, 0.84, 3.98, 3.81),
}


@pytest.mark.parametrize("name", PUBLIC_MASKS)
def test_public_masks_measure_what_is_known_of_them(reference_data, name):
    """To 3 % (99th percentile: 4 %): that much depends on the order in which thinning takes voxels off."""
    volume, _ = read_volume(reference_data / "data" / "masks" / f"topcow_{name}.nii.gz")
    mask = patient_order(volume.geometry).apply(volume.array > 0)
    found = measure_morphology(mask, in_patient_order(volume.geometry).spacing_mm[::-1], vessels_are="ground_truth")
    mean, median, std, minimum, maximum, p99 = PUBLIC_MASKS[name]
    assert found.diameters.mean == pytest.approx(mean, rel=0.03)
    assert found.median == pytest.approx(median, rel=0.03)
    assert found.diameters.std == pytest.approx(std, rel=0.03)
    assert found.minimum == pytest.approx(minimum, abs=0.01)
    assert found.maximum == pytest.approx(maximum, abs=0.01)
    assert found.p99 == pytest.approx(p99, rel=0.04)
