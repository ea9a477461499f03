"""``umamba-xai cohort``: options become a request, failures a list and an exit status."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from UMambaXAILogic.cli import main
from UMambaXAILogic.cli.cohort_progress import CohortBar, CohortLines, cases_text, computers_text
from UMambaXAILogic.engine.cohort.request import CohortRequest, CohortResult
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import MethodChoice, Region, Request, Target

COHORT = ["cohort", "cases.csv", "--model", "demo", "--out", "result"]
SUMMARY = {
    "name": "result",
    "cases": 3,
    "done": 2,
    "failed": 1,
    "phantom": True,
    "threshold": 0.3,
    "dice_pooled": 0.8123,
    "case_mean": {
        "dice": {"mean": 0.75, "cases": 2},
        "xai_gt_iou": {"mean": 0.25, "cases": 2},
        "xai_pm_iou": {"mean": 0.5, "cases": 2},
        "gap": {"mean": None, "cases": 0},
    },
    "verdict_cases": {"inconclusive": 2},
    "warnings_cases": {"values_not_hu": 1},
}
FAILURE = {"case": "b", "attempts": 2, "code": "crashed", "reason": "The process was killed.\nUse fewer workers."}


@pytest.fixture
def engine(monkeypatch, tmp_path):
    """Stands in for the computation; remembers what it was asked."""
    module = types.ModuleType("UMambaXAILogic.engine.cohort.run")
    module.requests, module.failures, module.error = [], (), None

    def run_cohort(request, reporter=None):
        module.requests.append(request)
        reporter.stage("load_model")
        reporter.device({"device": "cpu", "workers": 2, "threads": 1, "reason": "as asked for"})
        reporter.stage("cases")
        reporter.cases(1, 0, 3, 50.0)
        reporter.progress(1 / 3)
        reporter.warning("same_volume", "Two cases name the same volume.")
        if module.error is not None:
            raise module.error
        files = {"cases": request.output / "cases.parquet", "profile": None}
        failed = len(module.failures)
        return CohortResult(request.output, files, 3 - failed, failed, module.failures, SUMMARY)

    module.run_cohort = run_cohort
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    return module


def template(**options) -> Request:
    return Request("cases.csv", "demo", "result", ground_truth="cases.csv", **options)


def test_only_the_essentials_give_the_default_request(engine, capsys):
    assert main(COHORT) == 0
    assert engine.requests == [CohortRequest("cases.csv", "result", template())]
    said = capsys.readouterr()
    assert "2 of 3 cases done" in said.out and "cases.parquet" in said.out
    assert "Warning: Two cases name the same volume." in said.err


def test_every_option_reaches_the_request(engine):
    options = """--workers 3 --threads 2 --restart --gt-label 1,2 --resample-gt --region -60,60,-80.5,40,-3e1,50
        --methods seg-xres-cam@2,seg-grad-cam,seg-xres-cam --pool-mode mean --layers encoder.4 --target 3 --kind tp
        --score logit --threshold 0.2 --preset paper --save-layer-maps --device cuda --fold 0 --mirror --step 0.25
        --memory-limit 4.5 --scan-backend reference --quiet
        --regions grid --region-size 6.5 --max-regions 50 --reach 12 --fill blur --base-method seg-xres-cam
        --samples 4 --noise 0.2 --seed 7"""
    assert main(COHORT + options.split()) == 0
    expected = template(
        ground_truth_labels=(1, 2),
        resample_ground_truth=True,
        region=Region(box_mm_ras=(-60, 60, -80.5, 40, -30, 50)),
        method="seg-xres-cam",
        pool=2,
        other_methods=(MethodChoice("seg-grad-cam"), MethodChoice("seg-xres-cam")),
        pool_mode="mean",
        method_options=MethodOptions("grid", 6.5, 50, 12.0, "blur", "seg-xres-cam", 4, 0.2, 7),
        layers=("encoder.4",),
        target=Target(3, "tp", "logit"),
        thresholds=(0.2,),
        preset="paper",
        save_layer_maps=True,
        device="cuda",
        folds=(0,),
        mirror=True,
        step=0.25,
        memory_limit_gb=4.5,
        scan_backend="reference",
    )
    assert engine.requests == [CohortRequest("cases.csv", "result", expected, workers=3, threads=2, restart=True)]


def test_one_method_may_be_named_as_in_explain(engine):
    assert main([*COHORT, "--method", "seg-grad-cam", "--scheduler", "tcp://a:8786"]) == 0
    (request,) = engine.requests
    assert request.template.method == "seg-grad-cam" and request.scheduler == "tcp://a:8786"


@pytest.mark.parametrize(
    "options",
    [
        ["--methods", "a", "--method", "b"],
        ["--methods", "a@1,b", "--pool", "2"],
        ["--methods", "a@x"],
        ["--methods", "a,,b"],
        ["--workers", "0"],
        ["--threads", "0"],
        ["--scheduler", "tcp://a:1", "--workers", "2"],
        ["--gt", "gt.nii.gz"],
    ],
)
def test_wrong_usage_is_told_before_anything_is_loaded(engine, options, capsys):
    assert main(COHORT + options) == 2
    assert engine.requests == [] and capsys.readouterr().err.startswith("umamba-xai: ")


def test_failed_cases_are_listed_and_give_status_3(engine, capsys):
    engine.failures = (FAILURE,)
    assert main([*COHORT, "--quiet"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "1 case failed" in said.err and "b [crashed, attempts 2]: The process was killed." in said.err


def test_cancelling_gives_status_130(engine, capsys):
    engine.error = CancelledError()
    assert main(COHORT) == 130
    assert capsys.readouterr().err.endswith("umamba-xai: Cancelled.\n")


def test_a_manifest_with_problems_is_refused_with_status_3(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text("case,volume\na,none.nii\na,none.nii\n")
    assert main(COHORT) == 3
    error = capsys.readouterr().err
    assert "3 problems" in error and "line 2" in error and "Traceback" not in error
    assert not Path("result").exists()


def test_counts_and_computers_are_told_in_words():
    assert cases_text(12, 1, 40, 540.0) == "12 of 40 cases done, 1 failed, about 9 min left"
    assert cases_text(0, 0, 3, None) == "0 of 3 cases done"
    assert cases_text(3, 0, 3, 0.0) == "3 of 3 cases done"
    text = computers_text({"device": "cpu", "workers": 1, "threads": 2, "scan_backend": "numba", "reason": "so"})
    assert text == "Computing with 1 process on cpu, threads of each: 2, selective scan by numba (so)"


def test_log_files_get_a_line_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with CohortLines(lambda: False) as reporter:
        for done in range(11):
            reporter.cases(done, 0, 10, None)
            now[0] += 7
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["0", "5", "10"]


def test_a_terminal_gets_a_bar(capsys):
    with CohortBar(lambda: False) as reporter:
        reporter.stage("check")
        reporter.device({"device": "cpu", "workers": 1, "reason": "so"})
        reporter.cases(1, 0, 2, 3.0)
        reporter.progress(0.5)
        reporter.warning("code", "A warning.")
    said = capsys.readouterr().err
    assert "Warning: A warning. [code]" in said and "Computing with 1 process on cpu (so)" in said
