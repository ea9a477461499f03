"""What the panel's part for deletion curves shows and allows."""

from __future__ import annotations

from dataclasses import dataclass

from UMambaXAILogic.engine.benchmark.baseline_names import BASELINE_TITLES
from UMambaXAILogic.engine.deletion_request import DEFAULT_REFERENCES

from .activities import DELETION, why_wait
from .judge import JudgedFacts, judge_obstacle, progress_ui, start_text
from .option import Option
from .state import PanelState
from .words import Translate, untranslated

#: Begins the key of a map that is a baseline.
_BASELINE = "baseline "
_CHANCE, _VESSELNESS = DEFAULT_REFERENCES


@dataclass(frozen=True)
class DeletionMap:
    """A map whose voxels can be removed.

    Args:
        key: of it among all there are.
        text: its name.
        layer: ``mean``, or the layer's.
        record_id: of the result that it belongs to; empty: it is a baseline.
        baseline: its name; empty: it is a map of a result.
    """

    key: str
    text: str
    layer: str = "mean"
    record_id: str = ""
    baseline: str = ""


@dataclass(frozen=True)
class DrawnCurve:
    """The finished curve of the result on show.

    Args:
        map: what its map is called.
        verdict: what it says, a sentence.
    """

    map: str
    verdict: str


@dataclass(frozen=True)
class DeletionFacts:
    """What there is.

    Args:
        result: the one that is shown; its score is taken.
        maps: of this result and of others on its volume.
        chosen: key of the map that somebody chose; empty, or of one that is gone, where nobody did.
        with_vesselness: draw vesselness beside it too.
        points: of each curve.
        points_drawn: of all curves together while they are being computed.
        drawn: the finished curve; None where there is none.
        is_shown: a plot view shows a curve of the result.
        has_chart: there is one to show.
    """

    result: JudgedFacts = JudgedFacts()
    maps: tuple[DeletionMap, ...] = ()
    chosen: str = ""
    with_vesselness: bool = True
    points: int = 11
    points_drawn: int = 0
    drawn: DrawnCurve | None = None
    is_shown: bool = False
    has_chart: bool = False


@dataclass(frozen=True)
class DeletionUi:
    """What each control shows and allows; ``map`` is empty where nothing of the list is chosen.

    Args:
        percent: None where nobody knows how much is done.
        verdict: of the finished curve; empty where there is none.
        hint: why none can be drawn, or what a curve is.
    """

    maps: tuple[Option, ...]
    map: str
    choices_enabled: bool
    vesselness_enabled: bool
    start_enabled: bool
    start_text: str
    start_tooltip: str
    cancel_enabled: bool
    cancel_text: str
    progress_visible: bool
    percent: int | None
    progress_text: str
    verdict: str
    hint: str
    show_enabled: bool
    show_text: str


def deletion_ui(state: PanelState, facts: DeletionFacts, _: Translate = untranslated) -> DeletionUi:
    """What the part shows for ``state``."""
    progress = progress_ui(state, (DELETION,), _)
    obstacle = judge_obstacle(state, facts.result, _)
    chosen = chosen_map(facts)
    return DeletionUi(
        maps=tuple(Option(one.key, one.text, one.text) for one in facts.maps),
        map="" if chosen is None else chosen.key,
        choices_enabled=not state.is_busy and bool(facts.maps),
        vesselness_enabled=not state.is_busy and (chosen is None or chosen.baseline != _VESSELNESS),
        start_enabled=not state.is_busy and not obstacle and chosen is not None,
        start_text=start_text(state, _("Draw the curve"), _("draw"), _),
        start_tooltip=why_wait(state, _) or obstacle or _promise(facts, _),
        cancel_enabled=progress.cancel_enabled,
        cancel_text=progress.cancel_text,
        progress_visible=progress.visible,
        percent=progress.percent,
        progress_text=_with_points(progress.text, facts, _) if progress.visible else "",
        verdict="" if facts.drawn is None or progress.visible else f"{facts.drawn.map}: {facts.drawn.verdict}",
        hint=_hint(state, facts, progress.visible, obstacle, progress.message, _),
        show_enabled=facts.has_chart,
        show_text=_("Back to the chart before") if facts.is_shown else _("Show the curve"),
    )


def chosen_map(facts: DeletionFacts) -> DeletionMap | None:
    """The map that is chosen, or else the first; None where there is none."""
    return next((one for one in facts.maps if one.key == facts.chosen), facts.maps[0] if facts.maps else None)


def chosen_references(facts: DeletionFacts) -> tuple[str, ...]:
    """What is drawn beside the chosen map, and never the map itself."""
    chosen = chosen_map(facts)
    wanted = (_CHANCE, _VESSELNESS) if facts.with_vesselness else (_CHANCE,)
    return tuple(name for name in wanted if chosen is None or name != chosen.baseline)


def baseline_maps() -> tuple[DeletionMap, ...]:
    """The baselines that can take a map's place; chance is drawn beside every map anyway."""
    return tuple(
        DeletionMap(_BASELINE + name, title, baseline=name)
        for name, title in BASELINE_TITLES.items()
        if name != _CHANCE
    )


def _with_points(text: str, facts: DeletionFacts, _: Translate) -> str:
    """The progress, and how much of the curves is in sight."""
    if not facts.points_drawn:
        return text
    total = facts.points * (1 + len(chosen_references(facts)))
    points = _("{count} of {total} points").format(count=facts.points_drawn, total=total)
    first, *further = text.split("\n")
    return "\n".join([f"{first} - {points}", *further])


def _hint(state: PanelState, facts: DeletionFacts, is_drawing: bool, obstacle: str, message: str, _: Translate) -> str:
    if is_drawing:
        return ""
    if state.error and message:
        return message
    if state.is_busy or obstacle:
        return why_wait(state, _) or obstacle
    if facts.drawn is not None:
        return ""
    return _(
        "Removes the voxels that a map puts first and asks the network again. The earlier the score falls, the more of "
        "it depends on them."
    )


def _promise(facts: DeletionFacts, _: Translate) -> str:
    curves = 1 + len(chosen_references(facts))
    return _(
        "Segments the volume anew, then removes more and more of the map's voxels, up to five times as many as are "
        "explained, and takes the score again each time: {count} predictions at most, of the windows that change. The "
        "curve grows in a plot view while it is computed."
    ).format(count=1 + curves * (facts.points - 1))
