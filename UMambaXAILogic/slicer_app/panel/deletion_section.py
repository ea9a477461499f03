"""Does the score depend on what a map puts first? Draws the map's deletion curve while it is computed."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.activities import DELETION
from UMambaXAILogic.interaction.panel.deletion import deletion_ui
from UMambaXAILogic.interaction.panel.state import PanelState

from ..connections import connect
from .deletion_drawing import key_of_kept
from .option_controls import chosen_key, show_choice
from .parameters import present
from .section import Section, show_bar, write


class DeletionSection(Section):
    """Chooses the map, starts and stops, and says what the curve means."""

    ui_file = "Deletion.ui"

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.deletionMapSelector, "currentIndexChanged(int)", self.on_map)
        connect(self.ui.deletionButton, "clicked(bool)", self.on_start)
        connect(self.ui.deletionCancelButton, "clicked(bool)", self.on_cancel)
        connect(self.ui.deletionShowButton, "clicked(bool)", self.on_show)

    def before_leaving(self) -> None:
        """See ``Section``."""
        self.panel.deletion.forget()

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        self._take_choices()
        ui, shown = self.ui, deletion_ui(state, self.panel.deletion.facts(), _)
        show_choice(ui.deletionMapSelector, shown.maps, shown.map)
        for control in (ui.deletionMapSelector, ui.deletionPointsSpinBox):
            control.setEnabled(shown.choices_enabled)
        ui.deletionVesselnessCheckBox.setEnabled(shown.vesselness_enabled)
        ui.deletionButton.setEnabled(shown.start_enabled)
        ui.deletionButton.setText(shown.start_text)
        ui.deletionButton.setToolTip(shown.start_tooltip)
        ui.deletionCancelButton.setEnabled(shown.cancel_enabled)
        ui.deletionCancelButton.setText(shown.cancel_text)
        show_bar(ui.deletionProgressBar, shown.progress_visible, shown.percent)
        ui.deletionShowButton.setEnabled(shown.show_enabled)
        ui.deletionShowButton.setText(shown.show_text)
        for label, text in (
            (ui.deletionProgressLabel, shown.progress_text),
            (ui.deletionVerdictLabel, shown.verdict),
            (ui.deletionHintLabel, shown.hint),
        ):
            write(label, text)

    def on_map(self, index: int) -> None:
        """Another map."""
        parameters: Any = self.panel.parameters
        kept = self.panel.deletion.kept(chosen_key(self.ui.deletionMapSelector))
        parameters.deletionOf, parameters.deletionMap = kept

    def on_start(self, checked: bool = False) -> None:
        """Draw the curve."""
        self.panel.clear_log()
        self.panel.controller.begin(DELETION, self.panel.inputs())

    def on_cancel(self, checked: bool = False) -> None:
        """Stop what runs."""
        self.panel.controller.cancel()

    def on_show(self, checked: bool = False) -> None:
        """The curve into a plot view, or back to what that showed."""
        deletion = self.panel.deletion
        self.panel.attempt(deletion.hide if deletion.facts().is_shown else deletion.show)
        self.panel.refresh()

    def _take_choices(self) -> None:
        chosen: Any = self.panel.parameters
        if chosen is not None:
            self.panel.deletion.chosen = key_of_kept(present(chosen.deletionOf), chosen.deletionMap)
            self.panel.deletion.points = chosen.deletionPoints
            self.panel.deletion.with_vesselness = chosen.deletionVesselness
