"""What is compared between cohorts: one number a case each, with its name, unit and table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .row import HOUNSFIELD_UNITS, NOISE_ESTIMATORS, PERCENTILES, DomainRow, PerAxis
from .settings import DomainSettings

#: A spread is taken to be at least this share of a quantity's size, so that cohorts without any spread (one case, or
#: one scan protocol) can be ordered. Quantities whose zero is a convention have a floor of their own instead.
RELATIVE_FLOOR = 0.1

AXES = {"right_left": "R-L", "anterior_posterior": "A-P", "superior_inferior": "S-I"}


@dataclass(frozen=True)
class Quantity:
    """One number of a case.

    Args:
        key: its place in a row, such as ``resolution.spacing_mm.superior_inferior``.
        title: for people.
        unit: ``HU``, ``mm``, ``voxels``, ``degrees``, or empty for a ratio.
        table: 1 to 4.
        value: reads it from a row; None where the case has none, or where its unit differs.
        is_shift: enters the list of shifts; others repeat, within their table, what these say.
        floor: smallest spread the quantity is taken to have, in its unit; None for quantities that start at a true
            zero, whose floor is ``RELATIVE_FLOOR`` of their size and whose relative difference has a meaning.
    """

    key: str
    title: str
    unit: str
    table: int
    value: Callable[[DomainRow], float | None]
    is_shift: bool = False
    floor: float | None = None

    @property
    def has_true_zero(self) -> bool:
        """Twice the value is twice as much: true of millimetres, not of Hounsfield units."""
        return self.floor is None

    def floor_at(self, size: float) -> float:
        """The smallest spread at a value of ``size``."""
        return RELATIVE_FLOOR * abs(size) if self.floor is None else self.floor


def intensity_quantities(settings: DomainSettings, estimator: str | None) -> Iterator[Quantity]:
    """Table 1.

    Args:
        settings: of all rows.
        estimator: of the noise in the contrast-to-noise ratio, the same for every case; None leaves it out.
    """
    low, high = settings.window_hu
    window = f"{low:g} and {high:g}"
    yield Quantity("intensity.mean", f"Mean between {window}", "HU", 1, _in_window("mean"), True, floor=2.0)
    yield Quantity("intensity.std", f"Standard deviation between {window}", "HU", 1, _in_window("std"), True)
    yield Quantity(
        "intensity.full.mean", "Mean, all voxels", "HU", 1, _in_hu(lambda row: row.intensity.full.mean), floor=20.0
    )
    yield Quantity(
        "intensity.full.std", "Standard deviation, all voxels", "HU", 1, _in_hu(lambda row: row.intensity.full.std)
    )
    for share in PERCENTILES:
        key, title = f"intensity.full.percentiles.{share:g}", f"Percentile {share:g}, all voxels"
        yield Quantity(key, title, "HU", 1, _percentile(share), floor=20.0)
    yield Quantity("intensity.vessel.mean", "Vessel mean", "HU", 1, _in_vessels("mean"), True, floor=20.0)
    yield Quantity("intensity.vessel.std", "Vessel standard deviation", "HU", 1, _in_vessels("std"))
    if estimator is not None:
        title = f"Vessel contrast-to-noise ratio ({estimator})"
        yield Quantity("intensity.vessel.contrast_to_noise", title, "", 1, _contrast_to_noise(estimator), True)


def resolution_quantities() -> Iterator[Quantity]:
    """Table 2."""
    for axis, name in AXES.items():
        yield Quantity(f"resolution.spacing_mm.{axis}", f"Spacing {name}", "mm", 2, _on_axis("spacing_mm", axis), True)
    for axis, name in AXES.items():
        yield Quantity(
            f"resolution.field_of_view_mm.{axis}",
            f"Field of view {name}",
            "mm",
            2,
            _on_axis("field_of_view_mm", axis),
            True,
        )
    for axis, name in AXES.items():
        yield Quantity(f"resolution.matrix.{axis}", f"Matrix {name}", "voxels", 2, _on_axis("matrix", axis))
    yield Quantity(
        "resolution.slice_gap_irregularity",
        "Slice-gap irregularity",
        "",
        2,
        lambda row: row.resolution.slice_gap_irregularity,
        True,
        floor=0.02,
    )
    yield Quantity(
        "resolution.obliquity_degrees",
        "Obliquity",
        "degrees",
        2,
        lambda row: row.resolution.obliquity_degrees,
        True,
        floor=2.0,
    )


def noise_quantities(estimator: str | None) -> Iterator[Quantity]:
    """Table 3: all estimators; ``estimator`` is the one that is compared."""
    for name in NOISE_ESTIMATORS:
        yield Quantity(
            f"noise.{name}", f"Noise standard deviation ({name})", "HU", 3, _noise(name), is_shift=name == estimator
        )


def morphology_quantities() -> Iterator[Quantity]:
    """Table 4, over the skeleton voxels of each case."""
    titles = {"mean": "mean", "median": "median", "std": "standard deviation", "minimum": "smallest"}
    titles |= {"maximum": "largest", "p99": "99th percentile"}
    for name, title in titles.items():
        yield Quantity(
            f"morphology.diameter_mm.{name}",
            f"Vessel diameter, {title}",
            "mm",
            4,
            _diameter(name),
            is_shift=name in ("mean", "median", "std", "p99"),
        )


def shift_quantities(settings: DomainSettings, estimator: str | None) -> list[Quantity]:
    """What the list of shifts, and the comparison of one case, are made of."""
    everything = (
        *intensity_quantities(settings, estimator),
        *resolution_quantities(),
        *noise_quantities(estimator),
        *morphology_quantities(),
    )
    return [quantity for quantity in everything if quantity.is_shift]


def _in_hu(read: Callable[[DomainRow], float | None]) -> Callable[[DomainRow], float | None]:
    """Arbitrary units differ between scans: such a case has no value."""
    return lambda row: read(row) if row.units == HOUNSFIELD_UNITS else None


def _in_window(name: str) -> Callable[[DomainRow], float | None]:
    return lambda row: None if row.intensity.in_window is None else getattr(row.intensity.in_window, name)


def _percentile(share: float) -> Callable[[DomainRow], float | None]:
    return _in_hu(lambda row: row.intensity.percentiles[share])


def _in_vessels(name: str) -> Callable[[DomainRow], float | None]:
    return _in_hu(lambda row: None if row.intensity.vessel is None else getattr(row.intensity.vessel.inside, name))


def _contrast_to_noise(estimator: str) -> Callable[[DomainRow], float | None]:
    def read(row: DomainRow) -> float | None:
        vessel, noise = row.intensity.vessel, row.noise[estimator].std
        if vessel is None or vessel.inside.mean is None or vessel.background is None or not noise:
            return None
        return (vessel.inside.mean - vessel.background) / noise

    return read


def _on_axis(name: str, axis: str) -> Callable[[DomainRow], float | None]:
    def read(row: DomainRow) -> float:
        per_axis: PerAxis = getattr(row.resolution, name)
        return float(getattr(per_axis, axis))

    return read


def _noise(estimator: str) -> Callable[[DomainRow], float | None]:
    return _in_hu(lambda row: row.noise[estimator].std)


def _diameter(name: str) -> Callable[[DomainRow], float | None]:
    def read(row: DomainRow) -> float | None:
        if row.morphology is None:
            return None
        return getattr(row.morphology.diameters if name in ("mean", "std") else row.morphology, name)

    return read
