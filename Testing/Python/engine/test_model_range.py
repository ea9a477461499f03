"""Before a model sees a volume: is it like the cases that the model was trained on?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from UMambaXAILogic.engine.case.input import read_case
from UMambaXAILogic.engine.domain import measure_domain
from UMambaXAILogic.engine.domain.profile import Profile
from UMambaXAILogic.engine.inference.target import resolve_target
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.model.reference_profile import NO_PROFILE, REFERENCE_PROFILE, CarriedProfile
from UMambaXAILogic.engine.model_range import model_range_warnings
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import Request
from UMambaXAILogic.engine.volume import Geometry, Volume
from UMambaXAILogic.engine.volume_io import VolumeFacts, read_volume

SPACING = (0.5, 0.5, 1.0)


def head(seed: int = 0, noise: float = 5.0, tissue: float = 40.0, spacing=SPACING) -> Volume:
    """A block of tissue in air."""
    rng = np.random.default_rng(seed)
    array = np.full((32, 64, 64), -1000.0)
    array[4:28, 6:58, 6:58] = tissue
    array = np.clip(np.round(array + rng.normal(0, noise, array.shape)), -1024, 3000).astype(np.int16)
    return Volume(array, Geometry((64, 64, 32), spacing))


def facts(modality: str | None = "CT") -> VolumeFacts:
    return VolumeFacts(Path("head.nii.gz"), "NIfTI", (-1000.0, 60.0), modality)


@pytest.fixture(scope="module")
def training() -> CarriedProfile:
    """Eight heads as they come from one scanner."""
    rows = [measure_domain(head(seed, tissue=38 + seed / 2), case=f"case{seed}", modality="CT") for seed in range(8)]
    return CarriedProfile(Profile.from_json(_body(rows)))


def _body(rows):
    return {
        "kind": "umamba-xai reference profile",
        "schema_version": 1,
        "package": "0",
        "name": "training",
        "phantom": False,
        "settings": {"window_hu": [0.0, 80.0], "isotropic_mm": None},
        "rows": [row.to_json() for row in rows],
    }


def test_a_case_like_the_others_is_not_warned_of(training):
    assert model_range_warnings(head(99), facts(), training, "CT") == []


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (head(99, noise=20.0), "noise"),
        (head(99, spacing=(0.5, 0.5, 3.0)), "spacing"),
        (head(99, tissue=70.0), "69."),
    ],
)
def test_what_lies_outside_is_named_with_the_numbers(training, volume, words):
    warnings = model_range_warnings(volume, facts(), training, "CT")
    assert {warning.code for warning in warnings} == {"outside_reference_profile"}
    text = " ".join(warning.message.lower() for warning in warnings)
    assert words in text
    assert "8 training cases" in text
    assert "profile training" in text


def test_another_kind_of_scan_is_said_first(training):
    warnings = model_range_warnings(head(99), facts("MR"), training, "MR")
    assert any("arbitrary units" in warning.message for warning in warnings)


def test_without_a_profile_nothing_is_measured(monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.model_range.measure_domain", lambda *_, **__: pytest.fail("measured"))
    assert model_range_warnings(head(), facts(), NO_PROFILE, "CT") == []


def test_a_broken_profile_is_one_warning(monkeypatch):
    (warning,) = model_range_warnings(head(), facts(), CarriedProfile(problem="x is damaged."), "CT")
    assert warning.code == "reference_profile_unusable"
    assert warning.message.startswith("x is damaged.")


class Listener(Reporter):
    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[tuple[str, str]] = []

    def warning(self, code: str, message: str) -> None:
        self.warnings.append((code, message))


def read_with(model, path, tmp_path) -> list[str]:
    listener = Listener()
    request = Request(path, "model", tmp_path / "out")
    read_case(request, model, resolve_target(model.label_manager, None), listener)
    return [code for code, _ in listener.warnings]


@pytest.fixture(scope="module")
def model_with_profile(make_trained_folder, write_test_volume):
    """A trained folder whose profile is that of one volume."""
    folder, path = make_trained_folder(seed=11), write_test_volume(seed=4)
    volume, _ = read_volume(path)
    row = measure_domain(volume, case="training", modality="CT")  # as the model expects
    (folder / REFERENCE_PROFILE).write_text(json.dumps(_body([row])))
    return folder, path


def test_the_pipeline_s_reader_warns_by_the_profile_that_the_model_carries(
    model_with_profile, write_test_volume, tmp_path
):
    folder, path = model_with_profile
    model = load_model(folder)
    assert "outside_reference_profile" not in read_with(model, path, tmp_path)
    other = write_test_volume(spacing=(0.9, 0.7, 4.0), seed=4)
    assert "outside_reference_profile" in read_with(model, other, tmp_path)


def test_a_model_with_a_broken_profile_loads_and_says_so(model_with_profile, tmp_path):
    folder, path = model_with_profile
    text = (folder / REFERENCE_PROFILE).read_text()
    try:
        (folder / REFERENCE_PROFILE).write_text(text[:-30])
        model = load_model(folder)
    finally:
        (folder / REFERENCE_PROFILE).write_text(text)
    assert read_with(model, path, tmp_path).count("reference_profile_unusable") == 1
