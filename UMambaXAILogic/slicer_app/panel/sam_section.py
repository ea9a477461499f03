"""Prompt a SAM or MedSAM of the user's own with the chosen region or ground truth."""

from __future__ import annotations

from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.activities import SAM
from UMambaXAILogic.interaction.panel.judge import progress_ui
from UMambaXAILogic.interaction.panel.sam import sam_ui
from UMambaXAILogic.interaction.panel.state import PanelState

from ..connections import connect
from .progress_controls import show_progress
from .section import Section, write


class SamSection(Section):
    """Starts a SAM on the chosen volume."""

    ui_file = "Sam.ui"

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.browseSamCheckpointButton, "clicked(bool)", self.on_browse)
        connect(self.ui.samButton, "clicked(bool)", self.on_prompt)
        connect(self.ui.samCancelButton, "clicked(bool)", self.on_cancel)

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, sam_ui(state, _)
        ui.samButton.setEnabled(shown.enabled)
        ui.samButton.setToolTip(shown.tooltip)
        ui.samCheckpointEdit.setEnabled(shown.inputs_enabled)
        ui.browseSamCheckpointButton.setEnabled(shown.inputs_enabled)
        write(ui.samHintLabel, shown.hint)
        show_progress(ui, "sam", progress_ui(state, (SAM,), _))

    def on_browse(self, checked: bool = False) -> None:
        """Choose the checkpoint on disk."""
        path = self.panel.dialogs.choose_sam_checkpoint(self.panel.parameters.samCheckpoint)
        if path:
            self.panel.parameters.samCheckpoint = path

    def on_prompt(self, checked: bool = False) -> None:
        """Prompt every slice, and map."""
        self.panel.clear_log()
        self.panel.controller.begin(SAM, self.panel.inputs())

    def on_cancel(self, checked: bool = False) -> None:
        """Stop what runs."""
        self.panel.controller.cancel()
