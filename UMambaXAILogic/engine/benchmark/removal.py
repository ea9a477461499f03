"""Scores of one case's image with some of its voxels filled, or with all but some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..alignment.shell import bounding_box
from ..inference.explanation import Explained
from ..intervention import Change, FillSource, Intervention, WatchedScore
from ..progress import Reporter
from .voxel_fill import VoxelFill

BoolArray = npt.NDArray[np.bool_]


class Removal:
    """Takes voxels of the network grid (without padding) away and asks what becomes of the scores. M stays frozen.

    Args:
        case: what is explained, with a voxel in M.
        fill: ``shell``, ``mean`` or ``blur``.
        scores: what is watched, each summed over its voxels.
        reporter: asked before each forward pass of the network whether to stop; warned where memory runs out.
        on_pass: told of each forward pass before it begins; None: nobody is.

    Attributes:
        intervention: counts what it costs.
    """

    def __init__(
        self,
        case: Explained,
        fill: str,
        scores: Sequence[WatchedScore],
        reporter: Reporter,
        on_pass: Callable[[], None] | None = None,
    ) -> None:
        valid = case.plan.valid
        self._case = case
        self._fitting = partial(case.memory.until_it_fits, reporter=reporter)
        self._data = case.data[(slice(None), *valid)].numpy()
        mask = case.mask[valid].numpy()
        predicted = self._fitting(lambda: case.score.predicted(case.logits[(slice(None), *valid)]).numpy())
        source = FillSource(self._data, predicted | mask, case.spacing_mm)
        self._fill = self._fitting(lambda: VoxelFill(fill, source))
        self._erased_image = self._fitting(self._fill.erased)
        self.intervention = Intervention(case, reporter, scores, on_pass)

    @property
    def original(self) -> tuple[float, ...]:
        """Of the image as it is."""
        return self.intervention.original

    def erased(self) -> tuple[float, ...]:
        """Of the image with every voxel filled."""
        return self._scores(lambda: self._erased_image, np.ones(self._data.shape[1:], bool))

    def without(self, voxels: BoolArray) -> tuple[float, ...]:
        """Of the image with these voxels (z, y, x) filled, of which there is one at least."""
        return self._scores(lambda: self._fill.filled(voxels), voxels)

    def with_only(self, voxels: BoolArray) -> tuple[float, ...]:
        """Of the erased image with these voxels (z, y, x) as they were."""
        return self._scores(lambda: np.where(voxels, self._data, self._erased_image), np.ones_like(voxels))

    @property
    def cost(self) -> dict[str, Any]:
        """Forward passes so far, and the windows that did not have to be predicted again."""
        intervention = self.intervention
        whole = intervention.changes * len(self._case.plan.windows)
        return {
            "changes": intervention.changes,
            "forward_passes": intervention.forward_passes,
            "evaluated_windows": intervention.evaluated_windows,
            "windows_of_whole_predictions": whole,
            "saved_share": None if whole == 0 else round(1 - intervention.evaluated_windows / whole, 4),
        }

    def _scores(self, make: Callable[[], npt.NDArray[np.floating]], changed: BoolArray) -> tuple[float, ...]:
        """Of the image that ``make`` gives, which differs from the case's in voxels that are ``changed`` alone."""
        return self.intervention.scores(self._fitting(lambda: self._change(make(), changed)))

    def _change(self, image: npt.NDArray[np.floating], changed: BoolArray) -> Change:
        box = bounding_box(changed)
        assert box is not None, "at least one voxel changes"
        padded = tuple(
            slice(part.start + inside.start, part.stop + inside.start)
            for part, inside in zip(box, self._case.plan.valid, strict=True)
        )
        values = np.ascontiguousarray(image[(slice(None), *box)], dtype=self._data.dtype)
        return Change(padded, torch.from_numpy(values))
