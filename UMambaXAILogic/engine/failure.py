"""Any exception, as a user should hear of it: a code, what was wrong, what to do."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from .errors import CancelledError, MemoryExhaustedError, NotInstalledError, UMambaXAIError, UsageError

#: Package to install for a module that is missing, where the names differ.
_DISTRIBUTIONS = {"skimage": "scikit-image", "slicer": "slicer-core", "vtk": "slicer-core", "yaml": "PyYAML"}

#: What allocators of torch, C++ (on Windows the second) and CUDA's libraries say; most raise a plain RuntimeError. The
#: last two come from convolutions for whose workspace, however small, cuDNN found no room.
_OUT_OF_MEMORY_PHRASES = (
    "out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory", "bad_alloc",
    "bad allocation", "status_alloc_failed", "unable to find an engine to execute", "find a valid cudnn algorithm",
)  # fmt: skip
#: Of Windows: no memory for the process, for its handle table, and no room in the paging file; not all get an errno.
_OUT_OF_MEMORY_ON_WINDOWS = (8, 14, 1455)

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Failure:
    """Why a computation ended without a result.

    Args:
        code: one of the ``code`` values in ``errors``, or ``bug``.
        message: what was wrong, with the offending value.
        remedy: what to do about it.
        exit_code: the exit status of the process.
    """

    code: str
    message: str
    remedy: str
    exit_code: int

    @property
    def text(self) -> str:
        """Message and remedy in one paragraph; a table in the message keeps its lines."""
        joint = "" if self.message.endswith("\n") else " "
        lines = f"{self.message}{joint}{self.remedy}".splitlines()
        return "\n".join(line.rstrip() for line in lines if line.strip())


def describe_failure(error: BaseException) -> Failure:
    """Tell what a user can act on from what only a developer can."""
    known = _as_known_error(error)
    if known is not None:
        return Failure(known.code, known.message, known.remedy, known.exit_code)
    first_line = (str(error).strip().splitlines() or ["no message"])[0]
    return Failure(
        code="bug",
        message=f"This is a bug in UMambaXAI, nothing that you did: {type(error).__name__}: {first_line}",
        remedy="Please report it with the log: in Slicer the panel's and the Python console's, in a terminal the "
        "output of the same call with --debug and of 'umamba-xai doctor'.",
        exit_code=1,
    )


def _as_known_error(error: BaseException) -> UMambaXAIError | None:
    if isinstance(error, UMambaXAIError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return CancelledError()
    if is_out_of_memory(error):
        return MemoryExhaustedError(
            f"There was not enough memory: {(str(error).strip().splitlines() or ['no details'])[0]}",
            "Close other programs, crop the volume to the region of interest, set a lower memory limit, or compute "
            "on the CPU where it was the GPU's memory.",
        )
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("UMambaXAILogic"):
        module = error.name.partition(".")[0]
        return NotInstalledError(
            f"The Python package {_DISTRIBUTIONS.get(module, module)!r} is not installed.",
            f"Install it, for example with 'python -m pip install {_DISTRIBUTIONS.get(module, module)}';"
            " 'umamba-xai doctor' lists everything that is needed.",
        )
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return UsageError(
            f"{error.filename or 'The output'} cannot be written or read: {error.strerror}.",
            "Choose another output folder, free some space, or ask for access.",
        )
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator of Python, torch, CUDA or the system had no memory left."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError) and (
        error.errno == errno.ENOMEM or getattr(error, "winerror", None) in _OUT_OF_MEMORY_ON_WINDOWS
    ):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in _OUT_OF_MEMORY_PHRASES)
