"""Phase 1: intensity, resolution, noise and vessel morphology of cases and cohorts."""

from .bins import BINS, DIAMETER, HOUNSFIELD, SIGNED_OCTAVES, Bins
from .distances import kolmogorov_smirnov, wasserstein
from .histogram import Histogram
from .moments import Moments
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
    "wasserstein",
]
