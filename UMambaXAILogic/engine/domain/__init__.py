"""Phase 1: intensity, resolution, noise and vessel morphology of cases and cohorts.

What measures is loaded on first use: a door that only builds a ``DomainRequest``, or a scene that only reads rows, must
not need its packages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .bins import BINS, DIAMETER, HOUNSFIELD, SIGNED_OCTAVES, Bins
from .distances import kolmogorov_smirnov, wasserstein
from .histogram import Histogram
from .moments import Moments
from .request import DomainRequest
from .row import (
    ARBITRARY_UNITS,
    HOUNSFIELD_UNITS,
    NOISE_ESTIMATORS,
    PERCENTILES,
    DomainRow,
    IntensityStatistics,
    MorphologyStatistics,
    NoiseEstimate,
    PerAxis,
    ResolutionStatistics,
    VesselIntensity,
)
from .settings import DomainSettings

if TYPE_CHECKING:
    from .files import measure_files
    from .measure import measure_domain
    from .run import DomainResult, run_domain_case

__all__ = [
    "ARBITRARY_UNITS",
    "BINS",
    "DIAMETER",
    "HOUNSFIELD",
    "HOUNSFIELD_UNITS",
    "NOISE_ESTIMATORS",
    "PERCENTILES",
    "SIGNED_OCTAVES",
    "Bins",
    "DomainRequest",
    "DomainResult",
    "DomainRow",
    "DomainSettings",
    "Histogram",
    "IntensityStatistics",
    "Moments",
    "MorphologyStatistics",
    "NoiseEstimate",
    "PerAxis",
    "ResolutionStatistics",
    "VesselIntensity",
    "kolmogorov_smirnov",
    "measure_domain",
    "measure_files",
    "run_domain_case",
    "wasserstein",
]

_LAZY = {
    "DomainResult": "run",
    "measure_domain": "measure",
    "measure_files": "files",
    "run_domain_case": "run",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
