"""The map of a result in the scene is judged by the worker."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np

from UMambaXAILogic.engine.content_fingerprint import content_fingerprint
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.judge_request import JudgeRequest
from UMambaXAILogic.engine.request import Request
from UMambaXAILogic.engine.volume_io import read_volume
from UMambaXAILogic.interaction import Command, SubprocessRunner
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import image_data, local_grid, vtk_matrix
from UMambaXAILogic.scene.headless import start_headless_slicer
from UMambaXAILogic.scene.import_request import ImportRequest
from UMambaXAILogic.scene.import_results import ResultImport
from UMambaXAILogic.scene_calls.badges import badges_call
from UMambaXAILogic.scene_calls.case import case_call
from UMambaXAILogic.scene_calls.options import Options
from UMambaXAILogic.scene_calls.results import case_result

SHAPE = (6, 7, 8)
#: Oblique, and with digits that formats round.
ANGLE = np.deg2rad(11.3)
AFFINE = np.array(
    [
        [0.4567891 * np.cos(ANGLE), -0.4567891 * np.sin(ANGLE), 0, 12.345678901],
        [0.4567891 * np.sin(ANGLE), 0.4567891 * np.cos(ANGLE), 0, -98.7654321],
        [0, 0, 1.1138, 7.0],
        [0, 0, 0, 1],
    ]
)
GATE = {"name": "parameter_randomisation", "passed": True, "value": 0.1, "limit": 0.5, "text": "Another map."}
METRICS = {
    "model": {"labels": {"background": 0, "vessel": 1}},
    "target": {"label": 1, "name": "vessel"},
    "attribution": {"method": "seg-xres-cam", "layers": ["encoder.1"]},
    "segmentation": {"pm_voxels": 3, "gt_voxels": None, "dice": None},
    "alignment": [],
    "gap": None,
    "verdict": {"name": "inconclusive", "reasons": []},
    "warnings": [],
    "badges": None,
    "gate_version": None,
}
#: Gives the badge to whatever it is shown.
WORKER = """
    import json, sys
    from pathlib import Path
    request = json.loads(Path(sys.argv[1]).read_text())
    assert request["kind"] == "badges" and Path(request["volume"]).is_file()
    metrics = Path(request["folder"]) / "metrics.json"
    body = json.loads(metrics.read_text()) | {"badges": [GATE], "gate_version": 1}
    metrics.write_text(json.dumps(body))
    print(json.dumps({"v": 1, "type": "hello", "pid": 1, "versions": {}}), flush=True)
    print(json.dumps({"v": 1, "type": "result", "folder": request["folder"], "files": {"metrics": "metrics.json"}}))
"""


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


@pytest.fixture
def volume(scene):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
    values = np.random.default_rng(0).integers(-1000, 2000, SHAPE).astype(np.int16)
    node.SetAndObserveImageData(image_data(values))
    node.SetIJKToRASMatrix(vtk_matrix(AFFINE))
    return node


@pytest.fixture
def result(scene, volume, tmp_path):
    grid, folder = local_grid(volume), tmp_path / "result"
    folder.mkdir()
    prediction = np.zeros(SHAPE, np.uint8)
    prediction[2:4, 2:5, 2:5] = 1
    write_array(prediction, grid, folder / "segmentation.nrrd")
    write_array(prediction.astype(np.float32), grid, folder / "attention.nrrd")
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    (folder / "slices.csv").write_text("slice,position_s_mm,dice,xai_gt_f1,xai_pm_f1,category\n")
    files = {name: folder / f"{name}.nrrd" for name in ("segmentation", "attention")}
    files |= {"metrics": folder / "metrics.json", "slices": folder / "slices.csv"}
    request = ImportRequest(volume.GetID(), grid, files, "demo", "seg-xres-cam", 0.3, None, temporary=True)
    return case_result(ResultImport(scene, request).run(), [])


@pytest.fixture
def logic(scene, tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER).replace("GATE", repr(GATE)))
    environment = SimpleNamespace(
        is_ready=True, worker_command=lambda request: Command(sys.executable, (str(script), str(request)))
    )
    return UMambaXAILogic(scene, SubprocessRunner, environment)


def written(call) -> str:
    """The request, once its files are written."""
    try:
        while True:
            next(call.request)
    except StopIteration as done:
        return done.value


def test_badges_reach_the_numbers_and_the_legend(result, logic):
    result.view.show(attention="overlay")
    legend = result.view.nodes.get("legend")
    assert legend.GetTitleText().endswith("sanity: not judged")
    assert logic.judge(result, model="demo") == [GATE]
    assert result.metrics["badges"] == [GATE]
    assert result.view.nodes.metrics == {**METRICS, "badges": [GATE], "gate_version": 1}
    assert legend.GetTitleText().endswith("sanity: passed")


def test_judging_does_not_block(result, logic):
    job = logic.startJudge(result)
    assert job.wait(60) and job.error is None
    assert job.result == [GATE]


def test_the_volume_is_the_one_that_was_explained(scene, volume, result, tmp_path):
    """What a run and a judgement write of a volume counts as the same content."""
    for name in ("run", "judged"):
        (tmp_path / name).mkdir()
    run = Request.from_json(written(case_call(volume, "demo", None, 0.3, Options(), scene)(tmp_path / "run")))
    judged = JudgeRequest.from_json(written(badges_call(result, "demo")(tmp_path / "judged")))
    assert (judged.folder / "metrics.json").is_file() and judged.model == "demo"

    def content(path: Path) -> str:
        case = SimpleNamespace(volume=read_volume(path)[0], ground_truth=None, region=None)
        return content_fingerprint(run, "m", case)

    assert content(run.volume) == content(judged.volume)
    volume.GetImageData().GetPointData().GetScalars().SetTuple1(5, 1234)
    (tmp_path / "changed").mkdir()
    changed = JudgeRequest.from_json(written(badges_call(result, "demo")(tmp_path / "changed")))
    assert content(run.volume) != content(changed.volume)


def test_what_has_no_map_or_no_volume_is_refused_at_once(result, logic, scene, volume):
    without = SimpleNamespace(view=result.view, attentionNode=None)
    with pytest.raises(InputError, match="no attention map"):
        logic.judge(without)
    scene.RemoveNode(volume)
    with pytest.raises(InputError, match="volume was removed"):
        logic.judge(result)
