"""Each way to show a result, drawn by Slicer's own display code.

The pictures are left in ``test-output/result-view``: look at them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene.colors import FALSE_NEGATIVE, FALSE_POSITIVE, GROUND_TRUTH, TRUE_POSITIVE
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.pictures import write_png
from UMambaXAILogic.scene.result_view.views import projection_view, three_d_view
from UMambaXAILogic.scene.views import SliceView, ThreeDView, check_rendering

SIZE = 420
SHAPE = (40, 48, 56)  # k, j, i: voxels of 1 mm


@pytest.fixture(scope="module")
def opengl():
    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")


@pytest.fixture
def masks():
    """A vessel that is found, one that is missed, one that is invented; attention on the first, falling off."""
    k, j, i = np.indices(SHAPE)
    found = (j - 24) ** 2 + (i - 20) ** 2 <= 16
    missed = ((j - 12) ** 2 + (i - 40) ** 2 <= 9) & (k > 6)
    invented = ((j - 38) ** 2 + (i - 42) ** 2 <= 9) & (k < 30)
    attention = np.exp(-((j - 24) ** 2 + (i - 20) ** 2) / 40.0) * (1 - k / 60.0)
    return (found | invented).astype(np.uint8), (found | missed).astype(np.uint8), attention.astype(np.float32)


@pytest.fixture
def page(application, scene, add_volume, write_result, masks, tmp_path, repository, opengl):
    """Draws a state: page(name, **state) -> the slice, the 3-D view and the projection, (rows, columns, RGB) each."""
    prediction, truth, attention = masks
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    volume = add_volume(300 * (prediction | truth).astype(np.int16) + np.int16(40), affine)
    volume.CreateDefaultDisplayNodes()
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    volume.GetDisplayNode().SetWindowLevelMinMax(-100, 500)
    grid = Grid(SHAPE[::-1], affine)
    write_array(truth, grid, tmp_path / "gt.nrrd")
    files = write_result(prediction, attention, affine, truth, metrics={"badges": None})
    (tmp_path / "result" / "layers").mkdir()
    write_array(attention**4, grid, tmp_path / "result" / "layers" / "attention.encoder.2.nrrd")
    truth_file = GroundTruthFile(tmp_path / "gt.nrrd", (1,))
    request = ImportRequest(volume.GetID(), grid, files, "demo", "seg-xres-cam", 0.3, truth_file)
    view = ResultImport(scene, request).run().view
    three_d = ThreeDView(application, SIZE, SIZE, three_d_view(scene))
    projection = ThreeDView(application, SIZE, SIZE, projection_view(scene))
    axial = SliceView(application, "Red", "Axial", SIZE, SIZE)
    axial.logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
    axial.show((-28.0, -24.0, 10.0), 56.0)
    corners = np.array([[-56.0, -48.0, 0.0], [0.0, 0.0, 40.0]])
    folder = repository / "test-output" / "result-view"
    folder.mkdir(parents=True, exist_ok=True)

    def draw(name: str, **state):
        view.show(**state)
        projection.draw()  # its first image resets the camera
        for one in (three_d, projection):
            one.look(corners, (0.4, -0.9, -0.5), (10, 30, SIZE - 90, SIZE - 10))
        parts = [axial.draw(), three_d.draw(), projection.draw()]
        write_png(Path(folder / f"{name}.png"), np.concatenate(parts, 1))
        return [part.astype(int) for part in parts]

    yield draw
    for one in (three_d, projection, axial):
        one.close()


def near(picture, color, tolerance=0.16) -> int:
    """Pixels of about a colour, in [0, 1]."""
    return int((np.abs(picture / 255 - np.array(color)) < tolerance).all(-1).sum())


def changed(first, second) -> float:
    return float((np.abs(first - second) > 12).any(-1).mean())


def test_every_mode_is_seen_where_it_belongs_and_nowhere_else(page):
    off = {"attention": (), "prediction": "off", "truth": "off", "errors": False}
    nothing = page("0-nothing", **off)
    seen = {}
    for number, (name, state) in enumerate(
        {
            "overlay": {"attention": "overlay"},
            "contours": {"attention": "contours"},
            "surface": {"attention": "surface"},
            "cloud": {"attention": "cloud"},
            "projection": {"attention": "projection"},
            "prediction-outline": {"prediction": "outline"},
            "prediction-fill": {"prediction": "fill"},
            "truth-outline": {"truth": "outline"},
            "truth-fill": {"truth": "fill"},
            "errors": {"errors": True},
        }.items(),
        1,
    ):
        seen[name] = page(f"{number}-{name}", **{**off, **state})
    parts = {
        name: [changed(*pair) > 0.003 for pair in zip(nothing, picture, strict=True)] for name, picture in seen.items()
    }
    assert parts["surface"][:2] == parts["cloud"][:2] == [False, True]
    assert not parts["cloud"][2]
    assert parts["projection"] == [False, False, True]
    for name in ("overlay", "contours"):
        assert parts[name][:2] == [True, False], name
    for name in ("prediction-outline", "prediction-fill", "truth-outline", "truth-fill", "errors"):
        assert parts[name][:2] == [True, True], name
    both = page("11-projection-beside-surface", **{**off, "attention": ("surface", "projection"), "truth": "fill"})
    assert near(both[2], GROUND_TRUTH, 0.3) == 0 and changed(both[2], nothing[2]) > 0.003
    assert changed(both[2][:, : SIZE - 130], seen["projection"][2][:, : SIZE - 130]) < 0.001  # but for the legend
    again = page("0-nothing", **off)
    assert all(changed(a, b) == 0 for a, b in zip(nothing, again, strict=True))  # all of it went away


def test_errors_have_their_colours_in_three_dimensions_and_truth_has_its_own(page):
    _, errors, _ = page("errors-3d", attention=(), truth="off", prediction="off", errors=True)
    assert near(errors, FALSE_POSITIVE, 0.3) > 200
    assert near(errors, FALSE_NEGATIVE, 0.3) > 200
    assert near(errors, TRUE_POSITIVE, 0.3) > 200
    _, surface, _ = page("surface-with-missed", attention="surface", truth="outline", errors=False)
    assert near(surface, GROUND_TRUTH, 0.25) > 200


def test_threshold_opacity_and_layer_are_seen_at_once(page):
    low = page("threshold-0.2", attention=("overlay", "surface"), truth="off", threshold=0.2)
    high = page("threshold-0.7", threshold=0.7)
    layer = page("layer", threshold=0.2, layer="encoder.2")
    faint = page("opacity-0.2", layer="mean", opacity=0.2)
    assert changed(low[0], high[0]) > 0.01 and changed(low[1], high[1]) > 0.01
    assert changed(low[0], layer[0]) > 0.01 and changed(low[1], layer[1]) > 0.01
    assert changed(low[0], faint[0]) > 0.01
