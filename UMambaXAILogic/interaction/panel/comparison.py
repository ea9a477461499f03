"""What the panel's part for comparing two maps shows and allows."""

from __future__ import annotations

from dataclasses import dataclass

from .option import Option
from .words import Translate, untranslated


@dataclass(frozen=True)
class MapFacts:
    """A map that can be compared.

    Args:
        key: of the map.
        volume: id of the volume that it explains.
        name: volume, model and method, and the layer.
    """

    key: str
    volume: str
    name: str


@dataclass(frozen=True)
class ComparisonNumbers:
    """What was measured; None where it cannot be computed."""

    threshold: float
    pearson: float | None
    pearson_in_prediction: float | None
    pearson_in_truth: float | None
    spearman: float | None
    iou: float | None


@dataclass(frozen=True)
class ComparisonFacts:
    """What there is to compare.

    Args:
        maps: all in the scene, the latest result's last.
        first, second: keys of A and B; empty, or of a map that is gone, where none was chosen.
        compared: keys of the two maps that the scene holds a comparison of; None where it holds none.
        numbers: of that comparison.
        is_comparing: one is being computed.
        is_shown: its layout is shown.
    """

    maps: tuple[MapFacts, ...] = ()
    first: str = ""
    second: str = ""
    compared: tuple[str, str] | None = None
    numbers: ComparisonNumbers | None = None
    is_comparing: bool = False
    is_shown: bool = False


@dataclass(frozen=True)
class ComparisonUi:
    """What each control shows and allows; a key is empty where nothing of the list is chosen."""

    first_maps: tuple[Option, ...]
    first: str
    second_maps: tuple[Option, ...]
    second: str
    choices_enabled: bool
    compare_enabled: bool
    back_enabled: bool
    hint: str
    numbers: str


def comparison_ui(facts: ComparisonFacts, _: Translate = untranslated) -> ComparisonUi:
    """What the part shows for what there is. B is offered only what can be compared with A: maps of the same volume."""
    keys = [one.key for one in facts.maps]
    first = facts.first if facts.first in keys else _first_of(facts.maps)
    volume = next((one.volume for one in facts.maps if one.key == first), "")
    others = tuple(one for one in facts.maps if one.volume == volume and one.key != first)
    second = facts.second if facts.second in [one.key for one in others] else (others[-1].key if others else "")
    is_current = bool(second) and facts.compared == (first, second)
    return ComparisonUi(
        first_maps=tuple(Option(one.key, one.name, one.name) for one in facts.maps),
        first=first,
        second_maps=tuple(Option(one.key, one.name, one.name) for one in others),
        second=second,
        choices_enabled=len(facts.maps) > 1 and not facts.is_comparing,
        compare_enabled=bool(second) and not facts.is_comparing,
        back_enabled=facts.is_shown,
        hint=_hint(facts, second, _),
        numbers=_lines(facts.numbers, _) if is_current and facts.numbers is not None else "",
    )


def _first_of(maps: tuple[MapFacts, ...]) -> str:
    """The latest map that there is another one of the same volume to compare with."""
    for one in reversed(maps):
        if any(other.volume == one.volume and other.key != one.key for other in maps):
            return one.key
    return maps[-1].key if maps else ""


def _hint(facts: ComparisonFacts, second: str, _: Translate) -> str:
    if facts.is_comparing:
        return _("Comparing...")
    if not second:
        return _(
            "Two maps of one volume are needed: run another method or model on it, or keep a map of every layer "
            "(Advanced)."
        )
    return ""


def _lines(numbers: ComparisonNumbers, _: Translate) -> str:
    threshold = f"{numbers.threshold:.2f}"
    rows = (
        (_("Pearson r, all voxels"), numbers.pearson),
        (_("Pearson r, in the prediction"), numbers.pearson_in_prediction),
        (_("Pearson r, in the ground truth"), numbers.pearson_in_truth),
        (_("Spearman rho, A or B at least {threshold}").format(threshold=threshold), numbers.spearman),
        (_("IoU of A and B at least {threshold}").format(threshold=threshold), numbers.iou),
    )
    return "\n".join(f"{name}: {_number(value, _)}" for name, value in rows)


def _number(value: float | None, _: Translate) -> str:
    return _("n/a") if value is None else f"{value:.3f}"
