"""The values of a case's coalitions as games: one number for every coalition, or the reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .case_values import CaseValues
from .coalitions import coalition_name
from .scoring import MEASURES, Score
from .shapley import FloatArray

#: The scoring factor, after all those that change the volume.
LABEL_EXTENT = "label_extent"


@dataclass(frozen=True)
class Game:
    """One measure of one case.

    Args:
        values: of every coalition, shape (2**n,), bit i for factor i; None where a coalition has none.
        missing_because: why ``values`` is None.
    """

    values: FloatArray | None
    missing_because: str | None = None


def case_games(values: CaseValues, keys: Sequence[str], with_label_extent: bool = False) -> Mapping[str, Game]:
    """The games of a case, by measure.

    Args:
        values: of all coalitions of the factors that act on the case.
        keys: of all factors in their order; those that do not act change no value.
        with_label_extent: the smaller annotation takes part as the last factor.
    """
    acting = sum(1 << place for place, key in enumerate(keys) if key in values.acting)
    scores: list[Score] = []
    for annotated in (False, True) if with_label_extent else (False,):
        for coalition in range(1 << len(keys)):
            value = values.coalitions[coalition_name(coalition & acting, keys)]
            score = value.annotated if annotated else value.score
            assert score is not None  # every value of a run is scored alike
            scores.append(score)
    return {measure: _game(measure, scores) for measure in MEASURES}


def _game(measure: str, scores: Sequence[Score]) -> Game:
    found = [getattr(score, measure) for score in scores]
    missing = sum(value is None for value in found)
    if missing:
        what = "Dice" if measure == "dice" else "attention"
        return Game(None, f"There is no {what} to measure in {missing} of {len(found)} coalitions.")
    return Game(np.array(found, dtype=np.float64))
