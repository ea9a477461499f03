"""Histograms of a volume's intensities and vessel diameters as tables and charts, with a profile's beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from UMambaXAILogic.engine.domain import ARBITRARY_UNITS, DIAMETER, HOUNSFIELD, DomainRow, Histogram

from .plots import BLUE, ORANGE, Line, add_line
from .tables import add_table, number_column

#: Soft tissue and contrast-filled vessels; air and bone, which fill most of a scan, would leave them a flat line.
#: The edges are among those of the histogram's own bins.
_SHOWN_HU = np.arange(-200.5, 600, 4)
_STEP_MM = 0.1
_ARBITRARY_POINTS = 200
#: The brightest values of a scan without units are few, and far away.
_ARBITRARY_SHARE = 0.995


@dataclass(frozen=True)
class HistogramNodes:
    """What shows one histogram.

    Args:
        table: columns Value, This volume and, of a profile, Profile; shares in percent.
        chart: over the table.
        series: the chart's lines.
    """

    table: Any
    chart: Any
    series: tuple[Any, ...]

    @property
    def all(self) -> list[Any]:
        """The nodes."""
        return [self.table, self.chart, *self.series]


def add_intensity_histogram(scene: Any, name: str, row: DomainRow, profile: Histogram | None = None) -> HistogramNodes:
    """Add the histogram of the intensities.

    Args:
        profile: of all voxels of a profile's cases; left out where its units are others.
    """
    histogram = row.intensity.histogram
    axis = "Intensity" if row.units == ARBITRARY_UNITS else f"Intensity ({row.units})"
    return _add(scene, name, histogram, profile, axis, "Share of voxels (%)")


def add_diameter_histogram(
    scene: Any, name: str, row: DomainRow, profile: Histogram | None = None
) -> HistogramNodes | None:
    """Add the histogram of the vessels' diameters; None without vessels.

    Args:
        profile: of all vessels of a profile's cases.
    """
    if row.morphology is None or not row.morphology.histogram.total:
        return None
    histogram = row.morphology.histogram
    return _add(scene, name, histogram, profile, "Vessel diameter (mm)", "Share of centreline voxels (%)")


def shares(histogram: Histogram, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Percent of all values in each step between ``edges``; values spread evenly over their bin."""
    points, below = histogram.distribution()
    return np.diff(np.interp(edges, points, below)) * (100.0 / histogram.total)


def _add(
    scene: Any, name: str, histogram: Histogram, profile: Histogram | None, x_title: str, y_title: str
) -> HistogramNodes:
    if profile is not None and (profile.bins.name != histogram.bins.name or not profile.total):
        profile = None
    edges = _edges(histogram, profile)
    columns = [
        number_column("Value", ((edges[:-1] + edges[1:]) / 2).tolist()),
        number_column("This volume", shares(histogram, edges).tolist()),
    ]
    lines = [Line("This volume", "This volume", BLUE, dashed=False)]
    if profile is not None:
        columns.append(number_column("Profile", shares(profile, edges).tolist()))
        lines.append(Line("Profile", "Profile, all cases together", ORANGE, dashed=True))
    table = add_table(scene, f"{name} values", columns)
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    series = tuple(add_line(scene, line, table, "Value") for line in lines)
    for node in series:
        chart.AddAndObservePlotSeriesNodeID(node.GetID())
    chart.SetTitle(name)
    chart.SetXAxisTitle(x_title)
    chart.SetYAxisTitle(y_title)
    return HistogramNodes(table, chart, series)


def _edges(histogram: Histogram, profile: Histogram | None) -> npt.NDArray[np.float64]:
    """Steps of equal width that show both."""
    both = [one for one in (histogram, profile) if one is not None]
    if histogram.bins.name == HOUNSFIELD.name:
        return _SHOWN_HU
    if histogram.bins.name == DIAMETER.name:
        largest = max(one.maximum or 0.0 for one in both)
        return np.arange(0, largest + 2 * _STEP_MM, _STEP_MM)
    low = min(one.minimum for one in both if one.minimum is not None)
    high = max(one.quantile(_ARBITRARY_SHARE) or 0.0 for one in both)
    return np.linspace(low, high if high > low else low + 1, _ARBITRARY_POINTS + 1)
