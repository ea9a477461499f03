"""Pictures of a result folder: all of them, readable, and none half-written."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene import pictures
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.pictures import main
from UMambaXAILogic.scene.views import check_rendering


@pytest.fixture(scope="module")
def opengl():
    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")


@pytest.fixture
def case(tmp_path, write_result, vessel, oblique_affine):
    """A result folder with its volume and ground truth; case(attention=False) leaves out the map."""
    prediction, truth, attention = vessel
    grid = Grid(prediction.shape[::-1], oblique_affine)
    write_array(prediction.astype(np.int16) * 300, grid, tmp_path / "volume.nrrd")
    write_array(truth, grid, tmp_path / "gt.nrrd")

    def write(predicted=True, with_map=True):
        write_result(
            prediction * predicted,
            attention if with_map and predicted else None,
            oblique_affine,
            truth,
            folder=tmp_path / "result",
            metrics={
                "case": "a|b $c",
                "phantom": True,
                "verdict": {"name": "inconclusive", "reasons": [], "cutoffs": {"threshold": 0.3}},
            },
        )
        return [str(tmp_path / "result"), "--volume", str(tmp_path / "volume.nrrd")]

    return write


def read(path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(int)


def near(picture, color, tolerance=40) -> int:
    return int((np.abs(picture - np.array(color)) < tolerance).all(-1).sum())


def test_all_pictures_are_drawn(case, tmp_path, opengl, capsys):
    arguments = case()
    assert main([*arguments, "--gt", str(tmp_path / "gt.nrrd")]) == 0
    names = sorted(path.name for path in (tmp_path / "result").glob("*.png"))
    assert names == ["view_3d.png", "view_3d_errors.png", "view_slices.png"]
    assert len(capsys.readouterr().out.split()) == 3
    attention = read(tmp_path / "result" / "view_3d.png")
    assert attention.shape == (1100, 1500, 3)
    assert near(attention[:, :1300], (250, 200, 100), 60) > 500  # strong attention on the vessel, beside the legend
    assert near(attention[200:], (41, 135, 245), 70) > 500  # missed, below the key
    errors = read(tmp_path / "result" / "view_3d_errors.png")
    assert near(errors[200:], (41, 135, 245), 70) > 500
    slices = read(tmp_path / "result" / "view_slices.png")
    assert near(slices[220:], (64, 224, 240)) > 100  # ground-truth outline


def test_without_ground_truth_there_is_no_picture_of_errors(case, tmp_path, opengl):
    assert main(case()) == 0
    assert not (tmp_path / "result" / "view_3d_errors.png").exists()
    assert near(read(tmp_path / "result" / "view_3d.png"), (41, 135, 245), 70) == 0


@pytest.mark.parametrize("options", [{"predicted": False}, {"with_map": False}])
def test_without_a_map_or_a_prediction_there_are_pictures_too(case, tmp_path, opengl, options):
    assert main([*case(**options), "--gt", str(tmp_path / "gt.nrrd")]) == 0
    assert (tmp_path / "result" / "view_slices.png").exists()


def test_another_volume_is_refused(case, tmp_path, oblique_affine, capsys, opengl):
    arguments = case()
    grid = Grid((5, 5, 5), oblique_affine)
    write_array(np.arange(125, dtype=np.int16).reshape(5, 5, 5), grid, tmp_path / "volume.nrrd")
    assert main(arguments) == 3
    assert "grid" in capsys.readouterr().err
    assert not list((tmp_path / "result").glob("*.png"))


def test_a_machine_that_cannot_draw_says_what_to_install(case, monkeypatch, capsys):
    def refuse() -> None:
        raise NotInstalledError("3-D pictures cannot be drawn.", "Install libegl1.")

    monkeypatch.setattr(pictures, "check_rendering", refuse)
    assert main(case()) == 6
    assert "Install libegl1." in capsys.readouterr().err
