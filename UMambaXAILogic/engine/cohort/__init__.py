"""Many cases: manifest, tasks, tables of results.

Everything but the request is loaded on first use: a door that only builds a ``CohortRequest`` needs no packages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .request import CohortRequest, CohortResult

if TYPE_CHECKING:
    from .manifest import Manifest, ManifestCase, read_manifest
    from .run import run_cohort

__all__ = ["CohortRequest", "CohortResult", "Manifest", "ManifestCase", "read_manifest", "run_cohort"]

_LAZY = {"Manifest": "manifest", "ManifestCase": "manifest", "read_manifest": "manifest", "run_cohort": "run"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
