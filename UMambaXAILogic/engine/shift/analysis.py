"""From the values of all cases to shares of the drop: intervals over cases, controls, and what stays unexplained.

All changes are signed like target minus source, or goal minus start: a drop is negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..statistics import compare_groups, mean_interval
from .case_values import CaseValues
from .coalitions import coalition_name
from .game import LABEL_EXTENT, Game, case_games
from .scoring import MEASURES, Score
from .shapley import FloatArray, shapley_values

TITLES: Mapping[str, str] = {
    "field_of_view": "Field of view",
    "intensity_scale": "Intensity scale",
    "blur": "Kernel (blur)",
    "slice_spacing": "Slice spacing",
    "noise": "Noise",
    LABEL_EXTENT: "Label extent",
}
MEASURE_TITLES: Mapping[str, str] = {"dice": "Dice", "xai_gt_iou": "XAI-GT IoU"}
#: Of a smaller change, shares in percent say nothing.
SMALLEST_SHARED_CHANGE = 0.005


@dataclass(frozen=True)
class Goal:
    """What is known of the cohort that cases are moved to.

    Args:
        scores: by measure one value a case; a measure whose values cannot be compared is missing.
        missing_because: by measure, why it is.
    """

    scores: Mapping[str, Sequence[float | None]]
    missing_because: Mapping[str, str]


@dataclass(frozen=True)
class CaseShares:
    """One measure of one case.

    Args:
        case: its name.
        values: of every coalition, as in ``Game``.
        shapley: one share a factor.
        controls: change by each factor's control, by key; 0 for factors that do not act on the case.
    """

    case: str
    values: FloatArray
    shapley: FloatArray
    controls: Mapping[str, float | None]


def analyse(
    cases: Sequence[CaseValues], keys: Sequence[str], goal: Goal, label_extent_is_factor: bool, seed: int
) -> dict[str, Any]:
    """The statistics of every measure, JSON-ready.

    Args:
        cases: complete values.
        keys: of the factors, in their order.
        goal: scores of the cohort that the cases are moved to.
        label_extent_is_factor: the smaller annotation is the last factor.
        seed: of the bootstrap.
    """
    players = (*keys, LABEL_EXTENT) if label_extent_is_factor else tuple(keys)
    games = [case_games(case, keys, label_extent_is_factor) for case in cases]
    return {
        measure: _measure(measure, cases, [game[measure] for game in games], players, goal, seed)
        for measure in MEASURES
    }


def _measure(
    measure: str, cases: Sequence[CaseValues], games: Sequence[Game], players: Sequence[str], goal: Goal, seed: int
) -> dict[str, Any]:
    left_out = [
        {"case": case.case, "reason": game.missing_because}
        for case, game in zip(cases, games, strict=True)
        if game.values is None
    ]
    shares = [
        _case_shares(measure, case, game.values, players)
        for case, game in zip(cases, games, strict=True)
        if game.values is not None
    ]
    before = [float(case.values[0]) for case in shares]
    after = [float(case.values[-1]) for case in shares]
    change = mean_interval([last - first for first, last in zip(before, after, strict=True)], seed)
    scores = goal.scores.get(measure)
    factors = [_factor(place, key, shares, change.estimate, seed) for place, key in enumerate(players)]
    return {
        "title": MEASURE_TITLES[measure],
        "cases": len(shares),
        "left_out": left_out,
        "before": mean_interval(before, seed).to_json(),
        "after": mean_interval(after, seed).to_json(),
        "change": change.to_json(),
        "factors": factors,
        "notes": list(_control_notes(factors)),
        "label_extent_apart": _apart(measure, cases, shares, players, seed),
        "cohort_gap": None if scores is None else compare_groups(before, scores, seed=seed).to_json(),
        # gap - (v(all) - v(none)) = goal - v(all): the same difference, with an interval of its own.
        "residual": None if scores is None else compare_groups(after, scores, seed=seed).to_json(),
        "gap_missing_because": goal.missing_because.get(measure),
        "per_case": [_case_json(case, players) for case in shares],
    }


def _case_shares(measure: str, case: CaseValues, values: FloatArray, players: Sequence[str]) -> CaseShares:
    controls: dict[str, float | None] = {}
    for key in players:
        if key == LABEL_EXTENT:
            controls[key] = None  # scoring has no artefact of its own
        elif key not in case.acting:
            controls[key] = 0.0
        else:
            found = getattr(case.controls[key].score, measure)
            controls[key] = None if found is None else float(found - values[0])
    return CaseShares(case.case, values, shapley_values(values), controls)


def _factor(place: int, key: str, shares: Sequence[CaseShares], change: float | None, seed: int) -> dict[str, Any]:
    bit = 1 << place
    shapley = mean_interval([float(case.shapley[place]) for case in shares], seed)
    alone = [float(case.values[bit] - case.values[0]) for case in shares]
    last = [float(case.values[-1] - case.values[-1 - bit]) for case in shares]
    controls = [case.controls[key] for case in shares]
    net = [None if control is None else one - control for one, control in zip(alone, controls, strict=True)]
    share = None
    if shapley.estimate is not None and change is not None and abs(change) >= SMALLEST_SHARED_CHANGE:
        share = 100 * shapley.estimate / change
    return {
        "key": key,
        "title": TITLES.get(key, key),
        "shapley": shapley.to_json(),
        "share_percent": share,
        "alone": mean_interval(alone, seed).to_json(),
        "last": mean_interval(last, seed).to_json(),
        "control": mean_interval(controls, seed).to_json(),
        "alone_less_control": mean_interval(net, seed).to_json(),
    }


def _control_notes(factors: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Factors whose effect is, for a good part, that of the way to their grid and back."""
    for factor in factors:
        alone, control = factor["alone"]["estimate"], factor["control"]["estimate"]
        if alone is None or control is None or abs(control) < SMALLEST_SHARED_CHANGE:
            continue
        note = f"{factor['title']}: alone {alone:+.3f}, its own control {control:+.3f}."
        if factor["key"] == "field_of_view":
            note += (
                " The control is what lies outside the smaller field of view, where no model can find it. The other "
                "cohort's ground truth ends with its images, so this part is no cause of the cohort gap; "
                "--score-in-view leaves it out."
            )
        yield note


def _apart(
    measure: str, cases: Sequence[CaseValues], shares: Sequence[CaseShares], players: Sequence[str], seed: int
) -> dict[str, Any] | None:
    """Change by the smaller annotation alone, before and after all interventions; None where it is not asked about."""
    counted = {case.case for case in shares}
    keys = [key for key in players if key != LABEL_EXTENT]
    changes: dict[str, list[float | None]] = {"before": [], "after": []}
    for case in cases:
        if case.case not in counted:
            continue
        everything = sum(1 << place for place, key in enumerate(keys) if key in case.acting)
        for name, coalition in (("before", 0), ("after", everything)):
            value = case.coalitions[coalition_name(coalition, keys)]
            if value.annotated is None:
                return None
            changes[name].append(_difference(measure, value.score, value.annotated))
    return {name: mean_interval(values, seed).to_json() for name, values in changes.items()} if counted else None


def _difference(measure: str, whole: Score, annotated: Score) -> float | None:
    first, last = getattr(whole, measure), getattr(annotated, measure)
    return None if first is None or last is None else float(last - first)


def _case_json(case: CaseShares, players: Sequence[str]) -> dict[str, Any]:
    return {
        "case": case.case,
        "values": {
            coalition_name(coalition, players): float(case.values[coalition])
            for coalition in np.argsort([c.bit_count() for c in range(case.values.size)], kind="stable").tolist()
        },
        "shapley": dict(zip(players, case.shapley.tolist(), strict=True)),
        "controls": dict(case.controls),
    }
