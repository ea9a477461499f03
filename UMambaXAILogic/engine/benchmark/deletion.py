"""Take the voxels that a map puts first away, or show only them, and see what the network says.

Both curves run over k in multiples of |M|: vessels are 0.1-0.5 % of a volume, so that percents of the volume would tie
every map. M stays frozen. Scores are divided so that 1 is the image as it is and 0 the image with everything erased:
small areas under the deletion curve and large ones under the insertion curve are good. Source of the curves: Petsiuk,
Das, Saenko, "RISE", BMVC 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..inference.explanation import Explained
from ..intervention import WatchedScore
from ..progress import Reporter
from .candidate import FloatMap
from .off_target import OffTarget, off_target
from .ranked_voxels import first_of, ranked_voxels
from .removal import Removal

#: How many of a map's voxels are taken, in multiples of |M|.
STEPS = (0.25, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Curves:
    """One map's scores; all per voxel of what is scored.

    Args:
        steps: k in multiples of |M|; those of which the volume has the voxels.
        voxels: k.
        deleted: S / |M| with the first k voxels filled.
        inserted: S / |M| of the erased image with the first k voxels as they were.
        off_target: S_off with the first k voxels filled; None where there is none.
    """

    steps: tuple[float, ...]
    voxels: tuple[int, ...]
    deleted: tuple[float, ...]
    inserted: tuple[float, ...]
    off_target: tuple[float | None, ...]


class Deletion:
    """Judges the maps of one case.

    Args:
        case: what is explained, with a voxel in M.
        fill: ``shell``, ``mean`` or ``blur``.
        seed: of the order among equal voxels.
        reporter: asked before every pass whether to stop; warned where memory runs out.

    Attributes:
        original: S / |M| of the image as it is.
        erased: S / |M| of the image with everything filled.
        off_target_original: S_off of the image as it is; None where there is none.
    """

    def __init__(self, case: Explained, fill: str, seed: int, reporter: Reporter) -> None:
        self._seed = seed
        self._count = int(case.mask[case.plan.valid].sum())
        self.watched: OffTarget = off_target(case)
        scores = (WatchedScore(case.mask, case.score), *self.watched.scores)
        self._removal = Removal(case, fill, scores, reporter)
        self.original, self.off_target_original = self._per_voxel(self._removal.original)
        self.erased = self._per_voxel(self._removal.erased())[0]

    def curves(self, values: FloatMap, reporter: Reporter) -> Curves:
        """The curves of one map (z, y, x) on the network grid.

        Args:
            reporter: told the fraction of scores taken.
        """
        steps = [step for step in STEPS if self._voxels(step) <= values.size]
        counts = [self._voxels(step) for step in steps]
        ranked = ranked_voxels(values, counts[-1] if counts else 0, self._seed)
        deleted, inserted, beside = [], [], []
        for number, count in enumerate(counts):
            first = first_of(ranked, count, values.shape)
            score, off = self._per_voxel(self._removal.without(first))
            deleted.append(score)
            beside.append(off)
            inserted.append(self._per_voxel(self._removal.with_only(first))[0])
            reporter.progress((number + 1) / len(counts))
        return Curves(tuple(steps), tuple(counts), tuple(deleted), tuple(inserted), tuple(beside))

    @property
    def cost(self) -> dict[str, Any]:
        """Forward passes so far, and the windows that did not have to be predicted again."""
        return self._removal.cost

    def _voxels(self, step: float) -> int:
        return max(1, round(step * self._count))

    def _per_voxel(self, sums: Sequence[float]) -> tuple[float, float | None]:
        return sums[0] / self._count, self.watched.mean(sums[1:])
