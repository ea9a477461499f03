"""Which Python the worker gets inside Slicer, and with which packages."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from UMambaXAILogic.interaction import Command, worker_command
from UMambaXAILogic.interaction.worker_command import python_command

from .runtime.build import Build
from .runtime.contents import folder_name, is_usable, read_marker
from .runtime.existing_python import check_command

#: Settings: path of an existing Python environment's interpreter that is used instead of the private runtime.
PYTHON_SETTING = "UMambaXAI/Python"

_PROCESS = "UMambaXAILogic.slicer_app.runtime.process"


class Environment:
    """Starts the worker with the private runtime or with an existing Python, and what looks after the runtime.

    Args:
        folder: the private runtime; None: the default place of this user and Python version.
        python: an existing Python that has the packages; None: what the settings say; empty: none.
    """

    def __init__(self, folder: Path | None = None, python: str | None = None) -> None:
        self.folder = default_folder() if folder is None else folder
        self._python = python

    @property
    def python(self) -> str:
        """The existing Python that is used instead of the private runtime; empty: none."""
        return stored_python() if self._python is None else self._python

    @property
    def is_ready(self) -> bool:
        """Whether the worker can be started without installing anything."""
        return not self.problem if self.python else is_usable(read_marker(self.folder), self.folder)

    @property
    def problem(self) -> str:
        """Why the existing Python cannot be used, empty where nothing is known against it."""
        if not self.python or Path(self.python).is_file():
            return ""
        return _(
            "There is no Python at {path}. Choose another one under Packages, or empty that field to let UMambaXAI "
            "install what it needs."
        ).format(path=self.python)

    def worker_command(self, request: Path | str) -> Command:
        """The command that answers a request file."""
        if self.python:
            return worker_command(request, program=self.python, environment=clean_environment())
        return worker_command(request, program=python_slicer(), packages=self.folder)

    def runtime_command(self, action: str, build: Build | None = None, wheels: Path | None = None) -> Command:
        """What does something to the private runtime.

        Args:
            action: one of those in ``runtime.process``.
            build: which build of torch, where packages are installed.
            wheels: folder of wheels to install from, without the internet.
        """
        options = ["--target", str(self.folder)]
        if build is not None:
            options += ["--build", build.tag]
            if build.index is not None:
                options += ["--index", build.index]
        if wheels is not None:
            options += ["--wheels", str(wheels)]
        return python_command(_PROCESS, (action, *options), program=python_slicer())

    def python_check(self) -> Command:
        """What finds out whether the existing Python has what is needed."""
        return check_command(self.python, clean_environment())


def stored_python() -> str:
    """The existing Python that the user chose, empty where none was."""
    return str(qt.QSettings().value(PYTHON_SETTING, "") or "")


def store_python(path: str) -> None:
    """Remember the existing Python to use from now on; empty: the private runtime."""
    qt.QSettings().setValue(PYTHON_SETTING, path)


def interpreter(path: str) -> str:
    """The interpreter that somebody means who names it, or the folder of its environment; empty stays empty."""
    if not path:
        return ""
    named = Path(os.path.expanduser(path.strip("\"'")))
    inside = (named / name for name in ("bin/python3", "bin/python", "python.exe", "Scripts/python.exe"))
    return str(next((found for found in inside if found.is_file()), named))


def default_folder() -> Path:
    """Where the private runtime of this user and Python version lies; it need not exist."""
    data = qt.QStandardPaths.writableLocation(qt.QStandardPaths.GenericDataLocation)
    return Path(data) / "UMambaXAI" / folder_name()


def python_slicer() -> str:
    """Slicer's own Python, for a process of its own."""
    return shutil.which("PythonSlicer") or sys.executable


def clean_environment() -> dict[str, str]:
    """What a Python that is not Slicer's may see: the environment from before Slicer's launcher changed it."""
    environment = dict(slicer.util.startupEnvironment())
    for name in ("PYTHONHOME", "PYTHONPATH"):
        environment.pop(name, None)
    return environment
