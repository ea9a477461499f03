"""A glance at what the user chose as a model."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from UMambaXAILogic.interaction.model_choice import problem_with_model


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    folder = tmp_path / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.json").touch()
    (folder / "fold_0" / "checkpoint_best.pth").touch()
    return folder


@pytest.mark.parametrize("model", ["", "demo"])
def test_nothing_chosen_and_the_demo_model_are_no_problem(model):
    assert problem_with_model(model) == ""


def test_a_trained_folder_and_a_zip_are_accepted(trained, tmp_path):
    assert problem_with_model(str(trained)) == ""
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("plans.json", "{}")
    assert problem_with_model(str(tmp_path / "model.zip")) == ""


def test_everything_else_is_refused_with_the_reason(trained, tmp_path):
    assert "no model at" in problem_with_model(str(tmp_path / "gone"))
    (tmp_path / "model.pth").write_bytes(b"\x80\x02")
    assert "model.pth is no zip" in problem_with_model(str(tmp_path / "model.pth"))
    assert "no plans.json" in problem_with_model(str(tmp_path))
    (trained / "fold_0" / "checkpoint_best.pth").unlink()
    assert "nothing was trained" in problem_with_model(str(trained))
