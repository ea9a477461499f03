"""Shift attribution: which factor of the domain gap costs how much, by interventions on one cohort's cases."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .request import ShiftRequest
    from .result import ShiftResult
    from .run import run_shift

__all__ = ["ShiftRequest", "ShiftResult", "run_shift"]

_HOMES = {"ShiftRequest": "request", "ShiftResult": "result", "run_shift": "run"}


def __getattr__(name: str) -> Any:
    # torch and nnunetv2 take seconds to load, and a door that only builds a request does without.
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
