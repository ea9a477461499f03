"""The profile that a model may carry, and every way in which it can be unusable."""

from __future__ import annotations

import json
import zipfile

import pytest

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model import reference_profile
from UMambaXAILogic.engine.model.reference_profile import REFERENCE_PROFILE, profile_in_folder, profile_of_model


@pytest.fixture
def model_folder(tmp_path):
    """As much of a trained folder as finding its profile needs."""
    folder = tmp_path / "nnUNetTrainerUMambaEnc__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True)
    (folder / "fold_0" / "checkpoint_final.pth").write_bytes(b"not read")
    plans = {"configurations": {}, "image_reader_writer": "", "transpose_forward": [], "transpose_backward": []}
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps({"labels": {}}))
    return folder


def zipped(folder, path, names):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, f"Dataset001_X/{folder.name}/{name}")
    return path


def test_a_model_without_a_profile_is_complete(model_folder):
    found = profile_in_folder(model_folder)
    assert (found.profile, found.problem) == (None, "")


def test_a_folder_carries_its_profile_beside_the_plans(model_folder, profile_json):
    (model_folder / REFERENCE_PROFILE).write_text(json.dumps(profile_json()))
    for reference in (model_folder, str(model_folder.parent)):
        found = profile_of_model(reference)
        assert found.problem == ""
        assert found.profile.name == "source"
        assert [row.case for row in found.profile.rows] == [f"case{number}" for number in range(5)]


def test_a_zip_carries_it_likewise_and_nothing_is_unpacked(model_folder, profile_json, tmp_path, monkeypatch):
    (model_folder / REFERENCE_PROFILE).write_text(json.dumps(profile_json()))
    path = zipped(model_folder, tmp_path / "m.zip", ("plans.json", "dataset.json", REFERENCE_PROFILE))
    monkeypatch.setattr(zipfile.ZipFile, "extractall", lambda *_: pytest.fail("unpacked"))
    assert len(profile_of_model(path).profile.rows) == 5


def test_a_zip_without_one_is_complete(model_folder, tmp_path):
    found = profile_of_model(zipped(model_folder, tmp_path / "m.zip", ("plans.json",)))
    assert (found.profile, found.problem) == (None, "")


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[1, 2]", b"\x80\x04\x95 pickle", b'{"kind": "umamba-xai reference profile", "schema_version": 1}'],
)
def test_a_broken_profile_is_a_problem_and_no_failure(model_folder, tmp_path, content):
    (model_folder / REFERENCE_PROFILE).write_bytes(content)
    path = zipped(model_folder, tmp_path / "m.zip", ("plans.json", REFERENCE_PROFILE))
    for found in (profile_in_folder(model_folder), profile_of_model(path)):
        assert found.profile is None
        assert REFERENCE_PROFILE in found.problem


def test_numbers_that_are_none_are_refused(model_folder, profile_json):
    body = profile_json()
    body["rows"][0]["resolution"]["obliquity_degrees"] = float("nan")
    (model_folder / REFERENCE_PROFILE).write_text(json.dumps(body))
    assert "obliquity_degrees" in profile_in_folder(model_folder).problem


def test_deep_nesting_is_a_problem(model_folder):
    (model_folder / REFERENCE_PROFILE).write_text("[" * 200_000)
    assert REFERENCE_PROFILE in profile_in_folder(model_folder).problem


def test_a_folder_in_its_place_is_a_problem(model_folder):
    (model_folder / REFERENCE_PROFILE).mkdir()
    assert "cannot be read" in profile_in_folder(model_folder).problem


def test_a_bomb_is_not_unpacked(model_folder, tmp_path, monkeypatch):
    (model_folder / REFERENCE_PROFILE).write_bytes(b" " * 5000)
    path = zipped(model_folder, tmp_path / "m.zip", ("plans.json", REFERENCE_PROFILE))
    monkeypatch.setattr(reference_profile, "MAX_PROFILE_BYTES", 4000)
    for found in (profile_in_folder(model_folder), profile_of_model(path)):
        assert "larger than" in found.problem


def test_two_models_in_one_zip_say_that_they_are_two(model_folder, profile_json, tmp_path):
    (model_folder / REFERENCE_PROFILE).write_text(json.dumps(profile_json()))
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for parent in ("a", "b"):
            for name in ("plans.json", REFERENCE_PROFILE):
                archive.write(model_folder / name, f"{parent}/{name}")
    assert "several models" in profile_of_model(path).problem


def test_a_reference_that_is_no_model_says_so(tmp_path):
    with pytest.raises(ModelError):
        profile_of_model(tmp_path)
