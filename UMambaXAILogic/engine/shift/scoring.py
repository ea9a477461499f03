"""What a coalition is worth: Dice of the prediction and XAI-GT IoU of the attention, on the case's own grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..alignment.counting import count_attention, count_segmentation
from ..alignment.overlap import Overlap
from ..volume import Geometry
from .field_of_view import PATIENT_AXES
from .grid_steps import BoolArray, FloatMap

#: What Shapley values are computed of.
MEASURES = ("dice", "xai_gt_iou")


@dataclass(frozen=True)
class Score:
    """Counts inside the evaluation region, and the two measures.

    Args:
        dice: of prediction and truth; None where both are empty.
        xai_gt_iou: of attention at the reporting threshold and truth; None without an attention map.
        attention_voxels, attention_overlap_voxels: None without an attention map.
    """

    dice: float | None
    xai_gt_iou: float | None
    pm_voxels: int
    gt_voxels: int
    overlap_voxels: int
    attention_voxels: int | None
    attention_overlap_voxels: int | None

    def to_json(self) -> dict[str, Any]:
        """Fields as they are stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Score:
        """Read ``to_json``'s result; further fields are left aside."""
        return cls(**{name: body[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Truth:
    """What predictions of a case are scored against, all on its own grid.

    Args:
        vessels: ground truth of the target.
        region: evaluation region; None counts every voxel.
        threshold: of attention, the reporting one.
        annotated: box of a smaller annotation (``annotated_box``); None where label extent is not asked about.
    """

    vessels: BoolArray
    region: BoolArray | None
    threshold: float
    annotated: BoolArray | None = None

    def score(self, pm: BoolArray, attention: FloatMap | None) -> Score:
        """Against all of the ground truth."""
        return self._score(self.vessels, pm, attention)

    def score_annotated(self, pm: BoolArray, attention: FloatMap | None) -> Score | None:
        """Against the part of the ground truth that a smaller annotation would hold; None where not asked about."""
        return None if self.annotated is None else self._score(self.vessels & self.annotated, pm, attention)

    def _score(self, vessels: BoolArray, pm: BoolArray, attention: FloatMap | None) -> Score:
        found = count_segmentation(pm, vessels, self.region).pooled()
        assert found is not None  # there is a ground truth
        attended: Overlap | None = None
        if attention is not None:
            counts = count_attention(attention, vessels, pm, self.region, (self.threshold,))
            assert counts.with_gt is not None
            attended = Overlap(int(counts.attention.sum()), found.reference, int(counts.with_gt.sum()))
        return Score(
            dice=found.dice,
            xai_gt_iou=None if attended is None else attended.iou,
            pm_voxels=found.measured,
            gt_voxels=found.reference,
            overlap_voxels=found.common,
            attention_voxels=None if attended is None else attended.measured,
            attention_overlap_voxels=None if attended is None else attended.common,
        )


def centroid_mm(mask: BoolArray, geometry: Geometry) -> tuple[float, float, float]:
    """LPS position of the mean of a mask's voxel centres; the mask is not empty."""
    index = np.array([axis.mean() for axis in np.nonzero(mask)])[::-1]
    x, y, z, _ = geometry.affine_lps @ (*index, 1.0)
    return float(x), float(y), float(z)


def annotated_box(
    geometry: Geometry, centre_mm: tuple[float, float, float], extent_mm: tuple[float, float, float]
) -> BoolArray:
    """Voxels whose centre lies in a box in patient space, bool (z, y, x).

    Args:
        geometry: the grid.
        centre_mm: LPS.
        extent_mm: right-left, anterior-posterior, superior-inferior, as in ``PATIENT_AXES``.
    """
    assert len(extent_mm) == len(PATIENT_AXES)
    inside = np.ones(geometry.shape, dtype=bool)
    affine = geometry.affine_lps
    x, y, z = (np.arange(count) for count in geometry.size)
    for axis, (centre, extent) in enumerate(zip(centre_mm, extent_mm, strict=True)):
        in_plane = (affine[axis, 0] * x)[None, :] + (affine[axis, 1] * y)[:, None]
        for index in range(len(z)):
            position = in_plane + (affine[axis, 2] * z[index] + affine[axis, 3])
            inside[index] &= np.abs(position - centre) <= extent / 2
    return inside
