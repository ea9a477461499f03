"""Everything that is read out along the vessels of one case."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..alignment import CaseMetrics
from ..volume import Geometry
from .axial import attention_by_segment
from .by_diameter import by_diameter
from .by_label import VesselLabels, by_label
from .centreline import BoolArray, Centreline, centreline_of
from .cl_dice import NO_GROUND_TRUTH, ClDice, cl_dice
from .radial import attention_by_distance
from .summary import readout_summary
from .surroundings import FARTHEST_MM, REACH_MM, REACH_RADII, surroundings_of
from .vessel_voxels import VesselVoxels


class VesselReadout:
    """Centreline Dice and the vessel readout; keeps numbers, never an attention map.

    The reference is the ground truth; without one, or where it has no centreline in the evaluation region, the
    prediction.

    Args:
        pm: prediction of the target label, bool (z, y, x).
        gt: ground truth of the target label; None without one.
        region: evaluation region; None counts every voxel. Centrelines and diameters are those of whole masks.
        geometry: the grid of all arrays.
        threshold: from which a voxel counts as attended.
        labels: of a ground truth that tells vessels apart; None where there is none, or it does not.
    """

    def __init__(
        self,
        pm: BoolArray,
        gt: BoolArray | None,
        region: BoolArray | None,
        geometry: Geometry,
        threshold: float,
        labels: VesselLabels | None = None,
    ) -> None:
        self._pm, self._gt, self._region, self._geometry = pm, gt, region, geometry
        self._threshold, self._labels = threshold, labels
        self._read: dict[str, Any] | None = None

    def add_mean(self, attention: npt.NDArray[np.float32]) -> None:
        """Read out the layer mean, the map that is written: float32 in [0, 1], (z, y, x)."""
        self._read = self._readout(attention)

    def completed(self, metrics: CaseMetrics) -> CaseMetrics:
        """``metrics`` with centreline Dice in ``segmentation``, and ``vessel_readout``."""
        readout = self._read if self._read is not None else self._readout(None)
        segmentation = {**metrics.fields["segmentation"], **self._cl_dice().to_json()}
        return replace(metrics, fields={**metrics.fields, "segmentation": segmentation, "vessel_readout": readout})

    def _cl_dice(self) -> ClDice:
        if self._gt is None or self._of_gt is None:
            return NO_GROUND_TRUTH
        return cl_dice(self._pm, self._gt, self._of_pm, self._of_gt, self._region)

    @cached_property
    def _of_pm(self) -> Centreline:
        return centreline_of(self._pm, self._geometry.spacing_mm[::-1])

    @cached_property
    def _of_gt(self) -> Centreline | None:
        return None if self._gt is None else centreline_of(self._gt, self._geometry.spacing_mm[::-1])

    def _reference(self) -> tuple[str, BoolArray, Centreline] | None:
        candidates = [("pm", self._pm, self._of_pm)]
        if self._gt is not None and self._of_gt is not None:
            candidates.insert(0, ("gt", self._gt, self._of_gt))
        for name, mask, centreline in candidates:
            inside = len(centreline.points) if self._region is None else centreline.inside(self._region).sum()
            if inside:
                return name, mask, centreline
        return None

    def _readout(self, attention: npt.NDArray[np.float32] | None) -> dict[str, Any] | None:
        reference = self._reference()
        if reference is None:
            return None
        name, mask, centreline = reference
        truth = name == "gt"
        near = surroundings_of(centreline, mask, self._region, self._geometry.spacing_mm[::-1])
        vessel = VesselVoxels.of(mask, near, self._pm if truth else None, attention)
        attended = None if attention is None else attention >= np.float32(self._threshold)
        radial = None if attention is None else attention_by_distance(attention, self._region, near)
        diameters = by_diameter(centreline, vessel, near, self._region, attended)
        return {
            "reference": name,
            "threshold": self._threshold,
            "centreline_mm": float(centreline.lengths_mm.sum()),
            "centreline_voxels": len(centreline.points),
            "parts_thinned_again": centreline.thinned_again,
            "reach": {"mm": REACH_MM, "radii": REACH_RADII, "farthest_mm": FARTHEST_MM},
            "summary": readout_summary(radial, diameters),
            "radial": radial,
            "axial": attention_by_segment(centreline, vessel, self._geometry),
            "by_diameter": diameters,
            "by_label": (
                by_label(self._labels, vessel, centreline, self._pm, self._region)
                if truth and self._labels is not None
                else None
            ),
        }
