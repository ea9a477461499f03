"""Two maps side by side: which, how far they agree, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.interaction.panel.comparison import (
    ComparisonFacts,
    ComparisonNumbers,
    ComparisonUi,
    MapFacts,
    comparison_ui,
)
from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.scene.comparison.comparison import Comparison, comparison_in_pieces, find_comparisons
from UMambaXAILogic.scene.comparison.maps import MapChoice, map_choices
from UMambaXAILogic.scene.comparison.views import (
    is_side_by_side,
    leave_side_by_side,
    place_views,
    show_side_by_side,
)
from UMambaXAILogic.scene.result_view import Showing, find_results
from UMambaXAILogic.scene.result_view.nodes import SEGMENTATION, VOLUME
from UMambaXAILogic.scene.sequence_frame import name_without_frame

from ..connections import connect
from .option_controls import chosen_key, show_choice
from .section import Section


class ComparisonSection(Section):
    """Compares two maps of the scene's results."""

    ui_file = "Comparison.ui"

    def __init__(self, panel: Any, ui_path: str) -> None:
        super().__init__(panel, ui_path)
        self._showing = Showing(lambda _seconds, callback: self.panel.results.later(callback))
        self._first = self._second = ""

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.firstMapSelector, "currentIndexChanged(int)", self.on_first)
        connect(self.ui.secondMapSelector, "currentIndexChanged(int)", self.on_second)
        connect(self.ui.compareButton, "clicked(bool)", self.on_compare)
        connect(self.ui.compareBackButton, "clicked(bool)", self.on_back)

    def after_binding(self, parameters: Any) -> None:
        """Be about what the scene was saved with."""
        self._first = self._second = ""
        found = find_comparisons(self.panel.results.scene)
        if found:
            self._first, self._second = (_key(choice) for choice in found[-1].choices)

    def before_leaving(self) -> None:
        """See ``Section``."""
        self._showing.stop()

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, self._shown()
        show_choice(ui.firstMapSelector, shown.first_maps, shown.first)
        show_choice(ui.secondMapSelector, shown.second_maps, shown.second)
        for control in (ui.firstMapSelector, ui.secondMapSelector):
            control.setEnabled(shown.choices_enabled)
        ui.compareButton.setEnabled(shown.compare_enabled)
        ui.compareBackButton.setEnabled(shown.back_enabled)
        for label, text in ((ui.compareHintLabel, shown.hint), (ui.compareNumbersLabel, shown.numbers)):
            label.setVisible(bool(text))
            label.setText(text)

    def on_first(self, index: int) -> None:
        """Another A."""
        self._first = chosen_key(self.ui.firstMapSelector)
        self.panel.refresh()

    def on_second(self, index: int) -> None:
        """Another B."""
        self._second = chosen_key(self.ui.secondMapSelector)
        self.panel.refresh()

    def on_compare(self, checked: bool = False) -> None:
        """Compare, then show side by side."""
        shown, choices = self._shown(), self._choices()
        self._first, self._second = shown.first, shown.second
        steps = _ComparisonSteps(choices[shown.first], choices[shown.second], self.panel.parameters.threshold)
        self.panel.attempt(lambda: self._showing.start(steps, self._on_end))
        self.panel.refresh()

    def on_back(self, checked: bool = False) -> None:
        """The layout before."""
        leave_side_by_side(self.panel.results.scene)
        self.panel.refresh()

    def _on_end(self, error: UMambaXAIError | None) -> None:
        if error is not None:
            self.panel.controller.report(error)
        self.panel.results.later(self._fit)
        self.panel.refresh()

    def _fit(self) -> None:
        """Views have their size only when the event loop has turned; the panel may be gone by then."""
        if self.panel.parameters is None:
            return
        found = find_comparisons(self.panel.results.scene)
        if found and is_side_by_side(self.panel.results.scene):
            place_views(found[-1])

    def _shown(self) -> ComparisonUi:
        return comparison_ui(self._facts(), _)

    def _facts(self) -> ComparisonFacts:
        scene = self.panel.results.scene
        found = find_comparisons(scene)
        return ComparisonFacts(
            maps=tuple(
                MapFacts(key, choice.nodes.get(VOLUME).GetID(), _name(choice))
                for key, choice in self._choices().items()
            ),
            first=self._first,
            second=self._second,
            compared=tuple(_key(choice) for choice in found[-1].choices) if found else None,
            numbers=_numbers(found[-1]) if found else None,
            is_comparing=self._showing.is_running,
            is_shown=is_side_by_side(scene),
        )

    def _choices(self) -> dict[str, MapChoice]:
        whole = [
            nodes for nodes in find_results(self.panel.results.scene) if nodes.get(VOLUME) and nodes.get(SEGMENTATION)
        ]
        return {_key(choice): choice for nodes in whole for choice in map_choices(nodes)}


class _ComparisonSteps:
    """A comparison in steps that ``Showing`` takes."""

    def __init__(self, first: MapChoice, second: MapChoice, threshold: float) -> None:
        self.nodes = first.nodes
        self._choices, self._threshold = (first, second), threshold

    def steps(self) -> Iterator[None]:
        """Compare and show."""
        comparison = yield from comparison_in_pieces(*self._choices, self._threshold)
        yield
        show_side_by_side(comparison)


def _key(choice: MapChoice) -> str:
    return f"{choice.nodes.record.GetID()} {choice.layer}"


def _name(choice: MapChoice) -> str:
    return f"{choice.name} ({name_without_frame(choice.nodes.get(VOLUME))})"


def _numbers(comparison: Comparison) -> ComparisonNumbers:
    agreement = comparison.agreement
    return ComparisonNumbers(**{one.name: getattr(agreement, one.name) for one in fields(ComparisonNumbers)})
