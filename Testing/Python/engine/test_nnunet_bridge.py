"""A model sees exactly what nnU-Net's own reader would have shown it, and results find their way back."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nnunetv2.imageio.nibabel_reader_writer import NibabelIO, NibabelIOWithReorient
from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO, SimpleITKIOWithReorient
from scipy.spatial.transform import Rotation

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.grids import order_towards, orientation_code, reordered
from UMambaXAILogic.engine.nnunet_bridge import as_nnunet_input, from_nnunet_output
from UMambaXAILogic.engine.volume import Geometry, Volume
from UMambaXAILogic.engine.volume_io import read_volume

READERS = [SimpleITKIO, SimpleITKIOWithReorient, NibabelIO, NibabelIOWithReorient]
REAL_FILES = [
    "angio/topcow066_mra_crop.mha",
    "angio/niivue_CT_AVM.nii.gz",
    "angio/niivue_chris_MRA.nii.gz",
    "masks/topcow_ct_roi_003.nii.gz",
    "masks/topcow_mr_roi_003.nii.gz",
    "masks/topcow_mr_roi_014.nii.gz",
    "geometry/orient_RAS.nii.gz",
    "geometry/orient_LAS.nii.gz",
    "geometry/ct_phantom_oblique_pitch.nii.gz",
    "geometry/tiny_7x5x3.nii.gz",
    "geometry/bigendian_int16_LAS.nii",
]


def assert_same_as_nnunet(path: Path, reader_class) -> None:
    expected, properties = reader_class().read_images((str(path),))
    volume, _ = read_volume(path)
    array, own = as_nnunet_input(volume, reader_class.__name__)

    assert (array.dtype, array.shape) == (expected.dtype, expected.shape)
    assert array.tobytes() == expected.tobytes()
    assert own.keys() == properties.keys()
    np.testing.assert_allclose(own["spacing"], properties["spacing"], rtol=1e-7)
    for record in properties.keys() - {"spacing"}:
        assert own[record].keys() == properties[record].keys()
        for key, value in properties[record].items():
            if isinstance(value, str):
                assert own[record][key] == value
            else:
                np.testing.assert_allclose(own[record][key], value, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "reader_class"),
    [
        (name, reader)
        for name in REAL_FILES
        for reader in READERS
        if ".nii" in name or not reader.__name__.startswith("Nibabel")
    ],
)
def test_real_files_are_shown_as_nnunet_shows_them(reference_data, name, reader_class):
    assert_same_as_nnunet(reference_data / "data" / name, reader_class)


@pytest.mark.parametrize("reader_class", READERS)
@pytest.mark.parametrize(
    "direction",
    ["oblique", "permuted", "left-handed"],
)
@pytest.mark.parametrize("kind", ["uint8", "int16", "float32", "float64", "scaled int16", "big-endian int32"])
def test_any_orientation_and_type_is_shown_as_nnunet_shows_it(tmp_path, reader_class, direction, kind):
    axes = {
        "oblique": np.array([[0.96, -0.28, 0], [0.28, 0.96, 0], [0, 0, 1.0]]),
        "permuted": np.array([[0, 0, 1.0], [-1, 0, 0], [0, 1, 0]]),
        "left-handed": np.diag([1.0, -1, -1]) @ np.array([[0.8, 0, 0.6], [0, -1, 0], [-0.6, 0, 0.8]]),
    }[direction]
    affine = np.eye(4)
    affine[:3, :3] = axes * (0.7, 0.9, 2.1)
    affine[:3, 3] = (12.3, -45.6, 78.9)
    data_type = np.dtype(kind.split()[-1])
    array = np.random.default_rng(3).integers(0, 200, (6, 5, 4)).astype(data_type)
    header = nibabel.Nifti1Header(endianness=">" if "big" in kind else "<")
    header.set_data_dtype(data_type)
    image = nibabel.Nifti1Image(array, affine, header)
    if "scaled" in kind:
        image.header.set_slope_inter(0.37, -1024.5)
    path = tmp_path / "case.nii.gz"
    nibabel.save(image, path)

    assert_same_as_nnunet(path, reader_class)


@pytest.mark.parametrize("reader_class", READERS)
def test_labels_of_a_model_come_back_onto_the_storage_grid_as_nnunet_writes_them(tmp_path, reader_class):
    axes = np.array([[0, 0.6, 0.8], [-1, 0, 0], [0, 0.8, -0.6]])
    affine = np.eye(4)
    affine[:3, :3] = axes * (0.7, 0.9, 2.1)
    path = tmp_path / "case.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.random.default_rng(0).normal(size=(6, 5, 4)).astype(np.float32), affine), path)
    volume, _ = read_volume(path)
    array, _ = as_nnunet_input(volume, reader_class.__name__)
    labels = (array[0] > 0.3).astype(np.uint8)

    nnunet_file = tmp_path / "nnunet.nii.gz"
    reader = reader_class()
    reader.write_seg(labels, str(nnunet_file), reader.read_images((str(path),))[1])
    own = from_nnunet_output(labels, volume.geometry, reader_class.__name__)

    np.testing.assert_array_equal(own.T, np.asarray(nibabel.load(nnunet_file).dataobj))
    np.testing.assert_array_equal(own, volume.array > np.float32(0.3))


@pytest.mark.parametrize("reader", ["SimpleITKIOWithReorient", "NibabelIOWithReorient"])
@given(st.permutations(["LR", "PA", "SI"]), st.tuples(*[st.integers(0, 1)] * 3), st.tuples(*[st.floats(-0.6, 0.6)] * 3))
def test_a_reorienting_reader_shows_the_same_numbers_however_the_head_is_stored(reader, pairs, ends, angles):
    direction = Rotation.from_euler("xyz", angles).as_matrix()
    geometry = Geometry((5, 4, 3), (0.7, 0.9, 2.1), (10.0, 20.0, 30.0), tuple(float(v) for v in direction.ravel()))
    head = np.arange(60, dtype=np.int16).reshape(geometry.shape)
    order = order_towards(orientation_code(geometry), "".join(pair[end] for pair, end in zip(pairs, ends, strict=True)))
    elsewhere = Volume(order.apply(head), reordered(geometry, order))

    expected, expected_properties = as_nnunet_input(Volume(head, geometry), reader)
    shown, properties = as_nnunet_input(elsewhere, reader)

    np.testing.assert_array_equal(shown, expected)
    np.testing.assert_allclose(properties["spacing"], expected_properties["spacing"])
    returned = from_nnunet_output(shown[0], elsewhere.geometry, reader)
    np.testing.assert_array_equal(returned, elsewhere.array)


def test_the_way_back_carries_channels():
    geometry = Geometry((4, 3, 2), (1, 1, 1), direction=(0, 0, -1, 1, 0, 0, 0, 1, 0))
    maps = np.arange(48, dtype=np.float32).reshape(2, *geometry.shape)
    for reader in ("SimpleITKIO", "SimpleITKIOWithReorient"):
        there = np.stack([as_nnunet_input(Volume(one, geometry), reader)[0][0] for one in maps])
        np.testing.assert_array_equal(from_nnunet_output(there, geometry, reader), maps)


@pytest.mark.parametrize("reader", ["NaturalImage2DIO", "Tiff3DIO", "MyOwnIO"])
def test_models_for_pictures_and_unknown_readers_are_refused_by_name(reader):
    volume = Volume(np.zeros((2, 3, 4)), Geometry((4, 3, 2), (1, 1, 1)))
    with pytest.raises(ModelError, match=reader):
        as_nnunet_input(volume, reader)
