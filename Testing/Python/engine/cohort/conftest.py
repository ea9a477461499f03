"""Cohorts of small volumes, a result to imitate, and a Dask cluster for the whole session."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.cohort.case_state import FinishedCase
from UMambaXAILogic.engine.request import MethodChoice

LAYERS = ("encoder.1", "decoder.1")


@pytest.fixture(scope="session")
def model_folder(make_trained_folder) -> str:
    """A small model with random weights."""
    return str(make_trained_folder(trainer="nnUNetTrainerUMambaBot"))


@pytest.fixture(scope="session")
def truth_of(model_folder, tmp_path_factory) -> Callable[[Path], Path]:
    """A ground truth that the model's prediction of a volume half agrees with."""

    def make(volume: Path) -> Path:
        folder = tmp_path_factory.mktemp("prediction")
        predicted = run_case(Request(volume, model_folder, folder, layers=LAYERS[1:])).files["segmentation"]
        image = sitk.ReadImage(str(predicted))
        moved = sitk.GetImageFromArray(np.roll(sitk.GetArrayFromImage(image), 1, axis=2))
        moved.CopyInformation(image)
        sitk.WriteImage(moved, str(folder / "gt.nii.gz"))
        return folder / "gt.nii.gz"

    return make


@pytest.fixture(scope="session")
def volume(write_test_volume) -> Path:
    return write_test_volume()


@pytest.fixture(scope="session")
def truth(volume, truth_of) -> Path:
    return truth_of(volume)


@pytest.fixture(scope="session")
def pattern(model_folder, volume, truth, tmp_path_factory) -> FinishedCase:
    """What ``run_case`` leaves of a case with ground truth and two methods."""
    others = (MethodChoice("seg-grad-cam"),)
    folder = tmp_path_factory.mktemp("pattern")
    result = run_case(
        Request(volume, model_folder, folder, ground_truth=truth, layers=LAYERS, other_methods=others, case="pattern")
    )
    return FinishedCase(result.metrics, (folder / "slices.csv").read_text())


@pytest.fixture(scope="session")
def imitate(pattern) -> Callable[..., None]:
    """Takes the place of ``explain_case`` and writes ``pattern`` as the result of any case, at once.

    A case's name says what happens to it: ``fail`` raises a typed error, ``bug`` another one, ``kill`` ends the
    process, ``once`` does so at the first attempt, ``slow`` takes a minute unless it is cancelled. Every begin is noted
    in the file ``begun`` beside the manifest. Defined inside a function, so that it travels to workers by value.
    """
    metrics, slices_csv = pattern.metrics, pattern.slices_csv

    def compute(task: Any, reporter: Any) -> None:
        import os
        import signal
        import time

        from UMambaXAILogic.engine.errors import InputError

        case, folder = task.request.case, task.request.output
        begun = folder.parent.parent.parent / "begun"
        with begun.open("a") as file:
            file.write(f"{case} {os.getpid()}\n")
        again = begun.read_text().split().count(case) > 1
        if "kill" in case or ("once" in case and not again):
            os.kill(os.getpid(), signal.SIGKILL)
        if "fail" in case:
            raise InputError(f"{task.request.volume} of the series 1.2.840.99.1.2.3.4 is unusable.", "Leave it out.")
        if "bug" in case:
            raise ZeroDivisionError("by accident")
        until = time.monotonic() + (60 if "slow" in case else 0.02)
        while time.monotonic() < until:
            reporter.check_cancelled()
            time.sleep(0.02)
        request = {**metrics["request"], "fingerprint": task.fingerprint}
        (folder / "slices.csv").write_text(slices_csv)
        temporary = folder / "metrics.part"
        temporary.write_text(json.dumps({**metrics, "case": case, "request": request}))
        temporary.replace(folder / "metrics.json")

    return compute


@pytest.fixture
def make_request(tmp_path, model_folder, volume, truth) -> Callable[..., CohortRequest]:
    """A cohort of the named cases, all of the same volume, in ``tmp_path / "out"``."""

    def make(cases: list[str], **options: Any) -> CohortRequest:
        manifest = tmp_path / "manifest.csv"
        rows = [f"{case},{volume},{truth},{'odd' if number % 2 else 'even'}" for number, case in enumerate(cases)]
        manifest.write_text("case,volume,gt,domain\n" + "\n".join(rows) + "\n")
        settings = {"layers": LAYERS, "other_methods": (MethodChoice("seg-grad-cam"),), "device": "cpu"}
        template = Request(manifest, model_folder, tmp_path / "out", **{**settings, **options.pop("template", {})})
        return CohortRequest(manifest, tmp_path / "out", template, **options)

    return make


@pytest.fixture
def begun(tmp_path) -> Callable[[], list[str]]:
    """Names of the cases that ``imitate`` began, in order, once for each time."""

    def read() -> list[str]:
        path = tmp_path / "begun"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    return read


@pytest.fixture(scope="session")
def scheduler() -> Iterator[str]:
    """Address of a cluster of two processes that was there before."""
    import dask
    from distributed import LocalCluster

    quiet = {"distributed.worker.memory.terminate": False, "distributed.worker.memory.pause": False}
    with (
        dask.config.set(quiet),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL + 1,
            memory_limit=0,
        ) as cluster,
    ):
        yield cluster.scheduler_address
