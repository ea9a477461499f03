"""A stand-in application around the installed module, with a real scene and real processes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TREE = Path(os.environ["UMAMBAXAI_INSTALLED_TREE"])
sys.path[:] = [str(TREE), str(HERE / "standins"), *(entry for entry in sys.path if entry)]

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import slicer  # noqa: E402
from PySide6 import QtCore, QtGui  # noqa: E402

import UMambaXAILogic  # noqa: E402

assert Path(UMambaXAILogic.__file__).is_relative_to(TREE), "these checks run on the installed tree"

import application  # noqa: E402

from UMambaXAILogic.interaction import Command  # noqa: E402
from UMambaXAILogic.interaction.panel.controller import Question  # noqa: E402
from UMambaXAILogic.interaction.panel.packages import PackagesFacts  # noqa: E402
from UMambaXAILogic.scene.headless import start_headless_slicer  # noqa: E402

# The checks import what only an application has, so there is one before they are collected.
_settings = tempfile.TemporaryDirectory()
headless = start_headless_slicer()
application.install(Path(_settings.name), headless.application_logic)
for color in ("Red", "Green", "Yellow"):
    composite = slicer.vtkMRMLSliceCompositeNode()
    composite.SetLayoutName(color)
    slicer.mrmlScene.AddNode(composite)


@pytest.fixture(scope="session", autouse=True)
def running():
    """Closes the application."""
    yield headless
    headless.close()
    _settings.cleanup()


@pytest.fixture(autouse=True)
def no_silent_failure(monkeypatch: pytest.MonkeyPatch):
    """What a slot, timer or observer raises fails the check."""
    raised: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: raised.append(error))
    yield raised
    if raised:
        raise raised[0]


@pytest.fixture
def spin():
    """Runs the event loop until something is true: spin(condition, seconds=60)."""

    def until(condition, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            loop = QtCore.QEventLoop()
            QtCore.QTimer.singleShot(10, loop.quit)
            loop.exec()

    return until


class FakeDialogs:
    """Answers what it is told to answer, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = True
        self.path = ""

    def confirm(self, text: str, details: str = "") -> bool:
        self.asked.append(text)
        return self.answer

    def choose_model_folder(self, current: str) -> str:
        self.asked.append("folder")
        return self.path

    def choose_profile(self, current: str) -> str:
        self.asked.append("profile")
        return self.path

    def choose_export_folder(self) -> str:
        self.asked.append("export")
        return self.path

    def choose_dicom_folder(self) -> str:
        self.asked.append("dicom")
        return self.path

    def choose_benchmark_folder(self, current: str) -> str:
        self.asked.append("benchmark folder")
        return self.path

    def choose_sam_file(self, current: str) -> str:
        self.asked.append("SAM file")
        return self.path

    def choose_sam_folder(self, current: str) -> str:
        self.asked.append("SAM folder")
        return self.path

    def choose_picture(self) -> str:
        self.asked.append("picture")
        return self.path

    def open_folder(self, folder: str) -> None:
        self.asked.append(f"open {folder}")

    def choose_wheels(self, current: str) -> str:
        self.asked.append("wheels")
        return self.path

    def choose_python(self, current: str) -> str:
        self.asked.append("python")
        return self.path

    def choose_model_archive(self, current: str) -> str:
        self.asked.append("archive")
        return self.path


class StandInEnvironment:
    """Starts the stand-in worker; ``mode`` says how it behaves."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.mode, self.is_ready = folder, "good", True

    def worker_command(self, request) -> Command:
        return Command(sys.executable, (str(HERE / "stand_in_worker.py"), self.mode, str(self.folder), str(request)))

    def go(self) -> None:
        (self.folder / "go").touch()


class StandInRuntime:
    """The packages: there, or installed by a job that a check provides."""

    def __init__(self) -> None:
        self.is_ready, self.problem, self.job = True, "", None
        self.known = PackagesFacts(state="ready", folder="/data/py312")
        self.started: list[str] = []

    def facts(self) -> PackagesFacts:
        return self.known

    def question(self, action: str = "") -> Question | None:
        return None if action == "verify" else Question("Install 2.5 GB into a folder?")

    def start(self, action: str = ""):
        self.started.append(action)
        return self.job()

    def describe(self, job) -> str:
        return "The packages work."

    def wheels_command(self) -> str:
        return "python3.12 -m pip wheel --wheel-dir umamba-xai-wheels torch==2.13.0"


@pytest.fixture
def dialogs() -> FakeDialogs:
    return FakeDialogs()


@pytest.fixture
def worker(tmp_path: Path) -> StandInEnvironment:
    return StandInEnvironment(tmp_path)


@pytest.fixture
def runtime() -> StandInRuntime:
    return StandInRuntime()


@pytest.fixture
def opened(worker, runtime, dialogs):
    """The opened module's widget on an empty scene, with the stand-in worker."""
    from UMambaXAILogic.logic import UMambaXAILogic
    from UMambaXAILogic.slicer_app.panel.services import make_services

    sys.modules.pop("UMambaXAI", None)
    widget = application.open_module("UMambaXAI", TREE)
    widget.panel.use(make_services(UMambaXAILogic(environment=worker), dialogs, runtime))
    yield widget
    widget.cleanup()
    slicer.mrmlScene.Clear(0)


@pytest.fixture
def panel(opened):
    """The opened panel."""
    return opened.panel


@pytest.fixture
def add_volume():
    """Adds a volume with a bright vessel: add_volume(name)."""

    def add(name: str = "CTA", kind: str = "vtkMRMLScalarVolumeNode"):
        array = np.zeros((8, 24, 32), np.int16)
        array[:, 10:14, 10:20] = 200
        node = slicer.mrmlScene.AddNewNodeByClass(kind, name)
        slicer.util.updateVolumeFromArray(node, array)
        return node

    return add


@pytest.fixture
def picture(opened, spin):
    """Leaves a PNG of the panel: picture(name, height, width), in pixels."""

    def grab(name: str, height: int = 840, width: int = 430) -> QtGui.QImage:
        folder = Path(os.environ["UMAMBAXAI_PANEL_PICTURES"])
        folder.mkdir(parents=True, exist_ok=True)
        parent = opened.parent._object
        parent.show()
        parent.resize(width, max(height, parent.layout().totalHeightForWidth(width)))  # Slicer scrolls
        frames: list[int] = []
        spin(lambda: frames.append(1) or len(frames) > 5)  # the layout settles
        image = parent.grab().toImage()
        assert image.save(str(folder / f"{name}.png"))
        return image

    return grab


@pytest.fixture
def settle(panel, spin):
    """Waits until what was asked for is in sight."""
    return lambda: spin(lambda: not panel.results.facts().is_preparing)


@pytest.fixture
def run(panel, add_volume, worker, spin, settle):
    """Runs on a new volume until its result is in sight, with a ground truth on request: run("CTA", truth=True)."""

    def go(name: str = "CTA", truth: bool = False):
        volume = add_volume(name)
        panel.ui.inputVolumeSelector.setCurrentNode(volume)
        panel.ui.groundTruthSelector.setCurrentNode(_add_truth(volume) if truth else None)
        return again()

    def again():
        worker.go()
        panel.ui.runButton.click()
        spin(lambda: "Done" in panel.ui.messageLabel.text and not panel.controller.is_busy)
        settle()
        return panel.results.view

    go.again = again
    return go


@pytest.fixture
def shown(run):
    """A result with a ground truth in the opened panel; returns its view."""
    return run(truth=True)


def _add_truth(volume):
    array = slicer.util.arrayFromVolume(volume) > 100
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "truth")
    slicer.util.updateVolumeFromArray(node, array.astype(np.uint8))
    return node
