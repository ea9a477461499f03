"""How much of the score depends on the voxels that a map puts first, and how much beside the target goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..inference.explanation import Explained
from .candidate import FloatMap
from .deletion import STEPS, Curves, Deletion

#: Keeps ODD / (TDD + eps) finite.
EPSILON = 1e-6
#: Mass of a map farther than this from M counts as leaked.
FAR_MM = 3.0


@dataclass(frozen=True)
class Faithfulness:
    """Deletion and insertion of one map.

    Args:
        curves: the scores.
        target_drop: TDD_k = (S(x) - S(x with the first k filled)) / |M|.
        deletion_area, insertion_area: under the normalised curves over k in [0, 5 |M|], divided by their width; None
            where the erased image scores as high as the image, or the volume is too small for all steps.
    """

    curves: Curves
    target_drop: tuple[float, ...]
    deletion_area: float | None
    insertion_area: float | None

    @property
    def score(self) -> float | None:
        """Insertion area - deletion area: what maps are ranked by. 1 at best; -1 where nothing that counts is found."""
        if self.deletion_area is None or self.insertion_area is None:
            return None
        return self.insertion_area - self.deletion_area

    def to_json(self) -> dict[str, Any]:
        """``faithfulness`` of benchmark.json."""
        return {
            "score": self.score,
            "deletion_area": self.deletion_area,
            "insertion_area": self.insertion_area,
            "k": list(self.curves.steps),
            "voxels": list(self.curves.voxels),
            "target_drop": list(self.target_drop),
            "deletion": list(self.curves.deleted),
            "insertion": list(self.curves.inserted),
        }


def faithfulness(deletion: Deletion, curves: Curves) -> Faithfulness:
    """Faithfulness from a map's curves."""
    drop = tuple(deletion.original - score for score in curves.deleted)
    span = deletion.original - deletion.erased
    if span <= 0 or curves.steps != STEPS:
        return Faithfulness(curves, drop, None, None)
    places = [0.0, *curves.steps]
    deleted = [1.0, *((score - deletion.erased) / span for score in curves.deleted)]
    inserted = [0.0, *((score - deletion.erased) / span for score in curves.inserted)]
    width = places[-1]
    return Faithfulness(
        curves, drop, float(np.trapezoid(deleted, places)) / width, float(np.trapezoid(inserted, places)) / width
    )


@dataclass(frozen=True)
class Leakage:
    """What beside the target changes, and how much of the map lies far off.

    Args:
        watched: names of what was scored beside the target.
        off_target_drop: ODD_k = |S_off(x) - S_off(x with the first k filled)|, per voxel.
        ratio: ODD_k / (TDD_k + eps); None where removing the voxels does not lower the score.
        far_share: share of the map's mass farther than 3 mm from M.
    """

    watched: tuple[str, ...]
    off_target_drop: tuple[float | None, ...]
    ratio: tuple[float | None, ...]
    far_share: float | None

    def to_json(self) -> dict[str, Any]:
        """``leakage`` of benchmark.json."""
        return {
            "watched": list(self.watched),
            "off_target_drop": list(self.off_target_drop),
            "ratio": list(self.ratio),
            "far_share": self.far_share,
        }


class LeakageMeter:
    """Measures leakage of the maps of one case.

    Args:
        case: what is explained.
        deletion: of the same case.
    """

    def __init__(self, case: Explained, deletion: Deletion) -> None:
        self._deletion = deletion
        mask = case.mask[case.plan.valid].numpy()
        self._far: npt.NDArray[np.bool_] = ndimage.distance_transform_edt(~mask, sampling=case.spacing_mm) > FAR_MM

    def leakage(self, values: FloatMap, found: Faithfulness) -> Leakage:
        """Of one map (z, y, x), from the same curves as its faithfulness."""
        original = self._deletion.off_target_original
        drops = tuple(
            None if original is None or score is None else abs(original - score) for score in found.curves.off_target
        )
        ratio = tuple(
            None if drop is None or target <= 0 else drop / (target + EPSILON)
            for drop, target in zip(drops, found.target_drop, strict=True)
        )
        mass = float(values.sum(dtype=np.float64))
        far = float(values[self._far].sum(dtype=np.float64)) / mass if mass > 0 else None
        return Leakage(self._deletion.watched.names, drops, ratio, far)
