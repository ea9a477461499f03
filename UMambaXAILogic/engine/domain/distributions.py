"""What a plot of two cohorts needs: shares of coarse bins, and the values of the cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .cohort_distances import hounsfield_histogram, noise_values
from .comparison_tables import diameter_histogram
from .histogram import Histogram
from .noise_choice import NoiseChoice
from .quantities import AXES
from .row import DomainRow
from .settings import DomainSettings

#: Between these quantiles of both cohorts the bins are laid: a few voxels of metal, or one aneurysm, would squeeze
#: everything else into a corner.
_SHOWN = (0.001, 0.999)
#: Steps that a reader can take in, in the unit of the values, and how many of them at most. Diameters are twice a
#: distance between voxels, which takes few values: finer bins would show the grid.
_STEPS = {"HU": (1, 2, 5, 10, 20, 50), "mm": (0.25, 0.5, 1.0, 2.0)}
_MOST_BINS = {"HU": 150, "mm": 40}
#: Where the edges lie, from a multiple of the step: CT numbers are whole, and each belongs to one bin.
_ORIGIN = {"HU": -0.5, "mm": 0.0}

Rows = Sequence[DomainRow]


def distributions(source: Rows, target: Rows, settings: DomainSettings, noise: NoiseChoice) -> dict[str, Any]:
    """Intensity and diameter histograms on common bins; noise and spacing case by case."""
    intensity = [hounsfield_histogram(rows) for rows in (source, target)]
    inside = [histogram.within(*settings.window_hu) for histogram in intensity]
    return {
        "intensity": _on_common_bins(*intensity),
        "intensity_in_window": _on_common_bins(*inside, shown=settings.window_hu),
        "diameter": _on_common_bins(diameter_histogram(source), diameter_histogram(target)),
        "noise": {
            "unit": "HU",
            "estimator": noise.estimator,
            "source": noise_values(source, noise.estimator),
            "target": noise_values(target, noise.estimator),
        },
        "spacing": {
            "unit": "mm",
            **{
                axis: {
                    side: [getattr(row.resolution.spacing_mm, axis) for row in rows]
                    for side, rows in (("source", source), ("target", target))
                }
                for axis in AXES
            },
        },
    }


def _on_common_bins(
    source: Histogram, target: Histogram, *, shown: tuple[float, float] | None = None
) -> dict[str, Any]:
    """``edges`` (n + 1) and each cohort's share of values in the n bins; a cohort without values has null.

    Args:
        source, target: over the same bins.
        shown: lowest and highest value that the edges enclose; None: nearly all values.
    """
    unit = source.bins.unit
    bounds = [
        bound for histogram in (source, target) for share in _SHOWN if (bound := histogram.quantile(share)) is not None
    ]
    if not bounds:
        return {"unit": unit, "edges": [], "source": None, "target": None}
    lowest, highest = source.bins.edges[[0, -1]]  # how values beyond them spread, such as padding, nothing tells
    low, high = shown or (max(min(bounds), lowest), min(max(bounds), highest))
    steps, origin = _STEPS[unit], _ORIGIN[unit]
    step = next((step for step in steps if (high - low) / step <= _MOST_BINS[unit] - 2), steps[-1])
    edges = origin + step * np.arange(np.floor((low - origin) / step), np.floor((high - origin) / step) + 2)
    return {
        "unit": unit,
        "edges": [round(float(edge), 6) for edge in edges],
        "source": _shares(source, edges),
        "target": _shares(target, edges),
    }


def _shares(histogram: Histogram, edges: npt.NDArray[np.float64]) -> list[float] | None:
    if histogram.total == 0:
        return None
    points, below = histogram.distribution()
    return [float(share) for share in np.diff(np.interp(edges, points, below / below[-1]))]
