"""Deletion curves of several rankings of one case's voxels, point by point in an order that refines.

The voxels that a ranking puts first are filled, and S is taken again: exactly, of the stitched logits, with M frozen.
As in the benchmark, voxels are counted in multiples of |M|, up to 5: vessels are 0.1-0.5 % of a volume, and percents of
the volume would tie every map. Places lie closer together on the left, where the voxels are that a map puts first. Both
ends come first and then always the middles between, so that the whole shape is there early and every further point
refines it. Source of the curve: Petsiuk, Das, Saenko, "RISE", BMVC 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..inference.explanation import Explained
from ..inference.target import TargetScore
from ..intervention import WatchedScore
from ..progress import Reporter
from .candidate import FloatMap
from .deletion import STEPS
from .ranked_voxels import first_of, ranked_voxels
from .removal import BoolArray, Removal


@dataclass(frozen=True)
class Point:
    """What is left of the target once some voxels are gone.

    Args:
        removed: how many, in multiples of |M|.
        voxels: how many.
        score: S / |M|.
        relative: the same so that 1 is the image as it is and 0 the erased one; None where erasing does not lower S.
        surviving: share of M that is still predicted as the target, 0-1.
    """

    removed: float
    voxels: int
    score: float
    relative: float | None
    surviving: float


def removal_places(points: int, reach: float = STEPS[-1]) -> list[float]:
    """Multiples of |M| from 0 to ``reach``: ``reach (i / (points - 1))^2``.

    Args:
        points: at least 2.
    """
    return [reach * (index / (points - 1)) ** 2 for index in range(points)]


def refining_order(count: int) -> list[int]:
    """0 ... ``count`` - 1, each once: both ends, then the middle of the widest gap again and again, the left one first.

    Args:
        count: at least 2.
    """
    order, gaps = [0, count - 1], [(0, count - 1)]
    while len(order) < count:
        first, last = max(gaps, key=lambda gap: (gap[1] - gap[0], -gap[0]))
        gaps.remove((first, last))
        middle = (first + last) // 2
        order.append(middle)
        gaps += [(first, middle), (middle, last)]
    return order


class DeletionCurves:
    """Draws the curves of one case.

    Args:
        case: what is explained, with a voxel in M.
        rankings: maps (z, y, x) on the network grid, by name of the curve.
        points: of each curve, at least 2.
        fill: ``shell``, ``mean`` or ``blur``.
        seed: of the order among equal voxels.
        reporter: told progress, window by window, and every point as soon as it is known, with the fields of ``Point``;
            asked before every forward pass whether to stop; warned where memory runs out.

    Attributes:
        original, erased: S / |M| of the image as it is, and with everything filled.
        reach: the last place, in multiples of |M|: less than 5 where the volume has fewer voxels.
    """

    def __init__(
        self, case: Explained, rankings: Mapping[str, FloatMap], points: int, fill: str, seed: int, reporter: Reporter
    ) -> None:
        self._rankings, self._seed, self._reporter = rankings, seed, reporter
        self.explained_voxels = int(case.mask[case.plan.valid].sum())
        self.volume_voxels = case.mask[case.plan.valid].numel()
        self.reach = min(STEPS[-1], self.volume_voxels / self.explained_voxels)
        self._places = removal_places(points, self.reach)
        scores = (WatchedScore(case.mask, case.score), WatchedScore(case.mask, _StillPredicted.like(case.score)))
        self._removal = Removal(case, fill, scores, reporter, self._on_pass)
        self._scored, self._passes = 0, 0
        self._in_all = 2 + (points - 1) * len(rankings)
        self._original = self._removal.original
        self._count_score()
        self.original = self._original[0] / self.explained_voxels
        self.erased = self._removal.erased()[0] / self.explained_voxels
        self._count_score()

    def draw(self) -> dict[str, list[Point]]:
        """The points of every curve, from left to right; all curves get one at a place before any gets the next."""
        most = round(self._places[-1] * self.explained_voxels)
        ranked = {name: ranked_voxels(values, most, self._seed) for name, values in self._rankings.items()}
        found: dict[str, dict[int, Point]] = {name: {} for name in ranked}
        for place in refining_order(len(self._places)):
            count = round(self._places[place] * self.explained_voxels)
            for name, order in ranked.items():
                point = self._point(place, first_of(order, count, self._rankings[name].shape))
                found[name][place] = point
                self._reporter.point(name, vars(point))
        return {name: [points[place] for place in sorted(points)] for name, points in found.items()}

    def area(self, points: list[Point]) -> float | None:
        """Under the curve of relative scores, divided by its width; None where there are none."""
        scores = [point.relative for point in points if point.relative is not None]
        if len(scores) < len(points):
            return None
        return float(np.trapezoid(scores, [point.removed for point in points])) / self.reach

    @property
    def cost(self) -> dict[str, Any]:
        """See ``Removal.cost``."""
        return self._removal.cost

    def _point(self, place: int, voxels: BoolArray) -> Point:
        sums = self._original
        if voxels.any():
            sums = self._removal.without(voxels)
            self._count_score()
        score, span = sums[0] / self.explained_voxels, self.original - self.erased
        return Point(
            removed=self._places[place],
            voxels=int(voxels.sum()),
            score=score,
            relative=(score - self.erased) / span if span > 0 else None,
            surviving=sums[1] / self.explained_voxels,
        )

    def _on_pass(self) -> None:
        """Progress within the score that is being taken: as many passes as it has at most."""
        intervention = self._removal.intervention
        most = max(1, intervention.watched_windows * intervention.passes_per_window)
        within = min(1.0, (intervention.forward_passes - self._passes) / most)
        self._reporter.progress(min(1.0, (self._scored + within) / self._in_all))

    def _count_score(self) -> None:
        self._scored += 1
        self._passes = self._removal.intervention.forward_passes


@dataclass(frozen=True)
class _StillPredicted(TargetScore):
    """1 where the target is predicted, 0 elsewhere."""

    @classmethod
    def like(cls, score: TargetScore) -> _StillPredicted:
        return cls(score.target, score.score)

    def density(self, logits: torch.Tensor) -> torch.Tensor:
        """See ``TargetScore.density``."""
        return self.predicted(logits[:, None])[0].to(logits.dtype)
