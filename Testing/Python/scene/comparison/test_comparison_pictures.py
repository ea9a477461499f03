"""Two maps and their difference, drawn by Slicer's own display code.

The picture is left in ``test-output/comparison``: look at it.
"""

from __future__ import annotations

import numpy as np
import pytest

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene.comparison.comparison import compare_maps
from UMambaXAILogic.scene.comparison.layout_description import COMPARISON_VIEWS
from UMambaXAILogic.scene.comparison.maps import MapChoice
from UMambaXAILogic.scene.comparison.views import show_side_by_side, slice_view
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.pictures import write_png
from UMambaXAILogic.scene.result_view import ResultView
from UMambaXAILogic.scene.views import SliceView, check_rendering

WIDTH, HEIGHT = 480, 400
SHAPE = (40, 48, 56)
AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture(scope="module", autouse=True)
def opengl():
    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")


def around(j: int, i: int) -> np.ndarray:
    """A map around an axis, falling off along it."""
    k, rows, columns = np.indices(SHAPE)
    return (np.exp(-((rows - j) ** 2 + (columns - i) ** 2) / 40.0) * (1 - k / 60.0)).astype(np.float32)


@pytest.fixture
def comparison(scene, add_volume, write_result, tmp_path):
    """Two methods: both see the left vessel, only A the upper one, only B the lower one."""
    k, j, i = np.indices(SHAPE)
    vessels = [((j - row) ** 2 + (i - column) ** 2 <= 16) for row, column in ((24, 14), (12, 40), (36, 40))]
    truth = np.any(vessels, axis=0).astype(np.uint8)
    volume = add_volume(300 * truth.astype(np.int16) + np.int16(40) + (5 * (i % 8)).astype(np.int16), AFFINE)
    volume.CreateDefaultDisplayNodes()
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    volume.GetDisplayNode().SetWindowLevelMinMax(-100, 500)
    grid = Grid(SHAPE[::-1], AFFINE)
    write_array(truth, grid, tmp_path / "gt.nrrd")
    both, only_a, only_b = around(24, 14), around(12, 40), around(36, 40)
    found = []
    for method, attention in (("seg-xres-cam", both + only_a), ("dea", both + 0.8 * only_b)):
        folder = tmp_path / method
        files = write_result(truth, np.clip(attention, 0, 1), AFFINE, truth, folder=folder)
        truth_file = GroundTruthFile(tmp_path / "gt.nrrd", (1,))
        request = ImportRequest(volume.GetID(), grid, files, "demo", method, 0.3, truth_file)
        found.append(MapChoice(ResultImport(scene, request).run().view.nodes))
    ResultView(found[0].nodes).show(attention="overlay", truth="outline", prediction="off")
    return compare_maps(*found, 0.3)


@pytest.fixture
def picture(comparison, application, scene, repository):
    """A, B and the difference side by side, (rows, columns, RGB) each."""
    red = SliceView(application, "Red", "Axial", WIDTH, HEIGHT)  # elsewhere predictions may be filled
    views = [SliceView(application, tag, "Axial", WIDTH, HEIGHT, slice_view(scene, tag)) for tag in COMPARISON_VIEWS]
    show_side_by_side(comparison)
    parts = [view.draw() for view in views]
    folder = repository / "test-output" / "comparison"
    folder.mkdir(parents=True, exist_ok=True)
    write_png(folder / "side-by-side.png", np.concatenate(parts, 1))
    yield [part.astype(int) for part in parts]
    for view in (*views, red):
        view.close()


def at(part: np.ndarray, j: int, i: int) -> np.ndarray:
    """The colour of a voxel in a view that shows the whole slice, anterior up and the patient's right on the left."""
    scale = 1.05 * max(SHAPE[2] / WIDTH, SHAPE[1] / HEIGHT)
    column = WIDTH / 2 + (i + 0.5 - SHAPE[2] / 2) / scale
    row = HEIGHT / 2 + (j + 0.5 - SHAPE[1] / 2) / scale
    return part[int(row) - 2 : int(row) + 3, int(column) - 2 : int(column) + 3].mean((0, 1))


def test_each_map_is_in_its_view_and_the_difference_says_whose_is_stronger(picture):
    first, second, difference = picture
    assert np.abs(at(first, 24, 14) - at(second, 24, 14)).max() < 12  # alike
    assert at(first, 12, 40)[0] - at(second, 12, 40)[0] > 20 > abs(at(first, 12, 40)[0] - at(first, 24, 14)[0])
    alike, only_a, only_b = (at(difference, *place) for place in ((24, 14), (12, 40), (36, 40)))
    assert np.ptp(alike) < 20  # grey
    assert only_a[0] - only_a[2] > 50 and only_b[2] - only_b[0] > 50
