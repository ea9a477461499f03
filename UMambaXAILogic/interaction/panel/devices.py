"""Which devices there are: asked of a worker when somebody wants to choose one, and never waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from UMambaXAILogic.engine.device_list import DeviceList
from UMambaXAILogic.engine.errors import CancelledError, UMambaXAIError

from ..signal import Signal


class DevicesJob(Protocol):
    """What is needed of the job that asks."""

    finished: Signal
    result: DeviceList | None
    error: UMambaXAIError | None

    def cancel(self) -> None: ...


@dataclass(frozen=True)
class KnownDevices:
    """What is known.

    Args:
        asking: the worker was asked and has not answered yet.
        found: its latest answer; None before the first.
        problem: why it gave none the last time; empty where it did.
    """

    asking: bool = False
    found: DeviceList | None = None
    problem: str = ""


class DeviceInquiry:
    """Asks for the devices, once at a time.

    Signals:
        changed(): look at ``known`` again.

    Args:
        start: begins to ask; raises ``UMambaXAIError`` where nobody can be asked.
    """

    def __init__(self, start: Callable[[], DevicesJob]) -> None:
        self.changed = Signal()
        self.known = KnownDevices()
        self._start = start
        self._job: DevicesJob | None = None

    def ask(self) -> None:
        """Ask, unless somebody does already."""
        if self._job is not None:
            return
        try:
            job = self._start()
        except UMambaXAIError as error:
            self._know(KnownDevices(found=self.known.found, problem=str(error)))
            return
        self._job = job
        job.finished.connect(self._on_finished)
        self._know(KnownDevices(asking=True, found=self.known.found))

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        if self._job is not None:
            self._job.cancel()

    def _on_finished(self, job: Any) -> None:
        self._job = None
        error = job.error
        if error is None:
            self._know(KnownDevices(found=job.result))
        else:
            problem = "" if isinstance(error, CancelledError) else str(error)
            self._know(KnownDevices(found=self.known.found, problem=problem))

    def _know(self, known: KnownDevices) -> None:
        self.known = known
        self.changed.emit()
