"""The door for Slicer: cohorts and diagnoses; the worker computes cases by a threshold, and reads them for real."""

from __future__ import annotations

import json
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np
import SimpleITK as sitk

from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.errors import CancelledError, InputError, UsageError
from UMambaXAILogic.interaction import Command, SubprocessRunner
from UMambaXAILogic.interaction.runner import package_parent
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene.grid import image_array
from UMambaXAILogic.scene.headless import start_headless_slicer
from UMambaXAILogic.scene_calls.cohort import manifest_of

#: The real worker, in which a cohort's cases are computed by a threshold instead of a network.
WORKER = """
    import csv, json, sys, time
    from pathlib import Path
    from types import SimpleNamespace
    sys.path.insert(0, {parent!r})
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import SimpleITK as sitk
    from UMambaXAILogic.engine import cohort
    from UMambaXAILogic.engine.worker import process as worker

    def run_cohort(request, reporter):
        out = request.output
        (out / "cases").mkdir(parents=True, exist_ok=True)
        (out / "request.json").write_text(request.to_json())
        reporter.stage("cases")
        rows = list(csv.DictReader(request.manifest.open()))
        table = []
        for number, row in enumerate(rows, 1):
            while request.template.model == "hang":
                time.sleep(0.01)
                reporter.check_cancelled()
            folder = out / "cases" / row["case"]
            folder.mkdir(exist_ok=True)
            image = sitk.ReadImage(str(request.manifest.parent / row["volume"]))
            labels = sitk.Cast(image > 100, sitk.sitkUInt8)
            sitk.WriteImage(labels, str(folder / "segmentation.nii.gz"))
            sitk.WriteImage(sitk.Cast(labels, sitk.sitkFloat32), str(folder / "attention.nii.gz"))
            (folder / "metrics.json").write_text(json.dumps({{
                "model": {{"labels": {{"background": 0, "vessel": 1}}}}, "target": {{"label": 1, "name": "vessel"}},
                "segmentation": {{"pm_voxels": 9, "dice": None}}, "alignment": [], "gap": None, "warnings": [],
                "verdict": {{"name": "inconclusive", "reasons": [], "cutoffs": {{"threshold": 0.3}}}},
                "attribution": {{"method": "seg-grad-cam", "layers": []}}, "domain": None,
            }}))
            header = "slice,position_s_mm,dice,xai_gt_f1,xai_pm_f1,category"
            (folder / "slices.csv").write_text(header + "\\n0,1.5,,,0.5,\\n")
            table.append({{"case": row["case"], "status": "done", "dice": 0.5, "reason": None}})
            reporter.cases(number, 0, len(rows), 1.5)
            reporter.progress(number / len(rows))
        pq.write_table(pa.Table.from_pylist(table), out / "cases.parquet")
        (out / "summary.json").write_text(json.dumps({{
            "done": len(rows), "manifest": "../manifest.csv",
            "settings": {{"resample_ground_truth": False, "ground_truth_labels": None}}}}))
        reporter.warning("several_domains", "Two domains.")
        return SimpleNamespace(folder=out, files={{"cases": out / "cases.parquet", "summary": out / "summary.json"}})

    cohort.run_cohort = run_cohort
    worker.main(["--request", sys.argv[1]])
"""


class FakeEnvironment:
    is_ready = True

    def __init__(self, script: Path) -> None:
        self._script = script

    def worker_command(self, request) -> Command:
        return Command(sys.executable, (str(self._script), str(request)))


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.fixture
def manifest(tmp_path) -> Path:
    """Two cases on oblique grids, one with ground truth."""
    for case in ("a", "b"):
        array = np.zeros((8, 10, 12), np.int16)
        array[2:6, 3:7, 4:9] = 200
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((0.5, 0.6, 0.9))
        image.SetDirection((0.6, -0.8, 0.0, 0.8, 0.6, 0.0, 0.0, 0.0, 1.0))
        sitk.WriteImage(image, str(tmp_path / f"{case}.nii.gz"))
    truth = sitk.Cast(image > 100, sitk.sitkUInt8)
    sitk.WriteImage(truth, str(tmp_path / "a_gt.nii.gz"))
    path = tmp_path / "manifest.csv"
    path.write_text("case,volume,gt\na,a.nii.gz,a_gt.nii.gz\nb,b.nii.gz,\n")
    return path


@pytest.fixture
def runners():
    return []


@pytest.fixture
def logic(scene, temporary, tmp_path, runners):
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER.format(parent=str(package_parent()))), encoding="utf-8")

    def make_runner():
        runners.append(SubprocessRunner())
        return runners[-1]

    return UMambaXAILogic(runnerFactory=make_runner, environment=FakeEnvironment(script))


def test_a_cohort_is_processed_and_its_cases_can_be_looked_at(scene, logic, manifest, tmp_path):
    result = logic.processCohort(manifest, model="demo", outputFolder=tmp_path / "out", workers=1)
    assert result.folder == tmp_path / "out"
    assert result.summary["done"] == 2
    assert [row["case"] for row in result.cases] == ["a", "b"]
    assert result.casesTableNode.GetNumberOfRows() == 2
    assert result.warnings == [("several_domains", "Two domains.")]
    explained = result.loadCase("a")
    assert explained.volumeNode.GetName() == "a"
    assert image_array(explained.volumeNode.GetImageData()).max() == 200
    assert explained.attentionNode is not None
    assert explained.errorsNode is not None
    assert result.loadCase("b").errorsNode is None


def test_every_option_reaches_the_worker(logic, manifest, tmp_path):
    logic.processCohort(
        str(manifest),
        model="some/folder.zip",
        outputFolder=str(tmp_path / "out"),
        threshold=0.35,
        workers=3,
        threads=2,
        restart=True,
        method="seg-grad-cam",
        otherMethods=["seg-xres-cam@2", "seg-xres-cam"],
        targetKind="fn",
        groundTruthLabels=[1, 7],
        resampleGroundTruth=True,
        device="cpu",
        mirror=True,
    )
    request = CohortRequest.from_json((tmp_path / "out" / "request.json").read_text())
    template = request.template
    assert (request.manifest, request.workers, request.threads, request.restart) == (manifest, 3, 2, True)
    assert (template.model, template.reporting_threshold, template.method) == ("some/folder.zip", 0.35, "seg-grad-cam")
    assert [str(method) for method in template.other_methods] == ["seg-xres-cam@2", "seg-xres-cam"]
    assert template.target.kind == "fn"
    assert template.ground_truth_labels == (1, 7)
    assert template.resample_ground_truth
    assert template.mirror
    assert template.output_format == "nii.gz"


def test_started_it_counts_its_cases(logic, manifest, tmp_path):
    job = logic.startProcessCohort(manifest, outputFolder=tmp_path / "out")
    seen = []
    job.progressed.connect(lambda stage, fraction, left: seen.append((job.cases, left)))
    assert job.wait(60)
    assert job.error is None
    assert any(cases is not None and (cases.done, cases.total, left) == (1, 2, 1.5) for cases, left in seen)
    assert job.result.casesTableNode is not None
    loading = job.result.startLoadCase("a")
    assert loading.wait(60)
    assert loading.result.segmentationNode is not None


def test_a_cancel_ends_the_worker(scene, logic, manifest, tmp_path, runners):
    before = scene.GetNumberOfNodes()
    job = logic.startProcessCohort(manifest, model="hang", outputFolder=tmp_path / "out")
    while job.stage != "cases":
        runners[0].pump(0.05)
    started = time.monotonic()
    job.cancel()
    assert job.wait(10)
    assert time.monotonic() - started < 2
    assert isinstance(job.error, CancelledError)
    assert scene.GetNumberOfNodes() == before


def test_a_cohort_that_was_processed_before_is_loaded_wherever_its_manifest_went(scene, logic, manifest, tmp_path):
    logic.processCohort(manifest, outputFolder=tmp_path / "out")
    assert manifest_of(tmp_path / "out") == manifest
    moved = manifest.rename(tmp_path / "elsewhere.csv")
    result = logic.loadCohort(tmp_path / "out", moved)
    assert [row["status"] for row in result.cases] == ["done", "done"]
    assert result.loadCase("b").volumeNode.GetName() == "b"


def test_what_is_no_cohort_or_no_diagnosis_is_refused(logic, tmp_path):
    with pytest.raises(InputError, match="summary.json"):
        logic.loadCohort(tmp_path)
    with pytest.raises(InputError, match="report"):
        logic.loadDiagnosis(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"groundTruthSegments": "all"}, "groundTruthSegments"), ({"step": 3}, "3"), ({"otherMethods": "x"}, "list")],
)
def test_options_that_make_no_sense_are_refused_before_anything_starts(logic, manifest, tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        logic.processCohort(manifest, outputFolder=tmp_path / "out", **options)


def test_a_diagnosis_comes_as_tables_with_its_headline(scene, logic, repository):
    folder = repository / "Testing" / "Python" / "engine" / "diagnosis"
    result = logic.loadDiagnosis(folder / "example_report.json")
    assert result.headline == json.loads((folder / "example_report.json").read_text())["verdict"]["headline"]
    assert scene.IsNodePresent(result.tableNodes["9"])
