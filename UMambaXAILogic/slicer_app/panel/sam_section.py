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
        connect(self.ui.browseSamFileButton, "clicked(bool)", self.on_browse_file)
        connect(self.ui.browseSamFolderButton, "clicked(bool)", self.on_browse_folder)
        connect(self.ui.samButton, "clicked(bool)", self.on_prompt)
        connect(self.ui.samCancelButton, "clicked(bool)", self.on_cancel)

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, sam_ui(state, _)
        ui.samButton.setEnabled(shown.enabled)
        ui.samButton.setToolTip(shown.tooltip)
        for control in (ui.samCheckpointEdit, ui.browseSamFileButton, ui.browseSamFolderButton):
            control.setEnabled(shown.inputs_enabled)
        write(ui.samHintLabel, shown.hint)
        show_progress(ui, "sam", progress_ui(state, (SAM,), _))

    def on_browse_file(self, checked: bool = False) -> None:
        """Choose a published checkpoint on disk."""
        self._take(self.panel.dialogs.choose_sam_file(self.panel.parameters.samCheckpoint))

    def on_browse_folder(self, checked: bool = False) -> None:
        """Choose a folder that transformers wrote."""
        self._take(self.panel.dialogs.choose_sam_folder(self.panel.parameters.samCheckpoint))

    def _take(self, path: str) -> None:
        if path:  # else they changed their mind
            self.panel.parameters.samCheckpoint = path

    def on_prompt(self, checked: bool = False) -> None:
        """Prompt every slice, and map."""
        self.panel.clear_log()
        self.panel.controller.begin(SAM, self.panel.inputs())

    def on_cancel(self, checked: bool = False) -> None:
        """Stop what runs."""
        self.panel.controller.cancel()
