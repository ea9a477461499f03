"""Two cohorts compared: tables 1 to 4, distances, and one list of shifts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import UMambaXAILogic

from .cohort_distances import CohortDistance, cohort_distances
from .compared_quantity import ComparedQuantity
from .comparison_tables import ComparisonTable, intensity_table, morphology_table, noise_table, resolution_table
from .distributions import distributions
from .noise_choice import NoiseChoice, choose_noise_estimator
from .profile import Profile, require_same_settings, settings_to_json
from .row import DomainRow
from .settings import DomainSettings
from .shifts import Shift, order_shifts

SCHEMA_VERSION = 1
#: Cases that a note names at most.
_NAMED_CASES = 5


@dataclass(frozen=True)
class DomainComparison:
    """Phase 1 of two cohorts. Differences are target - source throughout.

    Args:
        source, target: the cohorts.
        settings: that both were measured with.
        seed: of bootstraps and tests.
        noise: the estimator that is compared.
        tables: 1 to 4.
        distances: of the distributions of intensity, noise and diameter.
        shifts: largest first.
        not_compared: quantities of which one cohort has no value.
        notes: what the reader must know about the comparison as a whole.
    """

    source: Profile
    target: Profile
    settings: DomainSettings
    seed: int
    noise: NoiseChoice
    tables: tuple[ComparisonTable, ...]
    distances: tuple[CohortDistance, ...]
    shifts: tuple[Shift, ...]
    not_compared: tuple[ComparedQuantity, ...]
    notes: tuple[str, ...]

    @property
    def is_phantom(self) -> bool:
        """Some of the cases were generated."""
        return self.source.is_phantom or self.target.is_phantom

    def to_json(self) -> dict[str, Any]:
        """The contents of domain.json: numbers, texts, lists and null only."""
        return {
            "schema_version": SCHEMA_VERSION,
            "package": UMambaXAILogic.__version__,
            "phantom": self.is_phantom,
            "seed": self.seed,
            "settings": settings_to_json(self.settings),
            "source": _cohort(self.source),
            "target": _cohort(self.target),
            "noise_estimator": self.noise.to_json(),
            "tables": {str(table.number): table.to_json() for table in self.tables},
            "distances": {distance.key: distance.to_json() for distance in self.distances},
            "shifts": [shift.to_json() for shift in self.shifts],
            "not_compared": [
                {"key": row.quantity.key, "title": row.quantity.title, "reason": row.not_compared_because}
                for row in self.not_compared
            ],
            "distributions": distributions(self.source.rows, self.target.rows, self.settings, self.noise),
            "notes": list(self.notes),
        }


def compare_profiles(source: Profile, target: Profile, seed: int = 0) -> DomainComparison:
    """Compare two cohorts, from their rows alone.

    Args:
        source: such as the training set.
        target: such as another hospital's cases.
        seed: of bootstraps and permutation tests.

    Raises:
        InputError: they were measured with other settings.
    """
    require_same_settings(source, target)
    settings = source.settings
    noise = choose_noise_estimator([*source.rows, *target.rows])
    tables = (
        intensity_table(source.rows, target.rows, settings, noise, seed),
        resolution_table(source.rows, target.rows, seed),
        noise_table(source.rows, target.rows, noise, seed),
        morphology_table(source.rows, target.rows, seed),
    )
    shifts, not_compared = order_shifts(tables)
    return DomainComparison(
        source=source,
        target=target,
        settings=settings,
        seed=seed,
        noise=noise,
        tables=tables,
        distances=tuple(cohort_distances(source.rows, target.rows, settings, noise)),
        shifts=shifts,
        not_compared=not_compared,
        notes=tuple(_notes(source, target)),
    )


def _cohort(profile: Profile) -> dict[str, Any]:
    rows = profile.rows
    return {
        "name": profile.name,
        "cases": len(rows),
        "phantoms": sum(row.phantom for row in rows),
        "modalities": _counts([row.modality for row in rows]),
        "units": _counts([row.units for row in rows]),
        "masks": _counts([None if row.morphology is None else row.morphology.mask for row in rows]),
        "with_region": sum(row.region_voxels is not None for row in rows),
        "package": profile.package,
    }


def _counts(values: Sequence[str | None]) -> dict[str, int]:
    return dict(sorted(Counter("unknown" if value is None else value for value in values).items()))


def _notes(source: Profile, target: Profile) -> list[str]:
    notes = []
    for side, profile in (("source", source), ("target", target)):
        phantoms = sum(row.phantom for row in profile.rows)
        if phantoms:
            share = "All" if phantoms == len(profile.rows) else f"{phantoms} of {len(profile.rows)}"
            notes.append(f"{share} cases of the {side} are phantoms: synthetic, not patients.")
    shared = _shared_cases(source.rows, target.rows)
    if shared:
        named = ", ".join(shared[:_NAMED_CASES]) + (" ..." if len(shared) > _NAMED_CASES else "")
        notes.append(
            f"{len(shared)} case{' is' if len(shared) == 1 else 's are'} in both cohorts, with the same figures "
            f"({named}): the cohorts are not independent, and intervals and p-values do not hold."
        )
    modalities = [_modalities(profile.rows) for profile in (source, target)]
    if len(modalities[0] | modalities[1]) > 1:
        words = [" and ".join(sorted(side)) or "unknown" for side in modalities]
        notes.append(
            f"The modalities differ (source {words[0]}, target {words[1]}): resolution and vessel diameters can be "
            "compared, intensities and noise only between scans in HU, and contrast-to-noise ratios with care."
        )
    regions = [sum(row.region_voxels is not None for row in profile.rows) for profile in (source, target)]
    if any(regions) and regions != [len(source.rows), len(target.rows)]:
        notes.append(
            f"{regions[0]} of {len(source.rows)} cases of the source and {regions[1]} of {len(target.rows)} of the "
            "target are measured inside an evaluation region, the others everywhere."
        )
    notes.append("P-values are not corrected for the number of quantities.")
    return notes


def _shared_cases(source: Sequence[DomainRow], target: Sequence[DomainRow]) -> list[str]:
    """The target's cases whose image, to the last figure, is in the source, whatever they are called there."""
    known = {_image_figures(row) for row in source}
    return [row.case for row in target if _image_figures(row) in known]


def _image_figures(row: DomainRow) -> str:
    """Without the vessels, which may be another annotation's."""
    body = row.to_json()
    return json.dumps([body["resolution"], body["intensity"]["full"], body["intensity"]["histogram"]])


def _modalities(rows: Sequence[DomainRow]) -> set[str]:
    return {row.modality for row in rows if row.modality is not None}
