"""What else the network says: the score that should stay when the target's evidence is removed.

The other non-background classes on their own predicted voxels, equally weighted; where there are none, the background
in the shell 3-10 mm around M.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..alignment.shell import shell_around
from ..inference.explanation import Explained
from ..inference.target import TargetChannels, TargetScore
from ..intervention import WatchedScore

#: Inner and outer width of the shell of background around M.
BACKGROUND_SHELL_MM = (3.0, 10.0)


@dataclass(frozen=True)
class OffTarget:
    """Scores beside the target's.

    Args:
        names: of what is scored.
        scores: to watch, one a name; empty where there is neither another class nor a shell.
    """

    names: tuple[str, ...]
    scores: tuple[WatchedScore, ...]

    def mean(self, sums: Sequence[float]) -> float | None:
        """S_off per voxel: the mean over classes of each class's mean over its voxels; None without any."""
        means = [value / int(entry.mask.sum()) for value, entry in zip(sums, self.scores, strict=True)]
        return float(np.mean(means)) if means else None


@dataclass(frozen=True)
class _NotTarget(TargetScore):
    """The score of sigmoid models' background, which has no head of its own: minus the target's."""

    def density(self, logits: torch.Tensor) -> torch.Tensor:
        """See ``TargetScore.density``."""
        return -super().density(logits)


def off_target(case: Explained) -> OffTarget:
    """What is watched beside the target of this case."""
    manager = case.model.label_manager
    others = [
        channel
        for channel in range(case.logits.shape[0])
        if channel not in case.score.target.channels and (channel > 0 or case.score.target.sigmoid)
    ]
    names, scores = [], []
    for channel in others:
        target = TargetChannels(f"head {channel}", (channel,), (channel,), bool(manager.has_regions))
        score = TargetScore(target, case.score.score)
        mask = _valid_only(case, score.predicted(case.logits)) & ~case.mask
        if mask.any():
            names.append(target.name)
            scores.append(WatchedScore(mask, score))
    if scores:
        return OffTarget(tuple(names), tuple(scores))
    return _background(case)


def _background(case: Explained) -> OffTarget:
    inner_mm, outer_mm = BACKGROUND_SHELL_MM
    valid = case.plan.valid
    around = case.mask[valid].numpy()
    shell = shell_around(around, case.spacing_mm, outer_mm) & ~shell_around(around, case.spacing_mm, inner_mm)
    predicted = case.score.predicted(case.logits[(slice(None), *valid)]).numpy()
    mask = torch.zeros_like(case.mask)
    mask[valid] = torch.from_numpy(shell & ~predicted)
    if not mask.any():
        return OffTarget((), ())
    if case.score.target.sigmoid:
        return OffTarget(("background",), (WatchedScore(mask, _NotTarget(case.score.target, case.score.score)),))
    background = TargetChannels("background", (0,), (0,), False)
    return OffTarget(("background",), (WatchedScore(mask, TargetScore(background, case.score.score)),))


def _valid_only(case: Explained, mask: torch.Tensor) -> torch.Tensor:
    inside = torch.zeros_like(mask)
    inside[case.plan.valid] = mask[case.plan.valid]
    return inside
