"""Is a volume like the cases that the model was trained on? Asked before the model sees it, of the volume alone."""

from __future__ import annotations

from .domain import measure_domain
from .domain.case_range import out_of_range_warnings
from .model.reference_profile import CarriedProfile
from .volume import Volume
from .volume_io import InputWarning, VolumeFacts

OUTSIDE_REFERENCE_PROFILE = "outside_reference_profile"
REFERENCE_PROFILE_UNUSABLE = "reference_profile_unusable"


def model_range_warnings(
    volume: Volume, facts: VolumeFacts, carried: CarriedProfile, modality: str | None
) -> list[InputWarning]:
    """Where intensities, resolution and noise lie outside the profile that the model carries, a warning each.

    Args:
        volume: as read.
        facts: as read.
        carried: the model's profile; without one nothing is measured.
        modality: of the volume, see ``case_modality``.
    """
    if carried.problem:
        message = f"{carried.problem} So nobody knows whether the volume is like the training cases."
        return [InputWarning(REFERENCE_PROFILE_UNUSABLE, message)]
    profile = carried.profile
    if profile is None:
        return []
    row = measure_domain(
        volume,
        case=facts.path.name,
        modality=modality,
        rescale_type=facts.rescale_type,
        slice_gap_irregularity=facts.slice_gap_irregularity,
        settings=profile.settings,
    )
    return [InputWarning(OUTSIDE_REFERENCE_PROFILE, message) for _, message in out_of_range_warnings(row, profile)]
