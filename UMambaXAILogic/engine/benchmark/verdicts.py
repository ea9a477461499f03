"""What the numbers come to: badges of each map, and their order.

The order rests on faithfulness and the sanity gate. Robustness and cost are shown and rank nobody: a constant map is
perfectly robust and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .candidate import BASELINE, Candidate
from .correlation import pearson
from .faithfulness import Faithfulness, Leakage
from .sanity import Sanity

#: A mean over layers that is this like the last decoder layer's map alone is that map.
DOMINATED = 0.9


@dataclass(frozen=True)
class Judged:
    """A map and all that was found about it.

    Args:
        candidate: the map.
        faithfulness, leakage: None where the map is constant: not applicable.
        robustness: Pearson's r by perturbation; None where it was not asked, or cannot be known.
        sanity: None where it was not asked.
    """

    candidate: Candidate
    faithfulness: Faithfulness | None
    leakage: Leakage | None
    robustness: dict[str, float | None] | None
    sanity: Sanity | None

    @property
    def score(self) -> float | None:
        """What maps are ranked by."""
        return None if self.faithfulness is None else self.faithfulness.score


def ranks(judged: Sequence[Judged]) -> dict[str, int | None]:
    """Place of each map by name, 1 for the best; None where there is no score.

    Maps that failed the sanity gate come after all others, whatever their score.
    """
    scored = [(_failed(one), -one.score, one.candidate.name) for one in judged if one.score is not None]
    order = {name: place for place, (_, _, name) in enumerate(sorted(scored), 1)}
    return {one.candidate.name: order.get(one.candidate.name) for one in judged}


def badges(one: Judged, baselines: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Badges of a map with the numbers behind them.

    Args:
        baselines: scores of the baselines by name.

    Returns:
        Of each badge ``name``, ``passed`` (None: not applicable), ``value``, ``limit`` and ``text``.
    """
    if one.candidate.values is None:
        return [_badge("constant", False, None, None, "The map is constant: not applicable.")]
    found = []
    if one.sanity is not None:
        found.append(_parameter_badge(one.sanity))
    if one.candidate.kind != BASELINE:
        for name, title in (("random", "chance"), ("frangi", "vesselness"), ("prediction", "the prediction itself")):
            if name in baselines:
                found.append(_better_badge(name, title, one.score, baselines[name]))
    if one.candidate.last_layer is not None:
        found.append(_last_layer_badge(pearson(one.candidate.values, one.candidate.last_layer)))
    return found


def _failed(one: Judged) -> bool:
    return one.sanity is not None and one.sanity.passed is False


def _parameter_badge(sanity: Sanity) -> dict[str, Any]:
    values = list(sanity.parameters.values())
    value = values[-1] if values else None
    json = sanity.to_json()
    if not sanity.applicable:
        text = "How the map was made is not known: parameters cannot be shuffled."
    elif sanity.passed is None:
        text = "Shuffled parameters give infinite values: nobody knows."
    elif sanity.passed:
        text = "Shuffled parameters give another map."
    else:
        text = "The map stays much the same when the network's parameters are shuffled."
    return _badge("parameter_randomisation", sanity.passed, value, json["cutoff"], text)


def _better_badge(name: str, title: str, score: float | None, other: float | None) -> dict[str, Any]:
    passed = None if score is None or other is None else score > other
    words = {True: f"More faithful than {title}.", False: f"Not more faithful than {title}."}
    text = "There is no score to compare." if passed is None else words[passed]
    return _badge(f"better_than_{'vesselness' if name == 'frangi' else name}", passed, score, other, text)


def _last_layer_badge(value: float | None) -> dict[str, Any]:
    passed = None if value is None else value < DOMINATED
    words = {
        None: "The last decoder layer has no map.",
        True: "Not dominated by the last decoder layer.",
        False: "Dominated by the last decoder layer, whose map lies inside the prediction by construction.",
    }
    return _badge("not_dominated_by_last_layer", passed, value, DOMINATED, words[passed])


def _badge(name: str, passed: bool | None, value: float | None, limit: float | None, text: str) -> dict[str, Any]:
    return {"name": name, "passed": passed, "value": value, "limit": limit, "text": text}
