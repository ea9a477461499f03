"""Everything a case reads: the volume, the ground truth of the target, the evaluation region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..inference.target import TargetChannels
from ..label_voxels import label_voxels
from ..model_range import model_range_warnings
from ..progress import Reporter
from ..request import FOREGROUND, Request
from ..vessel_readout import VesselLabels
from ..volume import Volume
from ..volume_io import (
    InputWarning,
    VolumeFacts,
    check_ground_truth,
    intensity_warnings,
    orientation_code,
    read_ground_truth,
    read_volume,
    region_mask,
)
from ..volume_io.input_warnings import TrainedModel, TrainingRange

if TYPE_CHECKING:
    from ..model.loading import Model

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CaseInput:
    """What was read, all on the volume's grid.

    Args:
        volume: the image.
        facts: what else its file says.
        ground_truth: voxels of the target label, or None.
        region: evaluation region, or None.
        vessel_labels: of a ground truth that tells vessels apart, or None.
    """

    volume: Volume
    facts: VolumeFacts
    ground_truth: BoolArray | None
    region: BoolArray | None
    vessel_labels: VesselLabels | None = None


def read_case(request: Request, model: Model, target: TargetChannels, reporter: Reporter) -> CaseInput:
    """Read what the request names, and warn where the input is not what the model knows.

    Raises:
        InputError: a file is missing, unreadable, ambiguous, or on another grid.
    """
    volume, facts = read_volume(request.volume, series_uid=request.series_uid)
    low, high = facts.intensity_range
    if low == high:
        raise InputError(
            f"Every voxel of {request.volume} has the value {low:g}: there is nothing to segment.",
            "Check that the right file was given and that it was exported completely.",
        )
    beyond = model_range_warnings(volume, facts, model.reference_profile, case_modality(volume, facts, model))
    for warning in (*facts.warnings, *input_warnings(volume, facts, model), *beyond):
        reporter.warning(warning.code, warning.message)
    ground_truth, vessel_labels = None, None
    if request.ground_truth is not None:
        labels = read_ground_truth(request.ground_truth, volume.geometry, resample=request.resample_ground_truth)
        check_ground_truth(labels, volume, request.ground_truth)
        ground_truth = target_voxels(labels, request.ground_truth_labels, target, model, reporter)
        names = dict(request.ground_truth_names)
        vessel_labels = VesselLabels.of(labels, ground_truth, request.ground_truth, model.labels, names)
    region = None if request.region is None else region_mask(request.region, volume.geometry)
    return CaseInput(volume, facts, ground_truth, region, vessel_labels)


def case_modality(volume: Volume, facts: VolumeFacts, model: TrainedModel) -> str | None:
    """Such as ``CT``; None where nothing says so.

    Files other than DICOM do not say their modality. A phantom is CT, and what a model trained on CT numbers is shown
    is taken for CT, unless its values cannot be Hounsfield units.
    """
    if facts.modality is None and (volume.is_phantom or TrainingRange.of(model).expects_hounsfield):
        return "CT"
    return facts.modality


def target_voxels(
    labels: npt.NDArray[np.integer],
    wanted: tuple[int, ...] | None,
    target: TargetChannels,
    model: Model,
    reporter: Reporter,
) -> BoolArray:
    """Voxels of the ground truth that belong to the target.

    Without ``wanted``, a model with one label, or a foreground target, is scored against every value > 0 (so that a
    binary model can be scored against thirteen vessel labels), but not the model's ignore label, which says that nobody
    knows; else the ground truth must use the model's values.
    """
    if wanted is None:
        if target.name == FOREGROUND or len(model.label_manager.foreground_labels) == 1:
            ignored = model.label_manager.ignore_label
            return labels > 0 if ignored is None else (labels > 0) & (labels != ignored)
        wanted = target.label_values
    found = label_voxels(labels, wanted)
    if not found.any() and labels.any():
        there = ", ".join(map(str, np.unique(labels[labels > 0])[:20]))
        reporter.warning(
            "ground_truth_label_absent",
            f"The ground truth has no voxel of value {', '.join(map(str, wanted))}; it has {there}. "
            "Choose the values that count as target (in a terminal --gt-label, in Python groundTruthLabels).",
        )
    return found


def input_warnings(volume: Volume, facts: VolumeFacts, model: Model) -> list[InputWarning]:
    """Where the input differs from what the model was trained on."""
    warnings = intensity_warnings(volume, facts, model)
    if not model.reorients:
        found = orientation_code(volume.geometry)
        trained = model.training_orientation
        if found != trained:
            known = f"was trained on {trained}" if trained else "does not say in which orientation it was trained"
            warnings.append(
                InputWarning(
                    "orientation_differs",
                    f"The volume is stored as {found}, and the model {known}. Its reader does not reorient, and the "
                    "network is not symmetric under flips: the same head stored in another way gives another result.",
                )
            )
    return warnings
