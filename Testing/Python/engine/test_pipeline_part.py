"""Explaining one part of what was segmented: the same as explaining inside a mask of that part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from UMambaXAILogic.cli.summary import summary
from UMambaXAILogic.engine import Request, pipeline, run_case
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.request import Region, Target, TargetPart
from UMambaXAILogic.engine.target_part import target_part
from UMambaXAILogic.engine.volume_io import read_volume


@pytest.fixture(scope="module")
def folder(make_trained_folder) -> str:
    return str(make_trained_folder(trainer="nnUNetTrainerUMambaBot", reader="SimpleITKIOWithReorient"))


@pytest.fixture(scope="module")
def volume(write_test_volume) -> Path:
    return write_test_volume(direction=(0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1))


@pytest.fixture(scope="module")
def segmented(folder, volume, tmp_path_factory) -> sitk.Image:
    """What all of the volume is segmented as."""
    result = run_case(Request(volume, folder, tmp_path_factory.mktemp("case")))
    return sitk.ReadImage(str(result.files["segmentation"]))


@pytest.fixture(scope="module")
def truth(segmented, tmp_path_factory) -> Path:
    """The prediction moved by two voxels."""
    return written(np.roll(sitk.GetArrayFromImage(segmented), 2, axis=2), segmented, tmp_path_factory.mktemp("gt"))


def written(array: np.ndarray, like: sitk.Image, folder: Path) -> Path:
    image = sitk.GetImageFromArray(array.astype(np.uint8))
    image.CopyInformation(like)
    path = folder / "mask.nii.gz"
    sitk.WriteImage(image, str(path))
    return path


def ras(image: sitk.Image, zyx: tuple[int, int, int]) -> tuple[float, float, float]:
    x, y, z = image.TransformIndexToPhysicalPoint([int(index) for index in zyx[::-1]])
    return (-x, -y, z)


def some_part(mask: np.ndarray) -> np.ndarray:
    """The second largest connected part, or the only one."""
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    return labels == 1 + np.argsort(-sizes)[min(1, count - 1)]


def map_of(result) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(result.files["attention"])))


@pytest.mark.parametrize(("kind", "unit"), [("prediction", "segment"), ("fp", "component"), ("fn", "component")])
def test_a_part_is_explained_as_inside_a_mask_of_it(folder, volume, segmented, truth, kind, unit, tmp_path):
    predicted, true = sitk.GetArrayFromImage(segmented) > 0, sitk.GetArrayFromImage(sitk.ReadImage(str(truth))) > 0
    voxels = {"prediction": predicted, "fp": predicted & ~true, "fn": ~predicted & true}[kind]
    part = some_part(voxels)
    if unit == "segment":
        wanted = TargetPart(ras(segmented, np.argwhere(part)[0]), unit)
        part = target_part(voxels, read_volume(volume)[0].geometry, wanted, "prediction")
    assert 0 < part.sum() < voxels.sum()
    point = ras(segmented, np.argwhere(part)[0])
    asked = {"volume": volume, "model": folder, "ground_truth": truth}
    target = Target(kind=kind, part=TargetPart(point, unit))
    clicked = run_case(Request(**asked, output=tmp_path / "at", target=target))
    region = Region(mask=written(part, segmented, tmp_path))
    masked = run_case(Request(**asked, output=tmp_path / "in", target=Target(kind=kind), region=region))
    assert np.array_equal(map_of(clicked), map_of(masked))
    assert clicked.metrics["target"]["part"] == {
        "unit": unit,
        "point_mm_ras": list(point),
        "voxels": int(part.sum()),
    }
    assert "part" not in masked.metrics["target"]


def test_all_is_measured_and_there_is_no_verdict(folder, volume, segmented, truth, tmp_path):
    part = some_part(sitk.GetArrayFromImage(segmented) > 0)
    target = Target(part=TargetPart(ras(segmented, np.argwhere(part)[0])))
    result = run_case(Request(volume, folder, tmp_path, ground_truth=truth, target=target))
    counted = result.metrics["segmentation"]
    assert counted["pm_voxels"] == np.count_nonzero(sitk.GetArrayFromImage(segmented))
    assert counted["region_voxels"] is None
    assert result.metrics["verdict"]["name"] == "not_available"
    assert "one part of the prediction was explained" in result.metrics["verdict"]["reasons"][0]
    assert f"{part.sum()} voxels" in summary(result) and "component at " in summary(result)


def test_background_is_refused_after_segmenting_and_leaves_nothing(folder, volume, segmented, tmp_path):
    distance = ndimage.distance_transform_cdt(sitk.GetArrayFromImage(segmented) == 0)
    assert distance.max() >= 2
    farthest = np.unravel_index(np.argmax(distance), distance.shape)
    target = Target(part=TargetPart(ras(segmented, farthest)))
    with pytest.raises(InputError, match=r"not in the prediction of .* mm away"):
        run_case(Request(volume, folder, tmp_path / "out", target=target))
    assert not (tmp_path / "out").exists()


def test_a_point_outside_is_refused_before_segmenting(folder, volume, monkeypatch, tmp_path):
    monkeypatch.setattr(pipeline, "segment", None)
    with pytest.raises(InputError, match="outside the volume"):
        run_case(Request(volume, folder, tmp_path, target=Target(part=TargetPart((1000, 0, 0)))))


def test_where_there_is_no_error_there_is_no_part_and_no_map(folder, volume, segmented, tmp_path):
    everything = written(np.ones_like(sitk.GetArrayFromImage(segmented)), segmented, tmp_path)
    target = Target(kind="fp", part=TargetPart(ras(segmented, (3, 3, 3))))
    result = run_case(Request(volume, folder, tmp_path / "case", ground_truth=everything, target=target))
    assert result.files["attention"] is None
    assert "empty_target" in [warning["code"] for warning in result.metrics["warnings"]]
    assert result.metrics["target"]["part"]["voxels"] is None
