"""What the self-test lets the panel work with, so that it needs no packages and asks nobody anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

from UMambaXAILogic.interaction import Command
from UMambaXAILogic.interaction.worker_command import python_command

from ..environment import Environment, python_slicer
from ..panel.services import PanelServices, make_services
from ..process_runner import ProcessRunner
from ..runtime_setup import PrivateRuntimeSetup
from .stand_in_worker import ANSWER

_WORKER = "UMambaXAILogic.slicer_app.self_test.stand_in_worker"


class StandInEnvironment(Environment):
    """Slicer's own Python with the worker that needs no packages.

    Args:
        folder: where that worker leaves its heartbeat.
        mode: of that worker.
    """

    def __init__(self, folder: Path, mode: str = ANSWER) -> None:
        super().__init__()
        self._heartbeat_folder, self._mode = folder, mode

    @property
    def is_ready(self) -> bool:
        """See ``Environment``."""
        return True

    @property
    def problem(self) -> str:
        """See ``Environment``."""
        return ""

    def worker_command(self, request: Path | str) -> Command:
        """See ``Environment``."""
        arguments = (self._mode, str(self._heartbeat_folder), str(request))
        return python_command(_WORKER, arguments, program=python_slicer())


class NoDialogs:
    """Fails where the panel asks something."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the self-test was asked something: {name}")

    def confirm(self, *question: Any) -> bool:
        """Nothing is to be confirmed: the packages count as installed."""
        raise AssertionError(f"the self-test was asked to confirm: {question}")


def stand_in_services(environment: StandInEnvironment, logic: Any) -> PanelServices:
    """The panel's services around that worker.

    Args:
        logic: a ``UMambaXAILogic`` in that environment.
    """
    runtime = PrivateRuntimeSetup(environment, lambda: ProcessRunner(slicer.app))
    return make_services(logic, NoDialogs(), runtime)
