"""Attribution maps judged by evidence: faithfulness, leakage, robustness, sanity and cost, on one case or on many.

What computes is loaded on first use: a door that only builds a ``BenchmarkRequest`` must not need its packages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .request import AXES, BenchmarkRequest

if TYPE_CHECKING:
    from .cohort import run_cohort_benchmark
    from .result import BenchmarkResult
    from .run import run_benchmark

__all__ = ["AXES", "BenchmarkRequest", "BenchmarkResult", "run_benchmark", "run_cohort_benchmark"]

_LAZY = {"BenchmarkResult": "result", "run_benchmark": "run", "run_cohort_benchmark": "cohort"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
