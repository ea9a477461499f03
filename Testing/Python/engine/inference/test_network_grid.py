"""The way to the network grid and back follows nnU-Net's own, for every axis order, reader and spacing."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager
from scipy.ndimage import gaussian_filter

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.inference.network_grid import NetworkGrid, to_network_grid
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.nnunet_bridge import as_nnunet_input
from UMambaXAILogic.engine.volume import Volume
from UMambaXAILogic.engine.volume_io import read_volume

READERS = ("SimpleITKIO", "SimpleITKIOWithReorient", "NibabelIOWithReorient")
#: Axis order and spacing (mm, transposed axes); ratios to the volume's 0.9 x 0.7 x 1.3 mm are finer and coarser.
PLANS = [((0, 1, 2), (1.0, 0.8, 0.8)), ((1, 0, 2), (0.8, 1.0, 0.8)), ((2, 0, 1), (0.5, 1.0, 0.8))]
SUPERIOR_FIRST = (0, 1, 0, 0, 0, -1, -1, 0, 0)


def blobs(shape: tuple[int, ...]) -> np.ndarray:
    smooth = gaussian_filter(np.random.default_rng(0).random(shape), 1.5)
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


@pytest.fixture(params=PLANS, ids=str)
def transpose_and_spacing(request):
    return request.param


@pytest.fixture(params=READERS)
def grid(request, transpose_and_spacing, make_trained_folder, write_test_volume) -> NetworkGrid:
    transpose, spacing = transpose_and_spacing
    folder = make_trained_folder(
        trainer="nnUNetTrainer", transpose=transpose, spacing=spacing, reader=request.param, patch=8
    )
    volume, _ = read_volume(write_test_volume(direction=SUPERIOR_FIRST))
    return to_network_grid(volume, load_model(folder))


def test_a_map_returns_as_nnunet_returns_logits(grid):
    attention = blobs(grid.shape)
    level = np.full_like(attention, 0.5)
    exported = grid.export(torch.from_numpy(np.stack([level, attention])))  # argmax: attention above one half
    assert 0.1 < (exported == 1).mean() < 0.9
    assert np.array_equal(grid.to_input(attention) > 0.5, exported == 1)


def test_a_map_stays_within_its_range_and_is_zero_outside_the_crop(grid):
    returned = grid.to_input(np.ones(grid.shape, np.float32))
    voxels = np.argwhere(grid.volume.array != 0)
    crop = tuple(slice(low, high + 1) for low, high in zip(voxels.min(axis=0), voxels.max(axis=0), strict=True))
    assert returned[crop].size < 0.8 * returned.size
    assert np.allclose(returned[crop], 1) and returned.max() <= 1
    returned[crop] = 0
    assert not returned.any() and returned.dtype == np.float32


def test_its_spacing_keeps_the_extent_of_the_volume(grid, transpose_and_spacing):
    _, planned_mm = transpose_and_spacing
    assert grid.spacing_mm == pytest.approx(planned_mm, rel=0.06)  # whole voxels only
    before = grid.properties["shape_after_cropping_and_before_resampling"]
    stored_mm = [grid.properties["spacing"][axis] for axis in grid.model.plans_manager.transpose_forward]
    extent_mm = [voxels * mm for voxels, mm in zip(grid.shape, grid.spacing_mm, strict=True)]
    assert extent_mm == pytest.approx([voxels * mm for voxels, mm in zip(before, stored_mm, strict=True)])


def test_two_dimensional_plans_keep_the_distance_of_slices(make_trained_folder, write_test_volume):
    folder = make_trained_folder(trainer="nnUNetTrainer", dimension=2, spacing=(9.0, 0.8, 0.8), patch=8)
    volume, _ = read_volume(write_test_volume(spacing=(0.9, 0.7, 1.3)))
    assert to_network_grid(volume, load_model(folder)).spacing_mm == pytest.approx((1.3, 0.8, 0.8), rel=0.06)


def test_a_mask_goes_where_nnunet_takes_a_segmentation(grid):
    mask = blobs(grid.volume.geometry.shape) > 0.5
    model = grid.model
    settings = copy.deepcopy(model.configuration_manager.configuration)
    settings["resampling_fn_seg_kwargs"]["order"] = 0
    image, properties = as_nnunet_input(grid.volume, model.reader_writer_name)
    labels, _ = as_nnunet_input(Volume(mask.astype(np.uint8), grid.volume.geometry), model.reader_writer_name)
    preprocessor = model.configuration_manager.preprocessor_class(verbose=False)
    _, expected, _ = preprocessor.run_case_npy(
        image, labels, properties, model.plans_manager, ConfigurationManager(settings), model.dataset_json
    )
    found = grid.to_network(mask)
    assert found.shape == grid.shape
    # Centres that fall on the face between two voxels may go either way.
    share = (found != (expected[0] > 0)).mean()
    assert share < 0.01, share


def test_a_mask_that_goes_back_agrees_with_the_export_of_what_it_was_cut_from(grid):
    attention = blobs(grid.shape)
    exported = grid.export(torch.from_numpy(np.stack([np.full_like(attention, 0.5), attention]))) == 1
    returned = grid.mask_to_input(attention > 0.5)
    dice = 2 * (returned & exported).sum() / (returned.sum() + exported.sum())
    assert dice > 0.93  # nearest neighbour gives 0.90 to 0.97 here, linear 0.937 to 0.983


@pytest.mark.parametrize(("slices", "thickness_mm"), [(1, 0.3), (3, 0.1)])
def test_a_volume_thinner_than_the_network_sees_is_refused(make_trained_folder, tmp_path, slices, thickness_mm):
    values = np.random.default_rng(0).normal(100, 50, (slices, 26, 30)).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.9, 0.7, thickness_mm))
    sitk.WriteImage(image, str(tmp_path / "thin.nii.gz"))
    volume, _ = read_volume(tmp_path / "thin.nii.gz")
    with pytest.raises(InputError, match="0.3 mm thick"):
        to_network_grid(volume, load_model(make_trained_folder(trainer="nnUNetTrainer", patch=8)))
