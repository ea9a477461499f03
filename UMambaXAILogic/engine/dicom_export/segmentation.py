"""The labels as DICOM Segmentation Storage (PS3.3 A.51), one binary segment a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.uid import generate_uid

from ..label_codes import label_codes
from ..model.labels import Label
from .codes import ARTIFICIAL_INTELLIGENCE, concept
from .finish import finish
from .provenance import MANUFACTURER, Provenance, plain_text
from .source_series import SourceSeries

#: Of the new series in its study; numbers need not be unique.
SERIES_NUMBER = 9002


def segmentation(
    source: SourceSeries, labels: npt.NDArray[np.integer], segments: tuple[Label, ...], provenance: Provenance
) -> Segmentation:
    """One segment for every label of the model, also for those that it found nowhere.

    Segments are numbered from 1 in the order of ``segments``, as DICOM wants; the label's values are told in the
    segment's description. Frames without a voxel of their segment are left out, unless all are empty.

    Args:
        source: the segmented series.
        labels: (z, y, x) on its grid, label values.
        segments: what the model segments; a region's values may be shared with other regions.
        provenance: what the object says of itself.

    Raises:
        ValueError, TypeError: the attributes of ``source`` cannot be copied into a valid object.
    """
    image = Segmentation(
        source_images=source.headers,
        pixel_array=_masks(labels, segments),
        segmentation_type="BINARY",
        segment_descriptions=[
            _description(number, label, provenance) for number, label in enumerate(segments, start=1)
        ],
        series_instance_uid=generate_uid(prefix=None),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        content_label="SEGMENTATION",
        content_description=provenance.marked("Segmentation by a neural network"),
        series_description=provenance.marked(f"{MANUFACTURER} segmentation"),
        omit_empty_frames=True,
        **provenance.equipment(),
    )
    _pad_with_zero(image)
    finish(image, source, provenance)
    return image


def segments_of(labels: Mapping[str, Any]) -> tuple[Label, ...]:
    """What of a model's labels becomes a segment: all but the background and what nobody knows.

    Args:
        labels: name -> value, or values of a region, as in metrics.json's ``model``.
    """
    found = (Label(name, tuple(value) if isinstance(value, list) else (value,)) for name, value in labels.items())
    return tuple(label for label in found if label.name != "ignore" and any(label.values))


def _masks(labels: npt.NDArray[np.integer], segments: tuple[Label, ...]) -> npt.NDArray[np.uint8]:
    """(z, y, x) segment numbers; (z, y, x, segment) of 0 and 1 where regions share values."""
    values = [value for segment in segments for value in segment.values]
    if len(set(values)) < len(values):
        masks = np.zeros((*labels.shape, len(segments)), dtype=np.uint8)
        for index, segment in enumerate(segments):
            masks[..., index] = np.isin(labels, segment.values)
        return masks
    numbers = np.zeros(max(int(labels.max()), *values) + 1, dtype=np.uint8 if len(segments) < 256 else np.uint16)
    for number, segment in enumerate(segments, start=1):
        numbers[list(segment.values)] = number
    return numbers[labels]


def _description(number: int, label: Label, provenance: Provenance) -> SegmentDescription:
    codes = label_codes(label.name)
    description = SegmentDescription(
        segment_number=number,
        segment_label=plain_text(label.name) or f"Segment {number}",
        segmented_property_category=concept(codes.category),
        segmented_property_type=concept(codes.kind),
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name=plain_text(f"{MANUFACTURER} {provenance.model['architecture']}"),
            family=ARTIFICIAL_INTELLIGENCE,
            version=provenance.creator_version,
            source=MANUFACTURER,
            parameters=_parameters(provenance.model),
        ),
    )
    description.SegmentDescription = f"Label {', '.join(map(str, label.values))} of the model"
    return description


def _parameters(model: dict[str, Any]) -> dict[str, str]:
    """The model, as values without the characters that separate parameters."""
    values = {
        "model_sha256": model["sha256"],
        "trainer": model["trainer"],
        "configuration": model["configuration"],
        "fold": " ".join(map(str, model["fold"])),
    }
    return {name: plain_text(value).replace(",", " ").replace("=", " ") for name, value in values.items() if value}


def _pad_with_zero(image: Segmentation) -> None:
    """DICOM pads to an even number of bytes with a null byte, highdicom 0.28 with the character 0."""
    used = -(-int(image.NumberOfFrames) * image.Rows * image.Columns // 8)
    if len(image.PixelData) > used:
        image.PixelData = image.PixelData[:used] + b"\0" * (len(image.PixelData) - used)
