"""The attention map as DICOM Parametric Map Storage (PS3.3 A.75)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from highdicom import VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom import Dataset
from pydicom.uid import generate_uid

from ..label_codes import label_codes
from .codes import ATTENTION, NO_UNITS, concept, private_scheme
from .finish import finish
from .provenance import MANUFACTURER, Provenance
from .source_series import SourceSeries

#: Of the new series in its study; numbers need not be unique.
SERIES_NUMBER = 9001


def parametric_map(source: SourceSeries, attention: npt.NDArray[np.float32], provenance: Provenance) -> ParametricMap:
    """The map as it is: 32-bit floating point, no rescaling, one frame a slice of the source.

    Args:
        source: the explained series.
        attention: (z, y, x) on its grid, in [0, 1].
        provenance: what the object says of itself.

    Raises:
        ValueError, TypeError: the attributes of ``source`` cannot be copied into a valid object.
    """
    image = ParametricMap(
        source_images=source.headers,
        pixel_array=np.ascontiguousarray(attention, dtype=np.float32),
        series_instance_uid=generate_uid(prefix=None),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        # Maps of gradients at the input follow edges of the image, and so those of a face.
        contains_recognizable_visual_features=True,
        real_world_value_mappings=[
            RealWorldValueMapping(
                lut_label="attention",
                lut_explanation="Attention, 0 none to 1 strongest of this target",
                unit=NO_UNITS,
                value_range=(0.0, 1.0),
                slope=1.0,
                intercept=0.0,
                quantity_definition=ATTENTION,
            )
        ],
        # Exact: the plain linear function would show a width of 1 as black and white.
        voi_lut_transformations=[
            VOILUTTransformation(window_center=0.5, window_width=1.0, voi_lut_function="LINEAR_EXACT")
        ],
        content_label="ATTENTION",
        content_description=provenance.marked(f"Attention, sanity gate {provenance.sanity or 'not judged'}"),
        series_description=provenance.marked(f"{MANUFACTURER} attention"),
        coding_schemes=[private_scheme()],
        **provenance.equipment(),
    )
    _order_as_slices(image, attention)
    finish(image, source, provenance)
    image.SharedFunctionalGroupsSequence[0].FrameAnatomySequence = [_frame_anatomy(source, provenance)]
    return image


def _order_as_slices(image: ParametricMap, attention: npt.NDArray[np.float32]) -> None:
    """Let frames follow each other as the slices of the source do, along the normal of rows and columns.

    highdicom stores them the other way round, which is allowed; but readers that go by the order of frames alone, as
    dcmqi does, would show the map upside down. ``image`` is for writing afterwards: its look-up tables are not renewed.
    """
    groups = list(image.PerFrameFunctionalGroupsSequence)
    orientation = np.array(image.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient)
    normal = np.cross(orientation[:3].astype(float), orientation[3:].astype(float))
    heights = [
        float(np.dot(np.array(group.PlanePositionSequence[0].ImagePositionPatient, dtype=float), normal))
        for group in groups
    ]
    ordered = [groups[index] for index in np.argsort(heights)]
    for number, group in enumerate(ordered, start=1):
        group.FrameContentSequence[0].DimensionIndexValues = [number]
    image.PerFrameFunctionalGroupsSequence = ordered
    image.FloatPixelData = attention.astype("<f4").tobytes()


def _frame_anatomy(source: SourceSeries, provenance: Provenance) -> Dataset:
    """What the frames show: what the source says, else the kind of vessel that is explained; dcmqi demands it."""
    item = Dataset()
    item.FrameLaterality = "U"  # the head is not one of a pair
    known = source.headers[0].get("AnatomicRegionSequence")
    item.AnatomicRegionSequence = [known[0] if known else concept(label_codes(provenance.target).kind)]
    return item
