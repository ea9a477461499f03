"""Two cohorts compared: tables, verdict, audit, report.

The comparison is loaded on first use: who only audits tables or builds options needs no packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .options import DiagnosisOptions

if TYPE_CHECKING:
    from .run import Diagnosis, diagnose

__all__ = ["Diagnosis", "DiagnosisOptions", "diagnose"]


def __getattr__(name: str) -> Any:
    if name in ("Diagnosis", "diagnose"):
        from . import run

        return getattr(run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
