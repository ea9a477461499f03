"""A benchmark from the console: what the worker is asked, and what becomes of its answer."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np

from UMambaXAILogic.engine.benchmark import BenchmarkRequest
from UMambaXAILogic.engine.benchmark.request import DEFAULT_METHODS
from UMambaXAILogic.engine.errors import CancelledError, InputError, ModelError, UsageError
from UMambaXAILogic.engine.request import MethodChoice
from UMambaXAILogic.engine.volume_io import read_volume
from UMambaXAILogic.interaction import Command, SubprocessRunner
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene.grid import image_data
from UMambaXAILogic.scene.headless import start_headless_slicer
from UMambaXAILogic.scene.import_benchmark import find_benchmarks
from UMambaXAILogic.scene_calls.benchmark import benchmark_call
from UMambaXAILogic.scene_calls.benchmark_options import benchmark_options_from

SHAPE = (6, 7, 8)
#: Answers with the benchmark that it was given; the model "wrong" is none, with "hang" it waits to be stopped.
WORKER = """
    import json, os, sys, threading, time
    from pathlib import Path
    def say(kind, **fields):
        print(json.dumps({"v": 1, "type": kind, **fields}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(130)), daemon=True).start()
    request = json.loads(Path(sys.argv[1]).read_text())
    Path("ASKED").write_text(json.dumps(request))
    case = request["case"] if request["kind"] == "benchmark" else request["benchmark"]["case"]
    say("hello", pid=os.getpid(), versions={})
    say("stage", name="faithfulness")
    while case["model"] == "hang":
        time.sleep(0.01)
    if case["model"] == "wrong":
        say("error", code="model", message="It is no model.", remedy="Choose another.")
        sys.exit(4)
    folder = Path(case["output"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmark.json").write_text(Path("BODY").read_text())
    say("warning", code="within_budget", message="It gets less.")
    say("result", folder=str(folder), files={"benchmark": "benchmark.json"})
"""


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


@pytest.fixture
def volume(scene):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
    node.SetAndObserveImageData(image_data(np.random.default_rng(0).integers(-1000, 2000, SHAPE).astype(np.int16)))
    return node


@pytest.fixture
def logic(scene, tmp_path, benchmark_body):
    (tmp_path / "body.json").write_text(json.dumps(benchmark_body()))
    code = WORKER.replace("ASKED", str(tmp_path / "asked.json")).replace("BODY", str(tmp_path / "body.json"))
    (tmp_path / "worker.py").write_text(textwrap.dedent(code))
    environment = SimpleNamespace(
        is_ready=True,
        worker_command=lambda request: Command(sys.executable, (str(tmp_path / "worker.py"), str(request))),
    )
    return UMambaXAILogic(scene, SubprocessRunner, environment)


@pytest.fixture
def asked(tmp_path):
    return lambda: BenchmarkRequest.from_json((tmp_path / "asked.json").read_text())


def written(call) -> BenchmarkRequest:
    """The request, once its files are written."""
    try:
        while True:
            next(call.request)
    except StopIteration as done:
        return BenchmarkRequest.from_json(done.value)


def test_it_blocks_until_the_table_is_below_the_volume(logic, volume, asked):
    judged = logic.benchmark(volume)
    assert [row["name"] for row in judged.rows] == ["seg-xres-cam@2", "mine", "random", "grad-x-input"]
    assert judged.rows[0]["faithfulness"] == 0.61 and judged.rows[-1]["faithfulness"] is None
    assert judged.tableNode.GetNumberOfRows() == 4
    assert judged.deletionChartNode.GetNumberOfPlotSeriesNodes() == 3
    assert judged.insertionTableNode.GetNumberOfRows() == 6
    assert judged.folder is None and judged.folderItem
    assert judged.warnings == [("within_budget", "It gets less.")]
    request = asked()
    assert [request.case.method, *map(str, request.case.other_methods)] == list(DEFAULT_METHODS)
    assert request.axes == ("robustness", "sanity") and request.budget == 50 and request.case.case == "CTA"
    again = logic.benchmark(volume, methods=["dea"], budget=10)
    assert not logic._sceneNow().IsNodePresent(judged.tableNode)
    assert logic._sceneNow().IsNodePresent(again.tableNode)


def test_everything_that_is_asked_travels(logic, volume, scene, asked, tmp_path):
    own = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "my map")
    own.SetAndObserveImageData(image_data(np.random.default_rng(1).random(SHAPE).astype(np.float32)))
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box")
    roi.SetSize(4, 4, 4)
    options = benchmark_options_from(
        {
            "methods": ["seg-xres-cam@2", "occlusion"],
            "baselines": [],
            "axes": ("sanity",),
            "fill": "blur",
            "budget": 9,
            "seed": 3,
            "mapNodes": {"mine": own},
            "regionNode": roi,
            "maxRegions": 7,
            "at": (1, 2, 3),
        }
    )
    request = written(benchmark_call(volume, "demo", None, tmp_path / "kept", options)(tmp_path))
    assert (request.case.method, request.case.pool) == ("seg-xres-cam", 2)
    assert request.case.other_methods == (MethodChoice("occlusion"),)
    assert (request.baselines, request.axes, request.fill, request.budget, request.seed) == (
        (),
        ("sanity",),
        "blur",
        9,
        3,
    )
    assert request.case.method_options.max_regions == 7 and request.case.output == tmp_path / "kept"
    assert request.case.region is not None and request.case.target.part.point_mm_ras == (1, 2, 3)
    ((name, path),) = request.maps
    assert name == "mine"
    assert np.array_equal(read_volume(path)[0].array, image_array_of(own))


def image_array_of(node) -> np.ndarray:
    from UMambaXAILogic.scene.grid import image_array

    return image_array(node.GetImageData())


def test_files_are_kept_where_somebody_wants_them(logic, volume, tmp_path):
    judged = logic.benchmark(volume, outputFolder=tmp_path / "kept")
    assert judged.folder == tmp_path / "kept" and (tmp_path / "kept" / "benchmark.json").is_file()
    loaded = logic.loadBenchmark(tmp_path / "kept")
    assert loaded.rows == judged.rows and loaded.folderItem == 0
    assert loaded.tableNode is not judged.tableNode


def test_it_need_not_block_and_can_be_cancelled(logic, volume, scene):
    job = logic.startBenchmark(volume)
    assert job.wait(60) and job.error is None and len(job.result.rows) == 4
    job = logic.startBenchmark(volume, model="hang")
    job.progressed.connect(lambda stage, *_: job.cancel() if stage == "faithfulness" else None)
    assert job.wait(60)
    assert isinstance(job.error, CancelledError)
    assert len(find_benchmarks(scene)) == 1


def test_what_the_worker_refuses_is_raised_and_the_scene_stays(logic, volume, scene):
    with pytest.raises(ModelError, match="no model"):
        logic.benchmark(volume, model="wrong")
    assert not find_benchmarks(scene)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"methods": "dea"}, UsageError),
        ({"methods": []}, UsageError),
        ({"method": "dea"}, UsageError),
        ({"badges": True}, UsageError),
        ({"budget": 1}, UsageError),
        ({"axes": ["beauty"]}, UsageError),
        ({"baselines": ["luck"]}, UsageError),
        ({"targetKind": "fp"}, UsageError),
        ({"mapNodes": {"mine": None}}, InputError),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(logic, volume, options, error):
    with pytest.raises(error):
        logic.startBenchmark(volume, **options)


def test_a_map_on_another_grid_is_refused_by_its_name(logic, volume, scene):
    own = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "my map")
    own.SetAndObserveImageData(image_data(np.zeros((2, 2, 2), np.float32)))
    with pytest.raises(InputError, match="The map 'my map' lies on another grid than the volume 'CTA'"):
        logic.startBenchmark(volume, mapNodes={"mine": own})


def test_a_cohort_is_asked_for_with_the_same_settings(logic, tmp_path):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("case,volume\na,a.nii.gz\n")
    judged = logic.benchmarkCohort(manifest, outputFolder=tmp_path / "out", methods=["dea"], workers=2, axes=[])
    body = json.loads((tmp_path / "asked.json").read_text())
    assert body["kind"] == "benchmark_cohort"
    assert Path(body["cohort"]["manifest"]) == manifest and body["cohort"]["workers"] == 2
    assert body["benchmark"]["case"] == body["cohort"]["template"] and body["benchmark"]["axes"] == []
    assert judged.folder == tmp_path / "out"
    for option in ({"mapNodes": {}}, {"regionNode": None}):
        with pytest.raises(UsageError):
            logic.benchmarkCohort(manifest, outputFolder=tmp_path / "out", **option)
