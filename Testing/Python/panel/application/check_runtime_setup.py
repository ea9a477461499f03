"""The private runtime as the panel installs it: what is asked, what runs, what a failure leaves behind."""

from __future__ import annotations

import slicer

from UMambaXAILogic.slicer_app.dialogs import Dialogs
from UMambaXAILogic.slicer_app.environment import Environment, default_folder
from UMambaXAILogic.slicer_app.process_runner import ProcessRunner
from UMambaXAILogic.slicer_app.runtime_setup import PrivateRuntimeSetup


def setup_in(folder, wheels=None) -> PrivateRuntimeSetup:
    return PrivateRuntimeSetup(Environment(folder / "py312", python=""), lambda: ProcessRunner(slicer.app), wheels)


def test_the_question_says_what_how_large_and_where(tmp_path):
    question = setup_in(tmp_path).question()
    assert "PyTorch" in question
    assert "GB" in question
    assert str(tmp_path / "py312") in question
    assert "Slicer's own Python stays" in question


def test_the_default_place_belongs_to_the_user_and_this_python():
    folder = default_folder()
    assert folder.parent.name == "UMambaXAI"
    assert folder.name.startswith("py3")


def test_a_failed_installation_says_why_and_leaves_nothing(tmp_path, spin):
    (tmp_path / "wheels").mkdir()
    setup = setup_in(tmp_path, wheels=tmp_path / "wheels")  # an empty folder: nothing can be found there
    assert not setup.is_ready
    job = setup.start()
    spin(lambda: job.is_over, 120)
    assert job.state == "failed"
    assert "nnunetv2" in job.error.message
    assert "internet" in job.error.remedy
    spin(lambda: [path.name for path in tmp_path.iterdir()] == ["wheels"], 60)
    assert not setup.is_ready


def test_a_cancelled_installation_leaves_nothing(tmp_path, spin):
    (tmp_path / "wheels").mkdir()
    job = setup_in(tmp_path, wheels=tmp_path / "wheels").start()
    spin(lambda: job.stage == "install", 60)
    job.cancel()
    spin(lambda: job.is_over, 3)
    spin(lambda: [path.name for path in tmp_path.iterdir()] == ["wheels"], 60)


def test_nobody_is_asked_in_testing_mode_and_nothing_is_installed():
    assert not Dialogs().confirm("Install 2.5 GB?")
