"""The scripts that draw the pictures of README and tutorial keep up with the display code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.picture_scene import build_picture_scene
from UMambaXAILogic.scene.views import check_rendering


@pytest.fixture(scope="module")
def opengl():
    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")


@pytest.fixture
def script(repository: Path):
    """Loads one of them: script(name)."""

    def load(name: str):
        path = repository / "Utilities" / "Pictures" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def small_scene(tmp_path, write_result, vessel):
    """A small case as the scripts see it."""
    prediction, truth, attention = vessel
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    grid = Grid(prediction.shape[::-1], affine)
    write_array(prediction.astype(np.int16) * 300, grid, tmp_path / "volume.nrrd")
    write_array(truth, grid, tmp_path / "gt.nrrd")
    verdict = {"name": "inconclusive", "reasons": [], "cutoffs": {"threshold": 0.3}}
    write_result(prediction, attention, affine, truth, tmp_path / "result", {"case": "a", "verdict": verdict})
    scene = build_picture_scene(tmp_path / "result", tmp_path / "volume.nrrd", tmp_path / "gt.nrrd")
    yield scene
    scene.application.close()


def test_every_way_to_show_a_result_has_a_tile_in_which_something_is_seen(script, small_scene, opengl, monkeypatch):
    module = script("picture_result")
    monkeypatch.setattr(module, "_TILE", (240, 180))
    picture = module.draw_views(small_scene)
    rows, columns = 2, 3
    height, width = picture.shape[0] // rows, picture.shape[1] // columns
    for row in range(rows):
        for column in range(columns):
            inside = picture[
                row * height + 60 : (row + 1) * height - 40, column * width + 30 : (column + 1) * width - 30
            ]
            assert inside.std() > 3, (row, column)


def test_the_layout_shows_all_its_views(script, small_scene, opengl):
    picture = script("picture_result").draw_layout(small_scene)
    assert picture.shape == (620 + 380 + 6, 1600 + 6, 3)
    assert all(part.std() > 3 for part in (picture[:600, :800], picture[:600, 820:], picture[640:, 900:]))


def test_pictures_of_the_panel_end_where_the_panel_does(script):
    pixels = np.full((300, 40, 3), 239, np.uint8)
    pixels[20:100, 5:30] = 0
    cropped = script("picture_panel").without_empty_end(Image.fromarray(pixels))
    assert cropped.size == (40, 109)
