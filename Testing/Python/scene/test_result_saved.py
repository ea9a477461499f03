"""A scene that is saved with a result in sight looks the same when it is loaded again, down to chart and tables.

The pictures are left in ``test-output/result-view``: look at them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer
import vtk

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.picture_chart import draw_chart
from UMambaXAILogic.scene.pictures import write_png
from UMambaXAILogic.scene.result_view import ResultView, find_results
from UMambaXAILogic.scene.result_view.views import projection_view, three_d_view
from UMambaXAILogic.scene.slice_cursor import mark_position
from UMambaXAILogic.scene.subject_hierarchy import folder_of, subject_hierarchy
from UMambaXAILogic.scene.views import SliceView, ThreeDView, check_rendering

SIZE = 300
SHAPE = (30, 36, 42)
AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])

STATES = {
    "slices": {"attention": ("overlay", "contours"), "prediction": "outline", "truth": "fill", "threshold": 0.45},
    "surface": {"attention": ("surface", "projection"), "truth": "outline", "opacity": 0.8},
    "cloud": {"attention": ("cloud",), "truth": "fill", "layer": "encoder.2"},
    "errors": {"attention": (), "truth": "off", "errors": True},
}


@pytest.fixture(scope="module", autouse=True)
def opengl():
    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")


@pytest.fixture
def view(scene, add_volume, write_result, tmp_path):
    """A result with a ground truth and a layer's map."""
    k, j, i = np.indices(SHAPE)
    found = (j - 18) ** 2 + (i - 15) ** 2 <= 16
    truth = (found & (k > 4)) | (((j - 9) ** 2 + (i - 30) ** 2 <= 9) & (k > 6))
    attention = (np.exp(-((j - 18) ** 2 + (i - 15) ** 2) / 40.0) * (1 - k / 50.0)).astype(np.float32)
    prediction = found.astype(np.uint8)
    volume = add_volume(300 * prediction.astype(np.int16) + np.int16(40), AFFINE)
    volume.CreateDefaultDisplayNodes()
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    volume.GetDisplayNode().SetWindowLevelMinMax(-100, 500)
    grid = Grid(SHAPE[::-1], AFFINE)
    files = write_result(prediction, attention, AFFINE, truth.astype(np.uint8))
    write_array(truth.astype(np.uint8), grid, tmp_path / "gt.nrrd")
    (tmp_path / "result" / "layers").mkdir()
    write_array(attention**2, grid, tmp_path / "result" / "layers" / "attention.encoder.2.nrrd")
    truth_file = GroundTruthFile(tmp_path / "gt.nrrd", (1,))
    request = ImportRequest(volume.GetID(), grid, files, "demo", "seg-xres-cam", 0.3, truth_file)
    return ResultImport(scene, request).run().view


class Views:
    """The application's views: there before the result is, and still there when another scene is loaded."""

    def __init__(self, application, folder: Path) -> None:
        self._folder = folder
        make = (three_d_view, projection_view)
        self._three_d = [ThreeDView(application, SIZE, SIZE, one(application.scene)) for one in make]
        self._axial = SliceView(application, "Red", "Axial", SIZE, SIZE)

    def draw(self, name: str, nodes) -> list[np.ndarray]:
        """Pictures of the axial slice, 3-D, MIP and chart, (rows, columns, RGB) each."""
        self._three_d[1].draw()  # its first image resets the camera
        for one in self._three_d:
            one.look(
                np.array([[-42.0, -36.0, 0.0], [0.0, 0.0, 30.0]]), (0.4, -0.9, -0.5), (10, 30, SIZE - 90, SIZE - 10)
            )
        for height in (60.0, 44.0):  # a view that is told where it is already does not place what was loaded
            self._axial.show((-21.0, -18.0, 10.0), height)
        pictures = [one.draw() for one in (self._axial, *self._three_d)]
        pictures.append(draw_chart(nodes.get("chart"), SIZE, SIZE))
        write_png(self._folder / f"{name}.png", np.concatenate(pictures, 1))
        return [picture.astype(int) for picture in pictures]

    def close(self) -> None:
        for one in (self._axial, *self._three_d):
            one.close()


@pytest.fixture
def views(application, repository):
    folder = repository / "test-output" / "result-view"
    folder.mkdir(parents=True, exist_ok=True)
    made = Views(application, folder)
    yield made
    made.close()


def save_and_load(scene, path: Path) -> None:
    """As the application does it: everything that can be stored is, and what was there before is gone."""
    assert scene.WriteToMRB(str(path))
    scene.Clear(False)
    assert not find_results(scene)
    assert scene.ReadFromMRB(str(path), True)


def changed(first: np.ndarray, second: np.ndarray) -> float:
    return float((np.abs(first - second) > 16).any(-1).mean())


@pytest.mark.parametrize("name", list(STATES))
def test_every_view_looks_as_it_did(views, view, scene, tmp_path, name):
    state = view.show(**STATES[name])
    mark_position(view.nodes, 17.0)
    before = views.draw(f"saved-{name}-before", view.nodes)
    save_and_load(scene, tmp_path / "scene.mrb")
    (nodes,) = find_results(scene)
    assert nodes.state == state
    after = views.draw(f"saved-{name}-after", nodes)
    assert [changed(*pair) < 0.005 for pair in zip(before, after, strict=True)] == [True] * 4
    ResultView(nodes).show(**STATES[name])  # showing it again changes nothing either
    again = views.draw(f"saved-{name}-after", nodes)
    assert [changed(*pair) < 0.005 for pair in zip(before, again, strict=True)] == [True] * 4


def table_cells(node) -> list[list[str]]:
    rows, columns = range(node.GetNumberOfRows()), range(node.GetNumberOfColumns())
    return [[node.GetCellText(row, column) for column in columns] for row in rows]


def test_tables_texts_names_codes_and_places_are_kept(view, scene, tmp_path):
    view.show(**STATES["surface"])
    roles = ("slices_table", "metrics_table", "alignment_table")
    tables = {role: table_cells(view.nodes.get(role)) for role in roles}
    found = {role: view.nodes.get(role) for role in view.nodes.roles()}
    names = {role: node.GetName() for role, node in found.items() if node and not node.IsA("vtkMRMLDisplayNode")}
    text = view.nodes.get("metrics").GetText()
    segment = view.nodes.get("segmentation").GetSegmentation().GetNthSegment(0)
    code = terminology_of(segment)
    folder = folder_name(scene, view.nodes.get("segmentation"))
    save_and_load(scene, tmp_path / "scene.mrb")
    (nodes,) = find_results(scene)
    for role in roles:
        node = nodes.get(role)
        assert table_cells(node) == tables[role]
        assert node.GetUseColumnTitleAsColumnHeader() and node.GetLocked()
    assert nodes.get("slices_table").GetColumnTitle("position_s_mm") == "S (mm)"
    assert nodes.get("metrics").GetText() == text
    gone = {"layer_files"}  # where the layers' maps lay: those that were looked at are in the scene
    for role, name in names.items():
        assert role in gone or nodes.get(role).GetName() == name, role
        assert "demo, seg-xres-cam" in name or role == "volume", role
    loaded = nodes.get("segmentation").GetSegmentation().GetNthSegment(0)
    assert loaded.GetName() == segment.GetName() and terminology_of(loaded) == code
    assert folder_name(scene, nodes.get("segmentation")) == folder == "CT: demo, seg-xres-cam"


def terminology_of(segment) -> str:
    tag = slicer.vtkSegment.GetTerminologyEntryTagName()
    value = vtk.reference("")
    assert segment.GetTag(tag, value)
    return str(value)


def folder_name(scene, node) -> str:
    return subject_hierarchy(scene).GetItemName(folder_of(scene, node))


def test_helpers_stay_out_of_the_users_lists(view, scene, tmp_path):
    view.show(**STATES["slices"])
    mark_position(view.nodes, 17.0)
    hidden = hidden_names(scene)
    assert any("colour key" in name for name in hidden) and any("current slice" in name for name in hidden)
    save_and_load(scene, tmp_path / "scene.mrb")
    assert hidden_names(scene) == hidden


def hidden_names(scene) -> set[str]:
    nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    kinds = ("vtkMRMLModelNode", "vtkMRMLTableNode", "vtkMRMLColorTableNode", "vtkMRMLPlotSeriesNode")
    return {node.GetName() for node in nodes if node.GetHideFromEditors() and node.GetClassName() in kinds}


def test_a_second_result_of_another_method_is_kept_apart(view, scene, add_volume, write_result, tmp_path):
    files = write_result(np.ones(SHAPE, np.uint8), np.full(SHAPE, 0.5, np.float32), AFFINE, folder=tmp_path / "second")
    volume = view.nodes.get("volume")
    request = ImportRequest(volume.GetID(), Grid(SHAPE[::-1], AFFINE), files, "demo", "dea", 0.3)
    second = ResultImport(scene, request).run().view
    view.show(**STATES["errors"])
    second.show(attention="contours")
    second.hide()
    save_and_load(scene, tmp_path / "scene.mrb")
    first_again, second_again = find_results(scene)
    assert (first_again.run_name, second_again.run_name) == ("demo, seg-xres-cam", "demo, dea")
    assert first_again.state.errors and not second_again.state.attention
    assert first_again.get("attention") is not second_again.get("attention")
