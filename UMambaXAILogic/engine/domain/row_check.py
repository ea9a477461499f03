"""Is a row that was read from a file sound? Damage that reading alone does not stumble over."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .histogram import Histogram
from .row import PERCENTILES, DomainRow

#: Fields that hold text or truth values; all others hold numbers.
_TEXT_FIELDS = {"case", "modality", "units", "noise_estimator", "reason", "mask", "bins"}
#: Fields that may be null; a part that may be missing as a whole is one of them.
_OPTIONAL_FIELDS = {"modality", "region_voxels", "window", "slice_gap_irregularity", "noise_estimator", "reason"} | {
    *("voxels", "mean", "std", "median", "minimum", "maximum", "p99", "background", "contrast_to_noise"),
    *("vessel", "morphology", "isotropic_mm"),
}
#: Fields that count something.
_COUNTS = {"voxels", "count", "counts", "region_voxels", "below", "above", "first", "schema_version"}
#: Fields, or the parts of a row that they are in, that cannot be negative.
_NOT_NEGATIVE = {"std", "slice_gap_irregularity", "obliquity_degrees", "diameter_mm"}
#: Parts of a row that hold lengths and sizes, none of them 0.
_POSITIVE = {"spacing_mm", "field_of_view_mm", "matrix"}
#: No image holds more voxels, and no measured value is larger: sums of squares stay finite.
_MOST_VOXELS = 10**15
_LARGEST = 1e100


def field_problems(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Fields that hold something else than they must.

    Args:
        value: a row's JSON, or a part of it.
        path: of the part in the row.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from field_problems(item, (*path, str(key)))
        return
    if isinstance(value, list):
        for item in value:
            yield from field_problems(item, path)
        return
    name = path[-1]
    if value is None:
        valid = name in _OPTIONAL_FIELDS and path[:2] != ("intensity", "full")
    elif name in _TEXT_FIELDS:
        valid = isinstance(value, str)
    elif name == "phantom":
        valid = isinstance(value, bool)
    else:
        valid = _is_number(value, path)
    if not valid:
        yield f"{'.'.join(path)} is {value!r}"


def contradictions(row: DomainRow) -> Iterator[str]:
    """Figures of a row that cannot all be true."""
    if set(row.intensity.percentiles) != set(PERCENTILES):
        found = ", ".join(f"{share:g}" for share in row.intensity.percentiles)
        yield f"intensity.full.percentiles are those of {found}"
    histograms: dict[str, tuple[int, Histogram]] = {
        "intensity": (row.intensity.full.count, row.intensity.histogram),
    }
    if row.morphology is not None:
        histograms["morphology"] = (row.morphology.diameters.count, row.morphology.histogram)
    for part, (count, histogram) in histograms.items():
        if histogram.total != count:
            yield f"{part}.histogram holds {histogram.total} values, and {count} were measured"
        elif count and (histogram.minimum is None or histogram.maximum is None):
            yield f"{part}.histogram has no extremes"


def _is_number(value: Any, path: tuple[str, ...]) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    if path[-1] in _COUNTS:
        return isinstance(value, int) and 0 <= value <= _MOST_VOXELS
    if not math.isfinite(value) or abs(value) > _LARGEST:
        return False
    if _POSITIVE.intersection(path):
        return value > 0
    return value >= 0 or not _NOT_NEGATIVE.intersection(path)
