"""One volume's domain statistics as numbers with names that people read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from UMambaXAILogic.engine.domain import HOUNSFIELD_UNITS, DomainRow, VesselIntensity

#: Anatomical axis -> how it is written.
_AXES = {"right_left": "R-L", "anterior_posterior": "A-P", "superior_inferior": "S-I"}
_DIAMETER_OF = {"ground_truth": "Diameter", "prediction": "Predicted diameter"}
_DIAMETERS = {"mean": "mean", "median": "median", "std": "std"}
_DIAMETERS |= {"minimum": "smallest", "maximum": "largest", "p99": "99th percentile"}


@dataclass(frozen=True)
class DomainValue:
    """One statistic.

    Args:
        key: its place in a row, such as ``resolution.spacing_mm.superior_inferior``.
        title: for people.
        value: None where it cannot be computed.
        unit: empty for a ratio and for arbitrary units.
    """

    key: str
    title: str
    value: float | None
    unit: str


def domain_values(row: DomainRow) -> Iterator[DomainValue]:
    """Everything that a row tells, in the order of tables 1 to 4."""
    yield from _intensity(row)
    yield from _resolution(row)
    yield from _noise(row)
    yield from _morphology(row)


def intensity_unit(row: DomainRow) -> str:
    """The unit of intensities, empty where they have none."""
    return HOUNSFIELD_UNITS if row.units == HOUNSFIELD_UNITS else ""


def _intensity(row: DomainRow) -> Iterator[DomainValue]:
    intensity, unit = row.intensity, intensity_unit(row)
    if intensity.window is not None and intensity.in_window is not None:
        low, high = intensity.window
        inside = f"from {low:g} to {high:g} {unit}"
        yield DomainValue("intensity.mean", f"Mean {inside}", intensity.in_window.mean, unit)
        yield DomainValue("intensity.std", f"Std {inside}", intensity.in_window.std, unit)
        yield DomainValue("intensity.voxels", f"Voxels {inside}", intensity.in_window.count, "")
    yield DomainValue("intensity.full.mean", "Mean, all voxels", intensity.full.mean, unit)
    yield DomainValue("intensity.full.std", "Std, all voxels", intensity.full.std, unit)
    yield DomainValue("intensity.full.minimum", "Lowest value", intensity.minimum, unit)
    for share, value in intensity.percentiles.items():
        yield DomainValue(f"intensity.full.percentiles.{share:g}", f"Percentile {share:g}", value, unit)
    yield DomainValue("intensity.full.maximum", "Highest value", intensity.maximum, unit)
    if intensity.vessel is not None:
        yield from _vessel(intensity.vessel, unit)


def _vessel(vessel: VesselIntensity, unit: str) -> Iterator[DomainValue]:
    noise = f" ({vessel.noise_estimator})" if vessel.noise_estimator else ""
    yield DomainValue("intensity.vessel.mean", "Mean in the vessels", vessel.inside.mean, unit)
    yield DomainValue("intensity.vessel.std", "Std in the vessels", vessel.inside.std, unit)
    yield DomainValue("intensity.vessel.contrast_to_noise", f"Contrast to noise{noise}", vessel.contrast_to_noise, "")


def _resolution(row: DomainRow) -> Iterator[DomainValue]:
    resolution = row.resolution
    for name, title, unit in (
        ("spacing_mm", "Spacing", "mm"),
        ("field_of_view_mm", "Field of view", "mm"),
        ("matrix", "Matrix", "voxels"),
    ):
        for axis, letters in _AXES.items():
            value = getattr(getattr(resolution, name), axis)
            yield DomainValue(f"resolution.{name}.{axis}", f"{title} {letters}", value, unit)
    gaps = resolution.slice_gap_irregularity
    yield DomainValue("resolution.slice_gap_irregularity", "Irregularity of slice gaps", gaps, "")
    yield DomainValue("resolution.obliquity_degrees", "Obliquity", resolution.obliquity_degrees, "degrees")


def _noise(row: DomainRow) -> Iterator[DomainValue]:
    for name, estimate in row.noise.items():
        yield DomainValue(f"noise.{name}", f"Noise ({name})", estimate.std, intensity_unit(row))


def _morphology(row: DomainRow) -> Iterator[DomainValue]:
    morphology = row.morphology
    if morphology is None:
        return
    whose = _DIAMETER_OF[morphology.mask]
    for name, title in _DIAMETERS.items():
        value = getattr(morphology.diameters if name in ("mean", "std") else morphology, name)
        yield DomainValue(f"morphology.diameter_mm.{name}", f"{whose}, {title}", value, "mm")
