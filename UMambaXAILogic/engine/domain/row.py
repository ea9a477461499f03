"""The statistics of one case as one row of fixed size: what ``metrics.json`` calls ``domain``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .histogram import Histogram
from .moments import Moments

SCHEMA_VERSION = 1
HOUNSFIELD_UNITS = "HU"
ARBITRARY_UNITS = "arbitrary"
UNITS = (HOUNSFIELD_UNITS, ARBITRARY_UNITS)
#: In the order in which a comparison prefers them.
NOISE_ESTIMATORS = ("air", "parenchyma", "wavelet")
PERCENTILES = (0.5, 5, 25, 50, 75, 95, 99.5)
MASKS = ("ground_truth", "prediction")


@dataclass(frozen=True)
class VesselIntensity:
    """Inside the vessel mask.

    Args:
        inside: count, mean and standard deviation of the mask's voxels.
        background: median of the tissue around the vessels; None where there is none.
        noise_estimator: the first valid one of ``NOISE_ESTIMATORS``; None where none is valid.
        contrast_to_noise: (mean - background) / noise; None where a part of it is missing.
    """

    inside: Moments
    background: float | None
    noise_estimator: str | None
    contrast_to_noise: float | None

    def to_json(self) -> dict[str, Any]:
        """Fields of the row."""
        return {
            **_moments(self.inside, "voxels"),
            "background": self.background,
            "noise_estimator": self.noise_estimator,
            "contrast_to_noise": self.contrast_to_noise,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> VesselIntensity:
        """Read ``to_json``'s result."""
        return cls(
            _read_moments(body, "voxels"), body["background"], body["noise_estimator"], body["contrast_to_noise"]
        )


@dataclass(frozen=True)
class IntensityStatistics:
    """Table 1.

    Args:
        window: lowest and highest value, both included; None in arbitrary units, where no window has a meaning.
        in_window: of the voxels whose value lies in the window; None without one.
        full: of all voxels (of the region, where one is given).
        minimum, maximum: of these.
        percentiles: of these, keyed as in ``PERCENTILES``.
        histogram: of these.
        vessel: None without a mask, or with an empty one.
    """

    window: tuple[float, float] | None
    in_window: Moments | None
    full: Moments
    minimum: float
    maximum: float
    percentiles: Mapping[float, float]
    histogram: Histogram
    vessel: VesselIntensity | None

    def to_json(self) -> dict[str, Any]:
        """Fields of the row."""
        inside = {"voxels": None, "mean": None, "std": None}
        if self.in_window is not None:
            inside = _moments(self.in_window, "voxels")
        return {
            "window": None if self.window is None else list(self.window),
            **inside,
            "full": {
                **_moments(self.full, "voxels"),
                "minimum": self.minimum,
                "maximum": self.maximum,
                "percentiles": {f"{share:g}": value for share, value in self.percentiles.items()},
            },
            "histogram": self.histogram.to_json(),
            "vessel": None if self.vessel is None else self.vessel.to_json(),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> IntensityStatistics:
        """Read ``to_json``'s result."""
        window, full, vessel = body["window"], body["full"], body["vessel"]
        return cls(
            None if window is None else (float(window[0]), float(window[1])),
            None if body["voxels"] is None else _read_moments(body, "voxels"),
            _read_moments(full, "voxels"),
            full["minimum"],
            full["maximum"],
            {float(share): value for share, value in full["percentiles"].items()},
            Histogram.from_json(body["histogram"]),
            None if vessel is None else VesselIntensity.from_json(vessel),
        )


@dataclass(frozen=True)
class PerAxis:
    """One number for each anatomical axis."""

    right_left: float
    anterior_posterior: float
    superior_inferior: float

    def to_json(self) -> dict[str, float]:
        """By axis."""
        return dict(vars(self))


@dataclass(frozen=True)
class ResolutionStatistics:
    """Table 2.

    Args:
        spacing_mm, field_of_view_mm, matrix: distance of voxel centres, extent, and voxels along each axis.
        slice_gap_irregularity: largest deviation of a distance between neighbouring slices from their median, as a
            share of it; None where the file keeps no position of every slice.
        obliquity_degrees: between the array's axes and the patient's, the largest of the three angles.
    """

    spacing_mm: PerAxis
    field_of_view_mm: PerAxis
    matrix: PerAxis
    slice_gap_irregularity: float | None
    obliquity_degrees: float

    def to_json(self) -> dict[str, Any]:
        """Fields of the row."""
        return {
            "spacing_mm": self.spacing_mm.to_json(),
            "field_of_view_mm": self.field_of_view_mm.to_json(),
            "matrix": self.matrix.to_json(),
            "slice_gap_irregularity": self.slice_gap_irregularity,
            "obliquity_degrees": self.obliquity_degrees,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> ResolutionStatistics:
        """Read ``to_json``'s result."""
        return cls(
            PerAxis(**body["spacing_mm"]),
            PerAxis(**body["field_of_view_mm"]),
            PerAxis(**body["matrix"]),
            body["slice_gap_irregularity"],
            body["obliquity_degrees"],
        )


@dataclass(frozen=True)
class NoiseEstimate:
    """What one estimator of table 3 gave.

    Args:
        std: in the volume's units; None where the estimator is not valid.
        voxels: that it rests on, whether or not they were enough.
        reason: why it is not valid; None where it is.
    """

    std: float | None
    voxels: int
    reason: str | None = None

    @property
    def valid(self) -> bool:
        """It can be used in a comparison."""
        return self.std is not None

    def to_json(self) -> dict[str, Any]:
        """Fields of the row."""
        return dict(vars(self))


@dataclass(frozen=True)
class MorphologyStatistics:
    """Table 4: 2 x distance to the wall on the voxels of the mask's skeleton, in mm.

    Args:
        mask: whose vessels: ``ground_truth`` or ``prediction``.
        isotropic_mm: size of the cubes the mask was resampled to; None for the grid it was drawn on.
        diameters: count of skeleton voxels, mean and standard deviation.
        median, minimum, maximum, p99: None in an empty mask.
        histogram: of the diameters.
    """

    mask: str
    isotropic_mm: float | None
    diameters: Moments
    median: float | None
    minimum: float | None
    maximum: float | None
    p99: float | None
    histogram: Histogram

    def to_json(self) -> dict[str, Any]:
        """Fields of the row."""
        return {
            "mask": self.mask,
            "isotropic_mm": self.isotropic_mm,
            "diameter_mm": {
                **_moments(self.diameters, "count"),
                "median": self.median,
                "minimum": self.minimum,
                "maximum": self.maximum,
                "p99": self.p99,
            },
            "histogram": self.histogram.to_json(),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> MorphologyStatistics:
        """Read ``to_json``'s result."""
        diameters = body["diameter_mm"]
        return cls(
            _choice("mask", body["mask"], MASKS),
            body["isotropic_mm"],
            _read_moments(diameters, "count"),
            diameters["median"],
            diameters["minimum"],
            diameters["maximum"],
            diameters["p99"],
            Histogram.from_json(body["histogram"]),
        )


@dataclass(frozen=True)
class DomainRow:
    """Phase 1 statistics of one case. Its size does not depend on the number of voxels or vessels.

    Args:
        case: its name.
        phantom: it was generated; not a patient.
        modality: such as ``CT``; None where nothing says so.
        units: of intensities, one of ``UNITS``.
        region_voxels: of the evaluation region that intensities and diameters were limited to; None without one.
        noise: by the names of ``NOISE_ESTIMATORS``, in this order.
        morphology: None without a mask.
    """

    case: str
    phantom: bool
    modality: str | None
    units: str
    region_voxels: int | None
    intensity: IntensityStatistics
    resolution: ResolutionStatistics
    noise: Mapping[str, NoiseEstimate]
    morphology: MorphologyStatistics | None

    def to_json(self) -> dict[str, Any]:
        """Numbers, texts, lists and None only; ``from_json`` gives the row back."""
        return {
            "schema_version": SCHEMA_VERSION,
            "case": self.case,
            "phantom": self.phantom,
            "modality": self.modality,
            "units": self.units,
            "region_voxels": self.region_voxels,
            "intensity": self.intensity.to_json(),
            "resolution": self.resolution.to_json(),
            "noise": {name: estimate.to_json() for name, estimate in self.noise.items()},
            "morphology": None if self.morphology is None else self.morphology.to_json(),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> DomainRow:
        """Read ``to_json``'s result.

        Raises:
            InputError: it is not a row of this version.
        """
        try:
            if body["schema_version"] != SCHEMA_VERSION:
                raise InputError(
                    f"The domain statistics have schema version {body['schema_version']!r}; "
                    f"this package reads {SCHEMA_VERSION}.",
                    "Compute them again with this version.",
                )
            morphology = body["morphology"]
            return cls(
                str(body["case"]),
                bool(body["phantom"]),
                body["modality"],
                _choice("units", body["units"], UNITS),
                body["region_voxels"],
                IntensityStatistics.from_json(body["intensity"]),
                ResolutionStatistics.from_json(body["resolution"]),
                {name: NoiseEstimate(**body["noise"][name]) for name in NOISE_ESTIMATORS},
                None if morphology is None else MorphologyStatistics.from_json(morphology),
            )
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InputError(
                f"The domain statistics of a case cannot be read: {type(error).__name__}: {error}.",
                "Compute them again.",
            ) from error


def _choice(what: str, value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"{what} is {value!r}, not one of {', '.join(choices)}")
    return str(value)


def _moments(moments: Moments, count_name: str) -> dict[str, Any]:
    return {count_name: moments.count, "mean": moments.mean, "std": moments.std}


def _read_moments(body: Mapping[str, Any], count_name: str) -> Moments:
    return Moments(int(body[count_name]), body["mean"], body["std"])
