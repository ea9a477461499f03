"""The doors with the real pipeline behind them: the same request gives the same result, whoever asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine import Request
from UMambaXAILogic.interaction import protocol

FILES = {"segmentation.nii.gz", "attention.nii.gz", "metrics.json", "slices.csv", "log.txt"}


@pytest.fixture(scope="module")
def model(make_trained_folder) -> Path:
    return make_trained_folder(seed=7)


@pytest.fixture(scope="module")
def volume(write_test_volume) -> Path:
    return write_test_volume()


@pytest.fixture(scope="module")
def expected(model, volume, tmp_path_factory, repository) -> dict:
    """What the Python door gives, in a process of its own like the others': other tests' settings do not count."""
    out = tmp_path_factory.mktemp("python")
    arguments = ", ".join(repr(str(path)) for path in (volume, model, out))
    code = f"from UMambaXAILogic.engine import Request, run_case; run_case(Request({arguments}))"
    subprocess.run([sys.executable, "-c", code], cwd=repository, check=True, capture_output=True)
    return _results(out)


def _results(folder: Path) -> dict:
    metrics = json.loads((folder / "metrics.json").read_text())
    images = {name: sitk.GetArrayFromImage(sitk.ReadImage(str(folder / name))) for name in FILES if "nii" in name}
    return {"metrics": metrics, **images}


def _assert_equal(found: dict, expected: dict) -> None:
    assert np.array_equal(found["segmentation.nii.gz"], expected["segmentation.nii.gz"])
    # Sums of floats may be taken in another order from process to process.
    assert np.allclose(found["attention.nii.gz"], expected["attention.nii.gz"], atol=1e-4)
    for field in ("segmentation", "model", "target", "attribution"):
        assert found["metrics"][field] == expected["metrics"][field], field
    assert found["metrics"]["verdict"]["name"] == expected["metrics"]["verdict"]["name"]
    for row, expected_row in zip(found["metrics"]["alignment"], expected["metrics"]["alignment"], strict=True):
        assert row.keys() == expected_row.keys()
        assert (row["reference"], row["layer"]) == (expected_row["reference"], expected_row["layer"])
        assert row["iou"] == pytest.approx(expected_row["iou"], rel=1e-2)


def test_the_terminal_gives_what_python_gives(model, volume, tmp_path, expected, repository):
    out = tmp_path / "out"
    run = subprocess.run(
        [sys.executable, "-m", "UMambaXAILogic.cli", "explain", str(volume), "--model", str(model), "--out", str(out)],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert {path.name for path in out.iterdir()} == FILES
    _assert_equal(_results(out), expected)
    assert f"{expected['metrics']['segmentation']['pm_voxels']} voxels" in run.stdout
    # Nothing but the summary reaches standard output, whatever libraries print.
    first, *rest = run.stdout.splitlines()
    assert first.startswith("case: done in")
    assert all(line.startswith("  ") for line in rest)
    for stage in ("Segmenting", "Explaining", "Measuring"):
        assert stage in run.stderr


def test_the_worker_gives_what_python_gives(model, volume, tmp_path, expected, repository):
    request = tmp_path / "request.json"
    request.write_text(Request(volume, str(model), tmp_path / "out").to_json())
    messages, status = _run_worker(repository, request)
    assert status == 0
    kinds = [type(message).__name__ for message in messages]
    assert kinds[0] == "Hello"
    assert kinds[-1] == "Result"
    assert {"Device", "Stage", "Progress"} <= set(kinds)
    assert all(path is None or path.is_file() for path in messages[-1].files.values())
    _assert_equal(_results(messages[-1].folder), expected)


def test_the_worker_names_what_is_wrong_with_an_input(model, tmp_path, repository):
    request = tmp_path / "request.json"
    request.write_text(Request(tmp_path / "absent.nii.gz", str(model), tmp_path / "out").to_json())
    messages, status = _run_worker(repository, request)
    assert status == 3
    assert messages[-1].code == "input"
    assert "absent.nii.gz" in messages[-1].message
    assert not (tmp_path / "out").exists()


def test_cancelling_the_worker_in_the_middle_ends_it_and_leaves_nothing(
    model, write_test_volume, tmp_path, repository, slowness
):
    request = tmp_path / "request.json"
    large = write_test_volume(size=(96, 96, 96))
    request.write_text(Request(large, str(model), tmp_path / "out").to_json())
    process = _start_worker(repository, request)
    with process.stdin, process.stdout:
        _read_until(process, lambda message: message == protocol.Stage("segment"))
        _read_until(process, lambda message: isinstance(message, protocol.Progress))  # it computes: all is imported
        process.stdin.close()
        started = time.monotonic()
        last = process.stdout.read().decode().splitlines()[-1]
        status = process.wait(10)
    assert time.monotonic() - started < 2.0 * slowness
    assert protocol.parse_line(last).code == "cancelled"
    assert status == 130
    assert not list(tmp_path.glob("out/*"))


def test_usage_is_refused_before_the_model_and_the_model_before_the_input(model, tmp_path, capsys):
    nothing, out = str(tmp_path / "absent.nii.gz"), str(tmp_path / "out")
    assert main(["explain", nothing, "--model", str(tmp_path), "--out", out, "--method", "guess"]) == 2
    assert "'guess'" in capsys.readouterr().err
    assert main(["explain", nothing, "--model", str(tmp_path), "--out", out]) == 4
    assert "plans.json" in capsys.readouterr().err
    assert main(["explain", nothing, "--model", str(model), "--out", out, "--fold", "3"]) == 4
    assert "3" in capsys.readouterr().err
    assert main(["explain", nothing, "--model", str(model), "--out", out]) == 3
    assert "absent.nii.gz" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--layers", "encoder.77"], "encoder.77"),
        (["--target", "kidney"], "kidney"),
        (["--target", "9"], "9"),
        (["--scan-backend", "magic"], "magic"),
        (["--method", "guess"], "guess"),
    ],
)
def test_what_only_the_model_can_refuse_is_wrong_usage_all_the_same(model, volume, tmp_path, capsys, options, named):
    arguments = ["explain", str(volume), "--model", str(model), "--out", str(tmp_path / "out"), *options]
    assert main(arguments) == 2
    text = capsys.readouterr().err
    assert named in text
    assert not (tmp_path / "out").exists()


def test_a_gpu_that_is_not_there_ends_with_6(model, volume, tmp_path, capsys):
    arguments = ["explain", str(volume), "--model", str(model), "--out", str(tmp_path / "out"), "--device", "cuda:99"]
    assert main(arguments) == 6
    assert "cuda:99" in capsys.readouterr().err


def test_a_memory_limit_that_is_too_small_ends_with_5(model, volume, tmp_path, capsys):
    arguments = ["explain", str(volume), "--model", str(model), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--memory-limit", "0.0001"]) == 5
    assert "0.0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_view_builds_the_page_of_a_result(model, volume, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["explain", str(volume), "--model", str(model), "--out", str(out), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["view", str(out), "--volume", str(volume), "--no-browser"]) == 0
    page = Path(capsys.readouterr().out.strip())
    assert page == out / "index.html"
    assert "case" in page.read_text(encoding="utf-8")


def test_view_of_a_folder_without_results_says_so(tmp_path, capsys):
    assert main(["view", str(tmp_path), "--no-browser"]) == 3
    assert str(tmp_path) in capsys.readouterr().err


def _start_worker(repository: Path, request: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "UMambaXAILogic.engine.worker", "--request", str(request)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=repository,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _read_until(process: subprocess.Popen[bytes], fits: Callable[[object], bool]) -> None:
    while not fits(protocol.parse_line(process.stdout.readline().decode())):
        assert process.poll() is None


def _run_worker(repository: Path, request: Path) -> tuple[list, int]:
    process = _start_worker(repository, request)
    with process.stdin, process.stdout:
        lines = process.stdout.read().decode().splitlines()
        status = process.wait(60)
    messages = [protocol.parse_line(line) for line in lines]
    assert None not in messages, lines
    return messages, status
