"""Explain what is clicked: a connected part, a vessel segment, or an error."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.click import ClickFacts, click_ui, inputs_at
from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.scene.result_view.nodes import VOLUME

from ..connections import connect
from .click_placement import ClickPlacement, Point
from .option_controls import chosen_key, show_choice
from .section import Section


class ClickSection(Section):
    """Waits for a click in a view and explains what was meant."""

    ui_file = "Click.ui"

    def __init__(self, panel: Any, ui_path: str) -> None:
        super().__init__(panel, ui_path)
        self._placement = ClickPlacement(
            lambda: self.panel.results.scene, lambda callback: self.panel.results.later(callback), self.on_clicked
        )

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.clickMeaningSelector, "currentIndexChanged(int)", self.on_meaning)
        connect(self.ui.clickButton, "clicked(bool)", self.on_button)

    def before_leaving(self) -> None:
        """See ``Section``."""
        self._placement.stop()

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, click_ui(state, self._facts(), _)
        show_choice(ui.clickMeaningSelector, shown.meanings, shown.meaning)
        ui.clickMeaningSelector.setEnabled(shown.meaning_enabled)
        ui.clickButton.setEnabled(shown.button_enabled)
        ui.clickButton.setChecked(shown.button_checked)
        ui.clickButton.setText(shown.button_text)
        ui.clickHintLabel.setText(shown.hint)
        ui.clickHintLabel.setVisible(bool(shown.hint))

    def on_meaning(self, index: int) -> None:
        """A click means something else."""
        self.panel.parameters.clickMeaning = chosen_key(self.ui.clickMeaningSelector)

    def on_button(self, checked: bool = False) -> None:
        """Wait for a click, or no longer."""
        if self._placement.is_waiting:
            self._placement.stop()
        else:
            self._placement.start()
        self.panel.refresh()

    def on_clicked(self, point: Point | None) -> None:
        """A view was clicked, or the user thought better of it."""
        if point is not None and self.panel.parameters is not None:
            self.panel.clear_log()
            self.panel.controller.run(inputs_at(self.panel.inputs(), self.panel.parameters.clickMeaning, point))
        self.panel.refresh()

    def _facts(self) -> ClickFacts:
        parameters, nodes = self.panel.parameters, self.panel.results.nodes
        return ClickFacts(
            meaning="" if parameters is None else parameters.clickMeaning,
            is_waiting=self._placement.is_waiting,
            shown_volume_id="" if nodes is None else nodes.get(VOLUME).GetID(),
        )
