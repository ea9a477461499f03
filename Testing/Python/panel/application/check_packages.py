"""The panel's part about the packages: what it shows in each state, and what its buttons do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import application
import pytest
import qt

from UMambaXAILogic.interaction import Command, Job
from UMambaXAILogic.interaction.panel.packages import PackagesFacts
from UMambaXAILogic.slicer_app.environment import PYTHON_SETTING
from UMambaXAILogic.slicer_app.packages_settings import PackagesSettings
from UMambaXAILogic.slicer_app.process_runner import ProcessRunner

INSTALLED = PackagesFacts(
    state="ready",
    folder="/home/user/.local/share/UMambaXAI/py312",
    size_bytes=2_280_000_000,
    packages={"torch": "2.13.0+cpu", "nnunetv2": "2.8.1", **{f"package{number}": "1" for number in range(97)}},
    build="CPU",
)
MISSING = PackagesFacts(folder=INSTALLED.folder)

#: Says that it downloads, then waits until its input closes.
_DOWNLOADING = (
    "import json, os, sys\n"
    "def say(**fields): print(json.dumps(dict(v=1, **fields)), flush=True)\n"
    "say(type='hello', pid=os.getpid())\n"
    "say(type='stage', name='download')\n"
    "say(type='step', action='download', name='torch', number=3, total=99, bytes_done=12e7, bytes_total=192e6)\n"
    "say(type='progress', stage='download', fraction=0.4)\n"
    "sys.stdin.read()\n"
    "say(type='error', code='cancelled', message='Cancelled.')\n"
)
_DONE = (
    "import json\nprint(json.dumps(dict(v=1, type='hello', pid=1)))\n"
    "print(json.dumps(dict(v=1, type='result', folder='.', files={}, versions=dict(torch='2.13.0'))))\n"
)


def job(script: str) -> Job:
    import slicer

    started = Job(Command(sys.executable, ("-c", script)), ProcessRunner(slicer.app), stages={"download": 1.0})
    started.start()
    return started


@pytest.fixture
def unfolded(panel):
    """The panel, scrolled to the packages: everything else is folded."""
    for section in panel.sections:
        section.widget.setVisible(section in (panel.run_section, panel.packages_section))
    panel.ui.packagesCollapsibleButton.collapsed = False
    yield panel
    qt.QSettings().setValue(PYTHON_SETTING, "")
    settings = PackagesSettings()
    settings.build, settings.wheels = "automatic", None


def enabled(panel) -> set[str]:
    names = ("install", "verify", "repair", "update", "delete")
    return {name for name in names if getattr(panel.ui, f"{name}Button").enabled}


@pytest.mark.parametrize(
    ("name", "facts", "words", "buttons"),
    [
        ("missing", MISSING, "Not installed", {"install"}),
        (
            "leftovers",
            PackagesFacts(folder=INSTALLED.folder, has_leftovers=True),
            "interrupted installation",
            {"install", "delete"},
        ),
        (
            "ready",
            INSTALLED,
            "Installed: torch 2.13.0+cpu, nnunetv2 2.8.1 and 97 more; CPU build; 2.3 GB",
            {"verify", "repair", "delete"},
        ),
        (
            "old",
            PackagesFacts(
                **{
                    **vars(INSTALLED),
                    "state": "old",
                    "changes": ("numpy 2.3 -> 2.4", "torch 2.12 -> 2.13", "zict 2 -> 3", "zipp 3 -> 4"),
                }
            ),
            "numpy 2.3 -> 2.4, torch 2.12 -> 2.13, zict 2 -> 3 and 1 more",
            {"verify", "repair", "update", "delete"},
        ),
        (
            "outdated",
            PackagesFacts(**{**vars(INSTALLED), "state": "outdated", "changes": ("nnunetv2 2.7.0 -> 2.8.1",)}),
            "Out of date, update before computing: nnunetv2 2.7.0 -> 2.8.1.",
            {"verify", "repair", "update", "delete"},
        ),
        (
            "broken",
            PackagesFacts(
                **{**vars(INSTALLED), "state": "broken", "problem": "numba: ImportError: libllvm is missing"}
            ),
            "Broken: numba: ImportError: libllvm is missing",
            {"verify", "repair", "delete"},
        ),
        (
            "other-python",
            PackagesFacts(
                **{
                    **vars(MISSING),
                    "python": "/opt/conda/bin/python",
                    "python_versions": {"python": "3.12.4", "torch": "2.9.0", "nnunetv2": "2.8.1"},
                }
            ),
            "It works: python 3.12.4, torch 2.9.0, nnunetv2 2.8.1.",
            {"verify"},
        ),
        (
            "other-python-gone",
            PackagesFacts(**{**vars(MISSING), "python": "/gone", "python_problem": "There is no Python at /gone."}),
            "There is no Python at /gone.",
            {"verify"},
        ),
        (
            "other-build",
            PackagesFacts(
                **{
                    **vars(INSTALLED),
                    "build_differs": True,
                    "build_reason": "CUDA 13.0: NVIDIA RTX 4090 (driver 580.65.6) runs CUDA 13.0.",
                }
            ),
            "Installed: torch",
            {"verify", "repair", "update", "delete"},
        ),
    ],
)
def test_each_state_says_what_is_there_and_offers_what_makes_sense(
    name, facts, words, buttons, unfolded, runtime, picture
):
    runtime.known = facts
    unfolded.refresh()
    assert words in unfolded.ui.packagesStateLabel.text
    assert enabled(unfolded) == buttons
    for button in ("install", "verify", "repair", "update", "delete"):
        assert len(getattr(unfolded.ui, f"{button}Button").toolTip) > 15
    picture(f"packages-{name}", 560)


def test_a_button_asks_shows_live_progress_and_can_be_cancelled(unfolded, runtime, dialogs, spin, picture):
    runtime.known, runtime.job = MISSING, lambda: job(_DOWNLOADING)
    dialogs.answer = False
    unfolded.refresh()
    unfolded.ui.installButton.click()
    assert (dialogs.asked, runtime.started) == (["Install 2.5 GB into a folder?"], [])
    dialogs.answer = True
    unfolded.ui.installButton.click()
    spin(lambda: "120 of 192 MB" in unfolded.ui.progressLabel.text)
    assert unfolded.ui.progressLabel.text.startswith("Downloading torch (3 of 99): 120 of 192 MB")
    assert unfolded.ui.progressBar.value == 40
    assert enabled(unfolded) == set()
    assert "At work" in unfolded.ui.packagesStateLabel.text
    assert "Wait" in unfolded.ui.installButton.toolTip
    assert not unfolded.ui.pythonEdit.enabled
    picture("packages-installing", 560)
    unfolded.ui.cancelButton.click()
    spin(lambda: "No packages are installed" in unfolded.ui.messageLabel.text, 3)
    assert enabled(unfolded) == {"install"}


def test_a_check_needs_no_question_and_says_what_works(unfolded, runtime, dialogs, spin, picture):
    runtime.known, runtime.job = INSTALLED, lambda: job(_DONE)
    unfolded.refresh()
    unfolded.ui.verifyButton.click()
    spin(lambda: unfolded.ui.messageLabel.text == "The packages work.")
    assert (dialogs.asked, runtime.started) == ([], ["verify"])
    picture("packages-verified", 560)


def test_the_run_button_says_what_comes_first(unfolded, runtime, add_volume):
    from UMambaXAILogic.slicer_app.panel.parameters import scene_parameters

    scene_parameters().inputVolume = add_volume()
    runtime.is_ready = False
    for state, text in (("missing", "Install"), ("outdated", "Update"), ("broken", "Repair")):
        runtime.known = PackagesFacts(state=state)
        unfolded.refresh()
        assert unfolded.ui.runButton.text == f"{text} and run..."


def test_the_folder_can_be_opened_once_there_is_one(unfolded, runtime, dialogs):
    runtime.known = MISSING
    unfolded.refresh()
    assert not unfolded.ui.openFolderButton.enabled
    runtime.known = INSTALLED
    unfolded.refresh()
    assert unfolded.ui.packagesFolderEdit.text == INSTALLED.folder
    unfolded.ui.openFolderButton.click()
    assert dialogs.asked == [f"open {INSTALLED.folder}"]


def test_build_and_wheels_are_remembered(unfolded, opened, dialogs, tmp_path):
    unfolded.ui.buildSelector.setCurrentIndex(2)
    unfolded.ui.buildSelector._object.activated.emit(2)
    assert PackagesSettings().build == "cuda"
    dialogs.path = str(tmp_path)
    unfolded.ui.browseWheelsButton.click()
    assert (PackagesSettings().wheels, unfolded.ui.wheelsEdit.text) == (tmp_path, str(tmp_path))
    opened.cleanup()
    again = application.open_module("UMambaXAI", Path(os.environ["UMAMBAXAI_INSTALLED_TREE"]))
    assert again.panel.ui.buildSelector.currentIndex == 2
    assert again.panel.ui.wheelsEdit.text == str(tmp_path)
    again.panel.ui.wheelsEdit.setText("")
    again.panel.ui.wheelsEdit._object.editingFinished.emit()
    assert PackagesSettings().wheels is None
    again.cleanup()


def test_the_command_for_another_machine_is_copied(unfolded):
    unfolded.ui.copyCommandButton.click()
    assert qt.QApplication.clipboard().text().startswith("python3.12 -m pip wheel")
