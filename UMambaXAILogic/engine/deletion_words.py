"""What a deletion curve says of its map, in words and with the numbers behind them. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .benchmark.baseline_names import BASELINE_TITLES

CHANCE = "random"
#: Areas that differ by less count as equal: no more than another seed of the random ranking or another grid of points
#: may move them.
ALIKE = 0.05
#: Areas from it on leave more than half of the score, on average, to other voxels.
HALF = 0.5

_NAMES = {CHANCE: "random", "frangi": "vesselness"}


@dataclass(frozen=True)
class DeletionVerdict:
    """What a curve says.

    Args:
        name: ``carries`` or ``carries_part``, ``carries_no_more_than_REFERENCE`` or ``carries_less_than_REFERENCE``,
            or ``not_available``.
        text: a sentence.
    """

    name: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """``verdict`` of deletion.json."""
        return {"name": self.name, "text": self.text}


def deletion_verdict(area: float | None, references: Mapping[str, float | None]) -> DeletionVerdict:
    """Judge a map's deletion area against those of references.

    Chance has to be beaten first: where a map does not, nothing else is said of it. Then it is held against the best of
    the others, which know the image but not the network.

    Args:
        area: under the map's curve, about 0 (all of the score is lost at once) to 1 (nothing is lost); None where it
            cannot be computed.
        references: areas of baselines by name.
    """
    if area is None:
        return DeletionVerdict(
            "not_available", "Erasing the whole image does not lower the score: nothing can be said."
        )
    found = {name: value for name, value in references.items() if value is not None}
    chance = found.pop(CHANCE, None)
    if chance is not None and area > chance - ALIKE:
        return _not_better(area, CHANCE, chance)
    rival = min(found, key=lambda name: found[name], default=None)
    if rival is not None and area > found[rival] - ALIKE:
        return _not_better(area, rival, found[rival])
    others = [f"{value:.2f} for {_name(name)}" for name, value in references.items() if value is not None]
    name, how = ("carries", "the score") if area < HALF else ("carries_part", "a part of the score")
    against = f" against {' and '.join(others)}" if others else ""
    return DeletionVerdict(name, f"The map's most attributed voxels carry {how}: area {area:.2f}{against}.")


def _not_better(area: float, reference: str, other: float) -> DeletionVerdict:
    less = area > other + ALIKE
    what = "voxels chosen at random" if reference == CHANCE else f"those that {_name(reference)} puts first"
    return DeletionVerdict(
        f"carries_{'less' if less else 'no_more'}_than_{reference}",
        f"The map's most attributed voxels carry {'less' if less else 'no more'} of the score than {what}: area "
        f"{area:.2f} against {other:.2f}.",
    )


def _name(reference: str) -> str:
    return _NAMES.get(reference) or BASELINE_TITLES[reference].lower()
