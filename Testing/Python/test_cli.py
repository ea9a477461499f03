"""The terminal door: options become a request, errors become a paragraph and an exit status."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
import types
from pathlib import Path

import pytest

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine import errors
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import Region, Request, Target, TargetPart

METRICS = {
    "case": "head",
    "target": {"label": 1, "name": "vessel", "kind": "prediction"},
    "attribution": {"method": "seg-xres-cam"},
    "segmentation": {"pm_voxels": 100, "gt_voxels": 90, "dice": 0.8123, "iou": 0.684, "cl_dice": 0.7},
    "alignment": [
        {"reference": "gt", "threshold": 0.2, "layer": "mean", "iou": 0.91, "f1": 0.9, "precision": 1, "recall": 1},
        {"reference": "gt", "threshold": 0.3, "layer": "encoder.1", "iou": 0.92, "f1": 0, "precision": 0, "recall": 0},
        {"reference": "gt", "threshold": 0.3, "layer": "mean", "iou": 0.25, "f1": 0.4, "precision": None, "recall": 1},
        {"reference": "pm", "threshold": 0.3, "layer": "mean", "iou": 0.5, "f1": 0.66, "precision": 0.6, "recall": 0.7},
    ],
    "verdict": {
        "name": "anatomically_faithful",
        "text": "Anatomically faithful",
        "reasons": ["both are high"],
        "cutoffs": {"threshold": 0.3},
    },
    "warnings": [{"code": "values_not_hu", "message": "Values do not look like HU."}],
    "timing": {"total": 41.2},
    "environment": {"device": "cpu"},
}
EXPLAIN = ["explain", "head.nii.gz", "--model", "demo", "--out", "result"]


@pytest.fixture
def pipeline(monkeypatch, tmp_path):
    """Stands in for the computation; remembers what it was asked."""
    module = types.ModuleType("UMambaXAILogic.engine.pipeline")
    module.requests = []
    module.error = None
    module.metrics = METRICS

    def run_case(request, reporter=None):
        module.requests.append(request)
        reporter.stage("segment")
        reporter.progress(0.5)
        reporter.warning("values_not_hu", "Values do not look like HU.")
        if module.error is not None:
            raise module.error
        files = {"segmentation": request.output / "segmentation.nii.gz", "attention": None}
        return types.SimpleNamespace(folder=request.output, metrics=module.metrics, files=files)

    module.run_case = run_case
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    return module


def test_only_the_essentials_give_the_default_request(pipeline):
    assert main(EXPLAIN) == 0
    assert pipeline.requests == [Request(volume="head.nii.gz", model="demo", output="result")]


def test_every_option_reaches_the_request(pipeline):
    options = """--gt gt.nii.gz --gt-label 1,2 --resample-gt --series 1.2.3 --region -60,60,-80.5,40,-3e1,50
        --method seg-grad-cam --pool 2 --pool-mode mean --layers encoder.4,decoder.0 --target 3 --kind tp --score logit
        --threshold 0.2 0.3 --threshold 0.5 --preset paper --save-layer-maps --badges
        --regions grid --region-size 6.5 --max-regions 50 --reach 12 --fill blur --base-method seg-xres-cam
        --samples 4 --noise 0.2 --seed 7 --at -12.5,30,-8 --part segment
        --device cuda:1 --fold 0 --mirror --step 0.25 --memory-limit 4.5 --scan-backend reference --quiet"""
    assert main(EXPLAIN + options.split()) == 0
    assert pipeline.requests == [
        Request(
            volume="head.nii.gz",
            model="demo",
            output="result",
            ground_truth="gt.nii.gz",
            ground_truth_labels=(1, 2),
            resample_ground_truth=True,
            series_uid="1.2.3",
            region=Region(box_mm_ras=(-60, 60, -80.5, 40, -30, 50)),
            method="seg-grad-cam",
            pool=2,
            pool_mode="mean",
            method_options=MethodOptions("grid", 6.5, 50, 12.0, "blur", "seg-xres-cam", 4, 0.2, 7),
            layers=("encoder.4", "decoder.0"),
            target=Target(3, "tp", "logit", TargetPart((-12.5, 30, -8), "segment")),
            thresholds=(0.2, 0.3, 0.5),
            preset="paper",
            save_layer_maps=True,
            badges=True,
            device="cuda:1",
            folds=(0,),
            mirror=True,
            step=0.25,
            memory_limit_gb=4.5,
            scan_backend="reference",
        )
    ]


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (["--target", "vessel"], "target", Target("vessel")),
        (["--target", "foreground"], "target", Target("foreground")),
        (["--at", "1,-2.5,3"], "target", Target(part=TargetPart((1, -2.5, 3)))),
        (["--kind", "fp", "--gt", "gt.nii", "--at=1,2,3"], "target", Target(kind="fp", part=TargetPart((1, 2, 3)))),
        (["--fold", "all"], "folds", None),
        (["--fold", "0,2"], "folds", (0, 2)),
        (["--region", "brain.nii.gz"], "region", Region(mask=Path("brain.nii.gz"))),
        (["--region", "a,b.nii.gz"], "region", Region(mask=Path("a,b.nii.gz"))),
        (["--region=-1,2,3,4,5,6"], "region", Region(box_mm_ras=(-1, 2, 3, 4, 5, 6))),
        (["--threshold", "0.2,0.4"], "thresholds", (0.2, 0.4)),
    ],
)
def test_values_are_read_as_they_are_meant(pipeline, words, field, value):
    assert main(EXPLAIN + words) == 0
    assert getattr(pipeline.requests[0], field) == value


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "COMMAND"),
        (["explian"], "explian"),
        (["explain"], "VOLUME"),
        (["explain", "head.nii.gz", "--out", "result"], "--model"),
        (["explain", "head.nii.gz", "--model", "demo"], "--out"),
        ([*EXPLAIN, "--thresold", "0.3"], "--thresold"),
        ([*EXPLAIN, "--threshold", "1.5"], "1.5"),
        ([*EXPLAIN, "--threshold", "nan"], "nan"),
        ([*EXPLAIN, "--threshold", "high"], "'high'"),
        ([*EXPLAIN, "--region", "1,2,3"], "1,2,3"),
        ([*EXPLAIN, "--at", "1,2"], "three numbers"),
        ([*EXPLAIN, "--at", "1,2,nan"], "finite"),
        ([*EXPLAIN, "--part", "segment"], "--at"),
        ([*EXPLAIN, "--at", "1,2,3", "--part", "vessel"], "component"),
        ([*EXPLAIN, "--at", "1,2,3", "--kind", "fn"], "ground truth"),
        ([*EXPLAIN, "--region", "1,2,3,4,5,inf"], "inf"),
        ([*EXPLAIN, "--gt-label", "vessel"], "'vessel'"),
        ([*EXPLAIN, "--layers", "a,,b"], "a,,b"),
        ([*EXPLAIN, "--fold", "first"], "'first'"),
        ([*EXPLAIN, "--device", "gpu"], "'gpu'"),
        ([*EXPLAIN, "--step", "0"], "0.0"),
        ([*EXPLAIN, "--pool", "-1"], "-1"),
        ([*EXPLAIN, "--kind", "tp"], "ground truth"),
        ([*EXPLAIN, "--gt-label", "2"], "--gt-label"),
        ([*EXPLAIN, "--resample-gt"], "--resample-gt"),
        ([*EXPLAIN, "--preset", "papers"], "'papers'"),
        (["phantom", "--cohort", "both", "--out", "x"], "'both'"),
        (["phantom", "--cohort", "source", "--out", "x", "--count", "0"], "0"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_paragraph_that_names_the_value(pipeline, capsys, words, named):
    assert main(words) == 2
    text = capsys.readouterr().err
    assert named in text
    assert text.startswith("umamba-xai: ")
    assert len(text.strip().splitlines()) == 1
    assert not pipeline.requests


def test_an_output_that_is_a_file_is_wrong_usage(pipeline, capsys):
    Path("result").write_text("")
    assert main(EXPLAIN) == 2
    assert "result is a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UsageError("Bad value 7.", "Use 8."), 2),
        (errors.InputError("Bad file 7.", "Use 8."), 3),
        (errors.ModelError("Bad model 7.", "Use 8."), 4),
        (errors.MemoryExhaustedError("No room for 7.", "Use 8."), 5),
        (errors.NotInstalledError("No CUDA 7.", "Use 8."), 6),
        (errors.CancelledError("Cancelled 7.", "Use 8."), 130),
    ],
)
def test_typed_errors_end_with_their_status_and_their_remedy(pipeline, capsys, error, status):
    pipeline.error = error
    assert main([*EXPLAIN, "--quiet"]) == status
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1] == f"umamba-xai: {error.message} Use 8."
    assert captured.out == ""
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (MemoryError("Unable to allocate 9 GiB"), 5, "9 GiB"),
        (RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"), 5, "9 GiB"),
        (ModuleNotFoundError("No module named 'skimage'", name="skimage"), 6, "pip install scikit-image"),
        (KeyboardInterrupt(), 130, "Cancelled"),
        (PermissionError(13, "Permission denied", "/out/x"), 2, "/out/x"),
        (OSError(28, "No space left on device", "/out/x"), 2, "No space left"),
    ],
)
def test_other_peoples_exceptions_are_translated(pipeline, capsys, error, status, text):
    pipeline.error = error
    assert main(EXPLAIN) == status
    assert text in capsys.readouterr().err


def test_a_bug_says_so_and_shows_its_traceback_only_when_asked(pipeline, capsys):
    pipeline.error = ZeroDivisionError("division by zero")
    assert main(EXPLAIN) == 1
    text = capsys.readouterr().err
    assert "This is a bug" in text
    assert "division by zero" in text
    assert "--debug" in text
    assert "Traceback" not in text
    assert main([*EXPLAIN, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_summary_holds_the_numbers_at_the_reporting_threshold(pipeline, capsys):
    assert main(EXPLAIN) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "100 voxels of vessel, Dice 0.812, IoU 0.684, clDice 0.700 (ground truth: 90 voxels)" in text
    assert "XAI-GT IoU 0.250, F1 0.400, precision n/a, recall 1.000 (attention >= 0.3)" in text
    assert "XAI-PM IoU 0.500" in text
    assert "Anatomically faithful both are high" in text
    assert "values_not_hu" in text
    assert str(Path("result") / "segmentation.nii.gz") in text
    assert "0.910" not in text
    assert "0.920" not in text
    assert "None" not in text


def test_the_summary_of_an_empty_prediction_without_ground_truth_says_so(pipeline, capsys):
    empty = {"pm_voxels": 0, "gt_voxels": None, "dice": None, "iou": None, "overlap_voxels": None}
    pipeline.metrics = {**METRICS, "segmentation": empty, "attribution": None, "alignment": []}
    assert main(EXPLAIN) == 0
    text = capsys.readouterr().out
    assert "no ground truth" in text
    assert "no map" in text
    assert "None" not in text


def test_the_next_command_can_be_typed_as_it_is_printed(pipeline, capsys):
    main(["explain", "my head.nii.gz", "--model", "demo", "--out", "of today", "--gt", "the vessels.nrrd"])
    command = capsys.readouterr().out.strip().splitlines()[-1].partition("Look at it")[2]
    assert shlex.split(command) == [
        "umamba-xai", "view", "of today", "--volume", "my head.nii.gz", "--gt", "the vessels.nrrd"
    ]  # fmt: skip


def test_results_go_to_standard_output_and_everything_else_to_standard_error(pipeline, capsys):
    assert main(EXPLAIN) == 0
    captured = capsys.readouterr()
    assert "Segmenting" in captured.err
    assert "Warning: Values do not look like HU. [values_not_hu]" in captured.err
    assert "Segmenting" not in captured.out
    assert main([*EXPLAIN, "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["Warning: Values do not look like HU. [values_not_hu]"]


def _run(repository: Path, *words: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "UMambaXAILogic.cli", *words]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize("words", [["--help"], ["explain", "--help"], ["doctor", "--help"], ["--version"]])
def test_help_is_complete_and_needs_nothing_heavy(repository, words):
    code = f"""
        import sys
        from UMambaXAILogic.cli import main
        status = main({words!r})
        heavy = {{"torch", "numpy", "nnunetv2", "SimpleITK", "rich", "numba"}} & set(sys.modules)
        sys.exit(f"imported {{heavy}}" if heavy else status)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=repository, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout


def test_help_names_every_option_of_the_contract(repository):
    text = _run(repository, "explain", "--help").stdout
    options = """--model --out --gt --method --pool --layers --target --gt-label --threshold --region --preset
        --device --fold --mirror --step --memory-limit"""
    for option in options.split():
        assert option in text
    assert "exit status" in _run(repository, "--help").stdout
    assert "research use only" in _run(repository, "--help").stdout


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "computation", ["while True: reporter.check_cancelled(); time.sleep(0.01)", "while True: time.sleep(0.01)"]
)
def test_ctrl_c_ends_with_130(repository, tmp_path, number, computation):
    script = tmp_path / "launch.py"
    script.write_text(
        textwrap.dedent(f"""
            import sys, time, types
            sys.path.insert(0, {str(repository)!r})
            def run_case(request, reporter):
                print("running", flush=True)
                {computation}
            pipeline = types.ModuleType("UMambaXAILogic.engine.pipeline")
            pipeline.run_case = run_case
            sys.modules[pipeline.__name__] = pipeline
            from UMambaXAILogic.cli import main
            sys.exit(main({EXPLAIN!r}))
        """)
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "running\n"
    process.send_signal(number)
    started = time.monotonic()
    _, text = process.communicate(timeout=20)
    assert time.monotonic() - started < 5
    assert process.returncode == 130
    assert text.splitlines()[-1] == "umamba-xai: Cancelled."
    assert "Traceback" not in text
