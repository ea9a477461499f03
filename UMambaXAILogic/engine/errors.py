"""Typed errors: what was wrong, the offending value, what to do.

Raised by the engine, shown by whichever door was used. ``exit_code`` is the terminal's exit status.
"""

from __future__ import annotations


class UMambaXAIError(Exception):
    """A problem a user can act on.

    Args:
        message: what was wrong, with the offending value, as one or two sentences.
        remedy: what to do about it, as one or two sentences.
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self):  # keeps `remedy` when the error crosses a process boundary
        return type(self), (self.message, self.remedy)


class UsageError(UMambaXAIError):
    """An option or argument is wrong."""

    code = "usage"
    exit_code = 2


class InputError(UMambaXAIError):
    """The volume, ground truth or region cannot be used."""

    code = "input"
    exit_code = 3


class ModelError(UMambaXAIError):
    """The model folder, archive or checkpoint cannot be used."""

    code = "model"
    exit_code = 4


class MemoryExhaustedError(UMambaXAIError):
    """The request does not fit the memory there is."""

    code = "out_of_memory"
    exit_code = 5


class NotInstalledError(UMambaXAIError):
    """A package, backend or device that the request needs is not there."""

    code = "not_installed"
    exit_code = 6


class CancelledError(UMambaXAIError):
    """The user cancelled."""

    code = "cancelled"
    exit_code = 130

    def __init__(self, message: str = "Cancelled.", remedy: str = "") -> None:
        super().__init__(message, remedy)


class WorkerCrashedError(UMambaXAIError):
    """The worker process ended by itself, without a result and without saying why."""

    code = "crashed"
