"""The run: one button that says what will happen, progress, cancel, and how it ended."""

from __future__ import annotations

from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.run import ERROR, INFORMATION, SUCCESS, run_ui
from UMambaXAILogic.interaction.panel.state import PanelState

from ..connections import connect
from .section import Section, show_bar

#: Readable on Slicer's light and dark style alike; information keeps the style's own text colour.
MESSAGE_STYLES = {
    INFORMATION: "",
    SUCCESS: "color: #2e8b57;",
    ERROR: "color: #d0342c;",
}


class RunSection(Section):
    """Starts and stops, and shows what happens."""

    ui_file = "Run.ui"

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.runButton, "clicked(bool)", self.on_run)
        connect(self.ui.cancelButton, "clicked(bool)", self.on_cancel)

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, run_ui(state, _)
        ui.runButton.setEnabled(shown.run_enabled)
        ui.runButton.setText(shown.run_text)
        ui.runButton.setToolTip(shown.run_tooltip)
        ui.cancelButton.setEnabled(shown.cancel_enabled)
        ui.cancelButton.setText(shown.cancel_text)
        show_bar(ui.progressBar, shown.progress_visible, shown.progress_percent)
        ui.progressLabel.setVisible(shown.progress_visible)
        ui.progressLabel.setText(shown.progress_text)
        ui.messageLabel.setVisible(bool(shown.message))
        ui.messageLabel.setText(shown.message)
        ui.messageLabel.setStyleSheet(MESSAGE_STYLES[shown.message_kind])
        ui.warningLabel.setVisible(bool(shown.warning))
        ui.warningLabel.setText(shown.warning)

    def on_parameters_modified(self) -> None:
        """Something else may have been chosen."""
        self.panel.controller.follow(self.panel.inputs())

    def on_run(self, checked: bool = False) -> None:
        """Segment & Explain."""
        self.panel.clear_log()
        self.panel.controller.run(self.panel.inputs())

    def on_cancel(self, checked: bool = False) -> None:
        """Stop what runs."""
        self.panel.controller.cancel()
