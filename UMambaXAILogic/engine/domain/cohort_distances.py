"""Wasserstein-1 and Kolmogorov-Smirnov distances between the distributions of two cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .bins import HOUNSFIELD
from .comparison_tables import diameter_histogram
from .distances import kolmogorov_smirnov, wasserstein
from .histogram import Histogram
from .noise_choice import NoiseChoice
from .quantities import noise_quantities
from .row import DomainRow
from .sample_distances import sample_kolmogorov_smirnov, sample_wasserstein
from .settings import DomainSettings

Rows = Sequence[DomainRow]


@dataclass(frozen=True)
class CohortDistance:
    """Of one kind of value.

    Args:
        key: ``intensity``, ``intensity_in_window``, ``noise`` or ``diameter``.
        over: what the values belong to, such as ``voxels of all cases``.
        unit: of the Wasserstein distance.
        wasserstein: Wasserstein-1 distance; None where a cohort has no value.
        kolmogorov_smirnov: in [0, 1]; None likewise.
        source_count, target_count: number of values.
        missing_because: why there is no distance.
    """

    key: str
    over: str
    unit: str
    wasserstein: float | None
    kolmogorov_smirnov: float | None
    source_count: int
    target_count: int
    missing_because: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The same, for a JSON file, without the key."""
        return {name: value for name, value in vars(self).items() if name != "key"}


def cohort_distances(source: Rows, target: Rows, settings: DomainSettings, noise: NoiseChoice) -> list[CohortDistance]:
    """All that can be told: histograms are pooled over the cases, the noise is one value a case."""
    intensity = [hounsfield_histogram(rows) for rows in (source, target)]
    inside = [histogram.within(*settings.window_hu) for histogram in intensity]
    return [
        _of_histograms("intensity", "voxels of all cases", "HU", *intensity),
        _of_histograms("intensity_in_window", "voxels of all cases in the window", "HU", *inside),
        _of_noise(source, target, noise),
        _of_histograms(
            "diameter", "skeleton voxels of all cases", "mm", diameter_histogram(source), diameter_histogram(target)
        ),
    ]


def hounsfield_histogram(rows: Rows) -> Histogram:
    """Of all voxels of the cases in HU."""
    parts = [row.intensity.histogram for row in rows if row.intensity.histogram.bins.name == HOUNSFIELD.name]
    return Histogram.merged([Histogram.empty(HOUNSFIELD), *parts])


def noise_values(rows: Rows, estimator: str | None) -> list[float]:
    """The compared estimator's value of every case that has one in HU."""
    quantity = next((quantity for quantity in noise_quantities(estimator) if quantity.is_shift), None)
    values = [] if quantity is None else [quantity.value(row) for row in rows]
    return [value for value in values if value is not None]


def _of_histograms(key: str, over: str, unit: str, source: Histogram, target: Histogram) -> CohortDistance:
    return CohortDistance(
        key,
        over,
        unit,
        wasserstein(source, target),
        kolmogorov_smirnov(source, target),
        source.total,
        target.total,
        _missing(source.total, target.total),
    )


def _of_noise(source: Rows, target: Rows, noise: NoiseChoice) -> CohortDistance:
    values = [noise_values(rows, noise.estimator) for rows in (source, target)]
    missing = _missing(len(values[0]), len(values[1]))
    if noise.estimator is None:
        missing = "No estimator is valid in every case of both cohorts."
    return CohortDistance(
        "noise",
        f"cases, by the estimator {noise.estimator}" if noise.estimator else "cases",
        "HU",
        None if missing else sample_wasserstein(*values),
        None if missing else sample_kolmogorov_smirnov(*values),
        len(values[0]),
        len(values[1]),
        missing,
    )


def _missing(source: int, target: int) -> str | None:
    sides = [side for side, count in (("source", source), ("target", target)) if count == 0]
    return f"No case of the {' or the '.join(sides)} has it." if sides else None
