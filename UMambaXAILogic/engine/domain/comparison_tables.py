"""Tables 1 to 4 of two cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .bins import DIAMETER
from .compared_quantity import ComparedQuantity, compare_case_means, compare_pooled
from .histogram import Histogram
from .moments import Moments
from .noise_choice import NoiseChoice
from .quantities import (
    Quantity,
    intensity_quantities,
    morphology_quantities,
    noise_quantities,
    resolution_quantities,
)
from .row import HOUNSFIELD_UNITS, DomainRow
from .settings import DomainSettings

Rows = Sequence[DomainRow]


@dataclass(frozen=True)
class ComparisonTable:
    """One of the tables of phase 1.

    Args:
        number: 1 to 4, as in arXiv 2512.13977.
        title: for people.
        rows: in the order of the table.
        notes: what the reader must know about it.
    """

    number: int
    title: str
    rows: tuple[ComparedQuantity, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same, for a JSON file."""
        return {
            "number": self.number,
            "title": self.title,
            "rows": [row.to_json() for row in self.rows],
            "notes": list(self.notes),
        }


def intensity_table(
    source: Rows, target: Rows, settings: DomainSettings, noise: NoiseChoice, seed: int
) -> ComparisonTable:
    """Table 1. Figures in HU are of the cases in HU; those of other cases have no common unit."""
    rows: list[ComparedQuantity] = []
    for quantity in intensity_quantities(settings, noise.estimator):
        if quantity.key in ("intensity.mean", "intensity.std"):
            rows.append(_pooled_in_window(quantity, source, target))
        rows.append(compare_case_means(quantity, source, target, seed))
    return ComparisonTable(1, "Intensity", tuple(rows), tuple(_unit_notes(source, target)))


def resolution_table(source: Rows, target: Rows, seed: int) -> ComparisonTable:
    """Table 2, along anatomical axes."""
    rows = tuple(compare_case_means(quantity, source, target, seed) for quantity in resolution_quantities())
    return ComparisonTable(2, "Resolution", rows)


def noise_table(source: Rows, target: Rows, noise: NoiseChoice, seed: int) -> ComparisonTable:
    """Table 3: every estimator is shown, one is compared."""
    rows = []
    for quantity in noise_quantities(noise.estimator):
        name = quantity.key.removeprefix("noise.")
        reason = None
        if noise.estimator is None:
            reason = "No estimator is valid in every case of both cohorts."
        elif name != noise.estimator:
            reason = f"Cohorts are compared by one estimator, {noise.estimator}."
        rows.append(compare_case_means(quantity, source, target, seed, not_compared_because=reason))
    compared = any(row.not_compared_because is None for row in rows)
    notes = [f"Compared by the estimator {noise.estimator}." if compared else "Noise is not compared."]
    if noise.reason:
        notes.append(f"{noise.reason[0].upper()}{noise.reason[1:]}.")
    if compared and noise.estimator in ("parenchyma", "wavelet"):
        notes.append("Noise that is correlated between voxels makes this estimator read low.")
    return ComparisonTable(3, "Noise", tuple(rows), (*notes, *_unit_notes(source, target)))


def morphology_table(source: Rows, target: Rows, seed: int) -> ComparisonTable:
    """Table 4: diameters pooled over all skeleton voxels of a cohort, and means of the cases' own figures."""
    counts = (len(_measured(source)), len(_measured(target)))
    pooled = [_pooled_diameters(rows) for rows in (source, target)]
    rows: list[ComparedQuantity] = []
    quantities = list(morphology_quantities())
    for quantity in quantities:
        name = quantity.key.rpartition(".")[2]
        rows.append(compare_pooled(quantity, pooled[0][name], pooled[1][name], counts))
    rows += [compare_case_means(quantity, source, target, seed) for quantity in quantities]
    return ComparisonTable(4, "Vessel diameters", tuple(rows), tuple(_mask_notes(source, target)))


def diameter_histogram(rows: Rows) -> Histogram:
    """Of all skeleton voxels of a cohort."""
    return Histogram.merged([Histogram.empty(DIAMETER), *(part.histogram for part in _measured(rows))])


def _pooled_in_window(quantity: Quantity, source: Rows, target: Rows) -> ComparedQuantity:
    figures, counts = [], []
    for rows in (source, target):
        parts = [row.intensity.in_window for row in rows if row.intensity.in_window is not None]
        moments = Moments.merged(parts)
        figures.append(moments.mean if quantity.key == "intensity.mean" else moments.std)
        counts.append(len(parts))
    return compare_pooled(quantity, figures[0], figures[1], (counts[0], counts[1]))


def _pooled_diameters(rows: Rows) -> dict[str, float | None]:
    """Median and 99th percentile are good to the width of a histogram bin, the others exact."""
    moments = Moments.merged(part.diameters for part in _measured(rows))
    histogram = diameter_histogram(rows)
    return {
        "mean": moments.mean,
        "median": histogram.quantile(0.5),
        "std": moments.std,
        "minimum": histogram.minimum,
        "maximum": histogram.maximum,
        "p99": histogram.quantile(0.99),
    }


def _measured(rows: Rows) -> list[Any]:
    return [row.morphology for row in rows if row.morphology is not None and row.morphology.diameters.count > 0]


def _unit_notes(source: Rows, target: Rows) -> list[str]:
    notes = []
    for side, rows in (("source", source), ("target", target)):
        arbitrary = sum(row.units != HOUNSFIELD_UNITS for row in rows)
        if arbitrary:
            notes.append(
                f"{arbitrary} of {len(rows)} cases of the {side} are in arbitrary units, which differ from scan to "
                "scan: their intensities and noise are not compared."
            )
    return notes


def _mask_notes(source: Rows, target: Rows) -> list[str]:
    notes, kinds = [], []
    for side, rows in (("source", source), ("target", target)):
        measured = _measured(rows)
        if len(measured) < len(rows):
            notes.append(f"{len(rows) - len(measured)} of {len(rows)} cases of the {side} have no vessels to measure.")
        counts = {kind: sum(part.mask == kind for part in measured) for kind in ("ground_truth", "prediction")}
        kinds.append({kind for kind, count in counts.items() if count})
        if all(counts.values()):
            notes.append(
                f"In the {side}, {counts['ground_truth']} cases are measured in the ground truth and "
                f"{counts['prediction']} in the prediction."
            )
    if all(len(kind) == 1 for kind in kinds) and kinds[0] != kinds[1]:
        words = [kind.pop().replace("_", " ") for kind in kinds]
        notes.append(
            f"The source is measured in the {words[0]}, the target in the {words[1]}: part of a difference may be the "
            "segmentation's."
        )
    return notes
