"""Several methods on one segmentation: each measures as if it were alone, and the first one is the case's."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.attribution import METHODS
from UMambaXAILogic.engine.case import segmentation
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.request import MethodChoice

LAYERS = ("encoder.1", "decoder.1")
CHOICES = ("seg-xres-cam@1", "seg-xres-cam@2", "seg-grad-cam")


@pytest.fixture(scope="module")
def folder(make_trained_folder) -> str:
    return str(make_trained_folder(trainer="nnUNetTrainerUMambaBot"))


@pytest.fixture(scope="module")
def volume(write_test_volume) -> Path:
    return write_test_volume()


def request_of(volume: Path, folder: str, output: Path, choices=CHOICES) -> Request:
    main, *others = (MethodChoice.parse(choice) for choice in choices)
    return Request(volume, folder, output, layers=LAYERS, method=main.name, pool=main.pool, other_methods=tuple(others))


@pytest.fixture(scope="module")
def truth(folder, volume, tmp_path_factory) -> Path:
    result = run_case(Request(volume, folder, tmp_path_factory.mktemp("first"), layers=LAYERS))
    image = sitk.ReadImage(str(result.files["segmentation"]))
    moved = sitk.GetImageFromArray(np.roll(sitk.GetArrayFromImage(image), 1, axis=2))
    moved.CopyInformation(image)
    path = tmp_path_factory.mktemp("truth") / "gt.nii.gz"
    sitk.WriteImage(moved, str(path))
    return path


def test_every_method_measures_as_if_it_were_alone(folder, volume, truth, tmp_path, monkeypatch):
    segmented = []
    predict = segmentation.predict_stitched_logits
    monkeypatch.setattr(
        segmentation, "predict_stitched_logits", lambda *a, **k: segmented.append(1) or predict(*a, **k)
    )
    request = dataclasses.replace(request_of(volume, folder, tmp_path / "all"), ground_truth=truth)
    together = run_case(request).metrics
    assert len(segmented) == 1
    assert [(m["method"], m["pool"], m["pool_mode"]) for m in together["methods"]] == [
        ("seg-xres-cam", 1, "max"),
        ("seg-xres-cam", 2, "max"),
        ("seg-grad-cam", None, None),
    ]
    for number, choice in enumerate(CHOICES):
        alone = dataclasses.replace(request_of(volume, folder, tmp_path / str(number), (choice,)), ground_truth=truth)
        metrics = run_case(alone).metrics
        mean = [row for row in metrics["alignment"] if row["layer"] == "mean"]
        assert together["methods"][number]["alignment"] == mean and len(mean) == 6
        assert together["methods"][number]["gap"] == metrics["gap"] == pytest.approx(mean[4]["iou"] - mean[1]["iou"])
        if number == 0:  # the first method's map is the case's
            for name in ("alignment", "gap", "verdict", "excess_alignment", "segmentation"):
                assert together[name] == metrics[name]
            assert together["attribution"] == metrics["attribution"]
            for file in ("attention.nii.gz", "slices.csv"):
                assert (tmp_path / "all" / file).read_bytes() == (tmp_path / "0" / file).read_bytes()


def test_a_method_without_a_map_has_no_rows_and_says_so(folder, volume, tmp_path, monkeypatch):
    class Blind:
        facts = METHODS["seg-grad-cam"].facts

        def explain(self, case, layers, settings, reporter):
            maps = METHODS["seg-xres-cam"].explain(case, layers, settings, reporter)
            maps.signed = {alias: -torch.ones_like(values) for alias, values in maps.signed.items()}
            return maps

    monkeypatch.setitem(METHODS, "seg-grad-cam", Blind())
    metrics = run_case(request_of(volume, folder, tmp_path, ("seg-xres-cam", "seg-grad-cam"))).metrics
    assert metrics["methods"][0]["alignment"] and metrics["methods"][1]["alignment"] == []
    assert any(
        warning["code"] == "no_attribution" and warning["message"].startswith("seg-grad-cam: ")
        for warning in metrics["warnings"]
    )


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (("seg-xres-cam", "nothing"), "not known"),
        (("seg-xres-cam", "seg-xres-cam@1"), "twice"),
        (("seg-grad-cam@1", "seg-grad-cam@2"), "twice"),
    ],
)
def test_unknown_methods_and_repetitions_are_refused_before_the_model_is_loaded(choices, words, volume, tmp_path):
    with pytest.raises(UsageError, match=words):
        run_case(request_of(volume, "no such model", tmp_path / "out", choices))


def test_a_caller_may_keep_the_model_between_cases(folder, volume, tmp_path):
    loads = []
    kept = {}

    def load(reference, **options):
        loads.append((reference, options["device"].type, options["folds"], options["scan_backend"]))
        return kept.setdefault(reference, load_model(reference, **options))

    first = run_case(Request(volume, folder, tmp_path / "1", layers=LAYERS, device="cpu"), load=load)
    second = run_case(Request(volume, folder, tmp_path / "2", layers=LAYERS, device="cpu"), load=load)
    assert loads == [(folder, "cpu", None, "auto")] * 2
    assert first.metrics["alignment"] == second.metrics["alignment"]
    assert first.metrics["request"]["fingerprint"] == second.metrics["request"]["fingerprint"]
