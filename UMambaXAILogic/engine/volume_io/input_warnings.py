"""Does the input look like what the model was trained on? Said in a warning with numbers; nothing is refused here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..grids import reordered
from ..nnunet_bridge import reader_order
from ..volume import Geometry, Volume
from .facts import InputWarning, VolumeFacts

#: At most about this many voxels, evenly spread, are looked at.
SAMPLED_VOXELS = 2_000_000
#: Air is at -1000 HU; partial volume, noise and clipping leave at least this in any field that holds some.
AIR_HU = -500.0
#: A head is narrower than this; a larger field of view holds air.
FIELD_WITH_AIR_MM = 220.0
#: Highest value of 12-bit CT; metal alone exceeds it, and fills little of a head.
DENSEST_HU = 3071.0
LARGEST_SHARE_OF_METAL = 0.01
#: In a CT angiogram a few percent of voxels are as bright as contrast-filled vessels.
LARGEST_SHARE_IN_VESSEL_RANGE = 0.5
#: Spacing may differ from that of training by this factor, either way.
LARGEST_SPACING_FACTOR = 2.0


class TrainedModel(Protocol):
    """What is asked of a model here; nnU-Net's plans hold all of it."""

    plans_manager: Any
    configuration_manager: Any
    dataset_json: dict[str, Any]

    @property
    def reader_writer_name(self) -> str:
        """Class name of nnU-Net's reader."""

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Spacing the network sees, in its axis order."""


@dataclass(frozen=True)
class TrainingRange:
    """Intensities of the training set's foreground (vessel) voxels, from the plans.

    Args:
        expects_hounsfield: the model was trained on CT numbers.
        low, high: 0.5th and 99.5th percentile; NaN where the plans do not say.
    """

    expects_hounsfield: bool
    low: float
    high: float

    @classmethod
    def of(cls, model: TrainedModel) -> TrainingRange:
        """What the plans of a one-channel model say."""
        schemes = list(model.configuration_manager.normalization_schemes)
        channels = model.dataset_json.get("channel_names") or model.dataset_json.get("modality") or {}
        properties = model.plans_manager.foreground_intensity_properties_per_channel or {}
        first = properties.get("0", {})
        return cls(
            schemes[:1] == ["CTNormalization"] or str(channels.get("0", "")).upper() == "CT",
            float(first.get("percentile_00_5", np.nan)),
            float(first.get("percentile_99_5", np.nan)),
        )


def intensity_warnings(volume: Volume, facts: VolumeFacts, model: TrainedModel) -> list[InputWarning]:
    """``not_hounsfield`` and ``outside_training_range``, where they apply.

    Args:
        volume: as read.
        facts: as read.
        model: the model it will be shown to.
    """
    training = TrainingRange.of(model)
    name = facts.path.name
    warnings = []
    not_hounsfield = hounsfield_doubts(volume, facts) if training.expects_hounsfield or facts.modality == "CT" else []
    if not_hounsfield:
        warnings.append(
            InputWarning(
                "not_hounsfield",
                f"The values of {name} do not look like Hounsfield units: {'; '.join(not_hounsfield)}. "
                "Statistics in HU, and a model trained on CT numbers, cannot be trusted on them.",
            )
        )
    reasons = [*_intensity_reasons(volume.array, training), *_spacing_reasons(volume.geometry, model)]
    if not_hounsfield and training.expects_hounsfield:
        low, high = facts.intensity_range
        reasons.insert(
            0,
            f"the model was trained on Hounsfield units (vessels {training.low:.4g} to {training.high:.4g}), and these "
            f"values ({low:.4g} to {high:.4g}) are not",
        )
    if reasons:
        warnings.append(
            InputWarning(
                "outside_training_range",
                f"{name} lies outside what the model was trained on: {'; '.join(reasons)}. Expect a poor segmentation.",
            )
        )
    return warnings


def hounsfield_doubts(volume: Volume, facts: VolumeFacts) -> list[str]:
    """Reasons to doubt that values are Hounsfield units; empty where there are none."""
    low, high = facts.intensity_range
    field_mm = sorted(np.multiply(volume.geometry.size, volume.geometry.spacing_mm))[1]
    if facts.rescale_type == "HU" and low < 0:
        return []
    doubts = []
    if facts.rescale_type not in (None, "HU"):
        doubts.append(f"their DICOM rescale type is {facts.rescale_type}")
    if low >= 0:
        doubts.append(f"they range from {low:g} to {high:g}, although air is -1000 and fat -100")
    elif low > AIR_HU and field_mm > FIELD_WITH_AIR_MM:
        doubts.append(f"the field of view of {field_mm:.0f} mm holds no air (lowest value {low:g})")
    elif high - low < 100:
        doubts.append(f"they range from {low:g} to {high:g} only")
    bright = float(np.mean(_sample(volume.array) > DENSEST_HU))
    if bright > LARGEST_SHARE_OF_METAL:
        doubts.append(f"{bright:.0%} of them exceed {DENSEST_HU:g}, more than the densest bone")
    return doubts


def _intensity_reasons(array: npt.NDArray, training: TrainingRange) -> list[str]:
    if not np.isfinite([training.low, training.high]).all():
        return []
    values = _sample(array)
    trained = f"{training.low:.4g} to {training.high:.4g} of the training vessels (0.5th to 99.5th percentile)"
    if not training.expects_hounsfield:
        # Magnetic resonance has no units and is normalised case by case: only CT numbers can be told apart from it.
        air = float(np.mean(values < AIR_HU))
        return [f"{air:.0%} of its voxels are below {AIR_HU:g}, as in CT"] if air > 0.1 and training.low >= 0 else []
    inside = float(np.mean((values >= training.low) & (values <= training.high)))
    brightest = float(np.percentile(values, 99.9))
    if inside > LARGEST_SHARE_IN_VESSEL_RANGE:
        return [f"{inside:.0%} of its voxels lie in the range {trained}"]
    if brightest < training.low:
        return [f"its brightest voxels (99.9th percentile {brightest:.4g}) stay below the range {trained}"]
    return []


def _spacing_reasons(geometry: Geometry, model: TrainedModel) -> list[str]:
    seen = reordered(geometry, reader_order(geometry, model.reader_writer_name)).spacing_mm[::-1]
    transposed = [seen[axis] for axis in model.plans_manager.transpose_forward]
    case_mm = np.array(transposed[-len(model.spacing_mm) :])  # a 2-D network never sees the slice distance
    factors = case_mm / np.array(model.spacing_mm)
    if max(factors.max(), 1 / factors.min()) <= LARGEST_SPACING_FACTOR:
        return []
    return [f"its spacing is {_millimetres(case_mm)}, the model's {_millimetres(model.spacing_mm)}"]


def _sample(array: npt.NDArray) -> npt.NDArray:
    stride = max(1, round((array.size / SAMPLED_VOXELS) ** (1 / 3)))
    return array[::stride, ::stride, ::stride].astype(np.float64)


def _millimetres(spacing: npt.ArrayLike) -> str:
    return " x ".join(f"{value:.3g}" for value in np.asarray(spacing)) + " mm"
