"""Extent, sides and brightness of labelled voxels, against dense computations and cases with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from UMambaXAILogic.engine.grids import orientation_code
from UMambaXAILogic.engine.public_data import annotation
from UMambaXAILogic.engine.public_data.box import Box
from UMambaXAILogic.engine.public_data.label_sets import RSNA_LABELS, TOPCOW_LABELS
from UMambaXAILogic.engine.public_data.sample import LeaveOut
from UMambaXAILogic.engine.volume import Geometry
from UMambaXAILogic.engine.volume_io import read_volume


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.4), st.tuples(*[st.integers(1, 7)] * 3))
def test_connected_pieces_are_those_of_a_dense_labelling(seed, density, shape):
    mask = np.random.default_rng(seed).random(shape) < density
    mask.flat[0] = True
    coordinates = np.argwhere(mask)
    pieces = annotation.connected_pieces(coordinates, shape)
    dense, count = ndimage.label(mask, np.ones((3, 3, 3)))
    of_dense = dense[tuple(coordinates.T)]
    assert len(np.unique(pieces)) == count
    assert len(np.unique(np.stack([pieces, of_dense]), axis=1).T) == count  # one to one


def test_the_extent_passes_over_stray_voxels_and_has_a_margin():
    labels = np.zeros((60, 60, 60), dtype=np.uint8)
    labels[20:30, 25:35, 30:40] = 1  # 1000 voxels
    labels[50, 50, 50] = 1
    geometry = Geometry((60, 60, 60), (0.5, 1.0, 2.0))
    box, outside = annotation.extent(np.argwhere(labels), geometry)
    # 5 mm: z 3 voxels of 2 mm, y 5 of 1 mm, x 10 of 0.5 mm
    assert box == Box((17, 20, 20), (33, 40, 50)) and outside == 1
    labels[50, 50, 45:56] = 1  # now 11 of 1011 voxels: more than a hundredth
    box, outside = annotation.extent(np.argwhere(labels), geometry)
    assert box == Box((17, 20, 20), (54, 56, 60)) and outside == 0


def test_the_extent_ends_at_the_border():
    labels = np.zeros((8, 8, 8), dtype=np.uint8)
    labels[1, 7, 4] = 1
    box, _ = annotation.extent(np.argwhere(labels), Geometry((8, 8, 8), (1.0, 1.0, 1.0)))
    assert box == Box((0, 2, 0), (7, 8, 8))


def sided(pairs):
    labels = np.zeros((4, 10, 12), dtype=np.uint8)
    for number, (low_x, high_x) in enumerate(pairs):
        labels[1:3, number, 2:4], labels[1:3, number, 8:10] = low_x, high_x
    return labels


def test_sides_follow_the_patient_not_the_storage():
    labels = sided([(9, 10), (11, 12)])
    geometry = Geometry((12, 10, 4), (1.0, 1.0, 1.0))
    annotation.check_sides(labels, np.argwhere(labels), geometry, RSNA_LABELS)
    backwards = Geometry((12, 10, 4), (1.0, 1.0, 1.0), direction=(-1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
    with pytest.raises(LeaveOut, match="2 of 2 pairs"):
        annotation.check_sides(labels, np.argwhere(labels), backwards, RSNA_LABELS)
    turned = labels[:, :, ::-1]
    annotation.check_sides(turned, np.argwhere(turned), backwards, RSNA_LABELS)


def test_real_masks_of_topcow_pass_and_their_mirror_images_do_not(reference_data):
    files = sorted((reference_data / "data" / "masks").glob("topcow_*.nii.gz"))
    assert len(files) == 3
    for file in files:
        volume, facts = read_volume(file)
        assert orientation_code(volume.geometry) == "LPS" and facts.orientation_known
        labels = annotation.known_labels(volume.array, TOPCOW_LABELS)
        annotation.check_sides(labels, np.argwhere(labels), volume.geometry, TOPCOW_LABELS)
        mirrored = labels[:, :, ::-1]
        with pytest.raises(LeaveOut, match="mirrored"):
            annotation.check_sides(mirrored, np.argwhere(mirrored), volume.geometry, TOPCOW_LABELS)


def test_one_crossing_artery_is_no_mirror_and_single_sides_say_nothing():
    geometry = Geometry((12, 10, 4), (1.0, 1.0, 1.0))
    for labels in (sided([(9, 10), (12, 11), (5, 6)]), sided([(9, 9), (0, 0)]), sided([(9, 10), (12, 11)])):
        annotation.check_sides(labels, np.argwhere(labels), geometry, RSNA_LABELS)


def test_brightness_of_lumen_and_surroundings():
    labels = np.zeros((9, 9, 9), dtype=np.uint8)
    labels[3:6, 3:6, 3:6] = 4
    values = np.full((9, 9, 9), 40, dtype=np.int16)
    values[labels > 0] = 300
    values[0] = 2000  # outside the shell of two voxels
    region = Box((0, 0, 0), (9, 9, 9))
    assert annotation.check_brightness(values, labels, region) == {"lumen_hu": 300.0, "surroundings_hu": 40.0}
    for wrong in (values + 1024, values - 1024, np.where(labels > 0, 300, 350), values * 0):
        with pytest.raises(LeaveOut, match="no Hounsfield units, or its mask"):
            annotation.check_brightness(wrong, labels, region)


def test_brightness_where_nothing_is_around():
    labels = np.ones((2, 2, 2), dtype=np.uint8)
    found = annotation.check_brightness(np.full((2, 2, 2), 300), labels, Box((0, 0, 0), (2, 2, 2)))
    assert found == {"lumen_hu": 300.0, "surroundings_hu": None}


@pytest.mark.parametrize("names", [RSNA_LABELS, TOPCOW_LABELS])
def test_names_and_values_of_labels(names):
    released = np.array([0, *names.names], dtype=np.uint8)
    np.testing.assert_array_equal(names.written(released, "binary"), [0] + [1] * 13)
    np.testing.assert_array_equal(names.written(released, "multiclass"), np.arange(14))
    for right, left in names.sides:
        one, other = names.names[right], names.names[left]
        assert one.replace("Right", "Left") == other or one.replace("R-", "L-") == other
    assert len({value for pair in names.sides for value in pair}) == 10
