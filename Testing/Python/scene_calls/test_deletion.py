"""The deletion curve of a result in the scene: asked of a worker, growing while it computes, kept with the scene."""

from __future__ import annotations

import json
import math
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from UMambaXAILogic.engine.deletion_request import DeletionRequest
from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.volume_io import read_volume
from UMambaXAILogic.interaction import Command, SubprocessRunner
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene.deletion_curve import deletion_body, deletion_chart, deletion_tables
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import image_data, local_grid
from UMambaXAILogic.scene.headless import start_headless_slicer
from UMambaXAILogic.scene.import_request import ImportRequest
from UMambaXAILogic.scene.import_results import ResultImport
from UMambaXAILogic.scene.result_view import ResultView, find_results
from UMambaXAILogic.scene.subject_hierarchy import folder_of
from UMambaXAILogic.scene_calls.deletion import deletion_call, deletion_options
from UMambaXAILogic.scene_calls.results import case_result

SHAPE = (6, 7, 8)
METRICS = {
    "model": {"labels": {"background": 0, "vessel": 1}, "sha256": "m"},
    "target": {"label": 1, "name": "vessel"},
    "attribution": {"method": "seg-xres-cam", "layers": ["encoder.1"]},
    "segmentation": {"pm_voxels": 3, "gt_voxels": None, "dice": None},
    "alignment": [],
    "gap": None,
    "verdict": {"name": "inconclusive", "reasons": []},
    "warnings": [],
}
#: Points of a map that finds the evidence and of chance, in the order they are said; waits in the middle for ``go``.
WORKER = """
    import json, sys, time
    from pathlib import Path
    request_file, gate = Path(sys.argv[1]), Path(sys.argv[2])
    request = json.loads(request_file.read_text())
    assert request["kind"] == "deletion"
    say = lambda kind, **fields: print(json.dumps({"v": 1, "type": kind, **fields}), flush=True)
    say("hello", pid=1, versions={})
    say("stage", name="remove")
    names = ("removed", "voxels", "score", "relative", "surviving")
    curves = {
        "map": [(0, 0, 2.0, 1.0, 1.0), (5, 15, -1.0, -0.2, 0.0), (1.25, 4, 0.5, 0.2, 0.1)],
        "random": [(0, 0, 2.0, 1.0, 1.0), (5, 15, 1.8, 0.9, 1.0), (1.25, 4, 1.9, None, 1.0)],
    }
    for number in range(3):
        for name, points in curves.items():
            say("point", curve=name, values=dict(zip(names, points[number])))
        while number == 1 and not gate.exists():
            if request["seed"] == 9:
                say("error", code="memory_exhausted", message="Too large.", remedy="Crop.")
                sys.exit(5)
            time.sleep(0.02)
    columns = lambda points: {name: list(values) for name, values in zip(names, zip(*sorted(points)))}
    body = {
        "settings": {"map": request["map"], "points": request["points"]},
        "curves": [{"name": name, "title": name, "area": 0.2 + 0.7 * (name != "map"), **columns(points)}
                   for name, points in curves.items()],
        "verdict": {"name": "carries", "text": "The map's most attributed voxels carry the score."},
    }
    (request_file.parent / "deletion.json").write_text(json.dumps(body))
    say("result", folder=str(request_file.parent), files={"deletion": "deletion.json"})
"""


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


@pytest.fixture
def add_result(scene, tmp_path):
    """Adds a result on a volume: add_result(method, volume=None)."""

    def add(method: str = "seg-xres-cam", volume=None):
        if volume is None:
            volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
            volume.SetAndObserveImageData(image_data(np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)))
        grid, folder = local_grid(volume), tmp_path / method
        (folder / "layers").mkdir(parents=True)
        prediction = np.zeros(SHAPE, np.uint8)
        prediction[2:4, 2:5, 2:5] = 1
        attention = np.random.default_rng(len(method)).random(SHAPE).astype(np.float32)
        write_array(prediction, grid, folder / "segmentation.nrrd")
        write_array(attention, grid, folder / "attention.nrrd")
        write_array(attention**2, grid, folder / "layers" / "attention.encoder.1.nrrd")
        (folder / "metrics.json").write_text(json.dumps(METRICS))
        (folder / "slices.csv").write_text("slice,position_s_mm,dice,xai_gt_f1,xai_pm_f1,category\n")
        files = {name: folder / f"{name}.nrrd" for name in ("segmentation", "attention")}
        files |= {"metrics": folder / "metrics.json", "slices": folder / "slices.csv"}
        request = ImportRequest(volume.GetID(), grid, files, "demo", method, 0.3, None, temporary=True)
        return case_result(ResultImport(scene, request).run(), [])

    return add


@pytest.fixture
def result(add_result):
    return add_result()


@pytest.fixture
def gate(tmp_path) -> Path:
    return tmp_path / "go"


@pytest.fixture
def logic(scene, tmp_path, gate):
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    environment = SimpleNamespace(
        is_ready=True, worker_command=lambda request: Command(sys.executable, (str(script), str(request), str(gate)))
    )
    return UMambaXAILogic(scene, SubprocessRunner, environment)


def drawn_until(job, condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline and not job.is_over, (job.error, job.log_lines)
        job.wait(0.02)


def column(table, name: str) -> list[float]:
    return list(vtk_to_numpy(table.GetTable().GetColumnByName(name)))


def names(scene) -> list[str]:
    return sorted(scene.GetNthNode(index).GetName() or "" for index in range(scene.GetNumberOfNodes()))


def test_the_curve_comes_as_chart_tables_and_words(result, logic, gate):
    gate.touch()
    curve = logic.deletionCurve(result)
    assert curve.area == 0.2 and curve.referenceAreas == {"random": pytest.approx(0.9)}
    assert curve.verdict.endswith("carry the score.")
    assert list(curve.tableNodes) == ["map", "random"]
    assert column(curve.tableNodes["map"], "removed") == [0, 1.25, 5]
    assert column(curve.tableNodes["map"], "relative") == [1, 0.2, -0.2]
    assert math.isnan(column(curve.tableNodes["random"], "relative")[1])
    chart = curve.chartNode
    assert chart is deletion_chart(result.view.nodes) and deletion_body(result.view.nodes) == curve.body
    lines = [chart.GetNthPlotSeriesNode(index) for index in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [line.GetName() for line in lines] == ["Map", "Map: segmented", "Random"]
    assert [line.GetYColumnName() for line in lines] == ["relative", "surviving", "relative"]
    assert chart.GetXAxisRange() == (0.0, pytest.approx(5.1)) and chart.GetYAxisRange()[0] <= -0.2
    for node in (chart, *lines, *curve.tableNodes.values()):
        assert folder_of(slicer.mrmlScene, node) == folder_of(slicer.mrmlScene, result.segmentationNode)


def test_points_are_in_the_scene_before_the_worker_has_ended(result, logic, gate):
    batches = []
    job = logic.startDeletionCurve(result)
    job.plotted.connect(lambda points: batches.append(len(points)))
    nodes = result.view.nodes
    drawn_until(job, lambda: sum(batches) == 4)
    chart = deletion_chart(nodes)
    assert chart is not None and deletion_body(nodes) is None
    table = chart.GetNthPlotSeriesNode(0).GetTableNode()
    assert column(table, "removed") == [0, 5] and len(batches) <= 4
    gate.touch()
    assert job.wait(30) and job.error is None
    assert deletion_chart(nodes) is chart is job.result.chartNode
    assert column(table, "removed") == [0, 1.25, 5] and job.progress == pytest.approx(1)


def test_a_second_curve_takes_the_place_of_the_first(result, logic, gate, scene):
    gate.touch()
    first = logic.deletionCurve(result)
    count = scene.GetNumberOfNodes()
    second = logic.deletionCurve(result, layer="encoder.1")
    assert not scene.IsNodePresent(first.chartNode) and scene.IsNodePresent(second.chartNode)
    assert second.body["settings"]["map"] == "encoder.1" and "encoder.1" in second.chartNode.GetTitle()
    layer_map = 2  # volume and display node of the layer that was looked at
    assert scene.GetNumberOfNodes() <= count + layer_map


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_what_ends_without_a_result_leaves_the_earlier_curve(result, logic, gate, scene, how):
    gate.touch()
    first = logic.deletionCurve(result)
    gate.unlink()
    before = names(scene)
    job = logic.startDeletionCurve(result, seed=9 if how == "failed" else 0)
    if how == "cancelled":
        drawn_until(job, lambda: deletion_chart(result.view.nodes) is not first.chartNode)
        job.cancel()
    assert job.wait(30) and job.state == how
    assert names(scene) == before
    assert deletion_chart(result.view.nodes) is first.chartNode
    assert deletion_tables(result.view.nodes) == first.tableNodes


def test_a_result_that_is_removed_meanwhile_ends_it_with_words(result, logic, scene):
    job = logic.startDeletionCurve(result)
    drawn_until(job, lambda: deletion_chart(result.view.nodes) is not None)
    record = result.view.nodes.record
    scene.RemoveNode(record)
    job._on_point(SimpleNamespace(curve="map", values={"removed": 3.0}))
    assert job.wait(30) and job.state == "failed"
    assert "removed from the scene" in job.error.message
    assert not [name for name in names(scene) if "deletion" in name]


def test_the_scene_keeps_it(result, logic, gate, scene, tmp_path):
    gate.touch()
    curve = logic.deletionCurve(result)
    for node in [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]:
        if node.IsA("vtkMRMLStorableNode") and not node.IsA("vtkMRMLTableNode"):
            node.SetSaveWithScene(False)
    scene.SetRootDirectory(str(tmp_path))
    for table in curve.tableNodes.values():
        table.AddDefaultStorageNode()
        table.GetStorageNode().SetFileName(str(tmp_path / f"{table.GetID()}.tsv"))
        assert table.GetStorageNode().WriteData(table)
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    scene.Clear(0)
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Import()
    nodes = find_results(scene)[-1]
    assert deletion_body(nodes) == curve.body
    assert column(deletion_tables(nodes)["map"], "relative") == [1, 0.2, -0.2]
    chart = deletion_chart(nodes)
    assert chart.GetNthPlotSeriesNode(0).GetTableNode() is deletion_tables(nodes)["map"]


def written(call) -> DeletionRequest:
    """The request, once its files are written."""
    try:
        while True:
            next(call.request)
    except StopIteration as done:
        return DeletionRequest.from_json(done.value)


def test_the_map_of_another_method_is_asked_for_what_this_result_scores(result, add_result, tmp_path):
    other = add_result("seg-grad-cam", result.volumeNode)
    work = tmp_path / "work"
    work.mkdir()
    asked = written(deletion_call(result, "demo", deletion_options({"mapOf": ResultView(other.view.nodes)}))(work))
    assert json.loads((asked.result.folder / "metrics.json").read_text()) == METRICS
    assert asked.map == "demo, seg-grad-cam"
    expected = np.random.default_rng(len("seg-grad-cam")).random(SHAPE).astype(np.float32)
    np.testing.assert_array_equal(read_volume(asked.map_file)[0].array, expected)


def test_a_baseline_needs_no_file(result, tmp_path):
    asked = written(deletion_call(result, "demo", deletion_options({"baseline": "intensity", "points": 5}))(tmp_path))
    assert (asked.map, asked.map_file, asked.points) == ("intensity", None, 5)


def test_what_cannot_be_drawn_is_refused_at_once(result, add_result, logic):
    with pytest.raises(UsageError, match="no option 'steps'"):
        logic.startDeletionCurve(result, steps=3)
    with pytest.raises(UsageError, match="points"):
        logic.startDeletionCurve(result, points=1)
    with pytest.raises(UsageError, match="layer"):
        logic.startDeletionCurve(result, layer="encoder.9")
    with pytest.raises(UsageError, match="another map too"):
        logic.startDeletionCurve(result, layer="encoder.1", baseline="intensity")
    with pytest.raises(InputError, match="another volume"):
        logic.startDeletionCurve(result, mapOf=add_result("seg-grad-cam"))
    slicer.mrmlScene.RemoveNode(result.view.nodes.record)
    with pytest.raises(InputError, match="removed"):
        logic.startDeletionCurve(result)
