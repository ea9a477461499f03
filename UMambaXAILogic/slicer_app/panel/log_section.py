"""What the worker wrote, for whoever wants to know more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from UMambaXAILogic.interaction.panel.pace import Pace

from ..event_loop import call_later
from .section import Section

if TYPE_CHECKING:
    from .panel import Panel


class LogSection(Section):
    """Shows lines."""

    ui_file = "Log.ui"

    def __init__(self, panel: Panel, ui_path: str) -> None:
        super().__init__(panel, ui_path)
        self._lines: list[str] = []
        self._pace = Pace(self._show_lines, call_later)

    def add(self, line: str) -> None:
        """One line more."""
        self._lines.append(line)
        self._pace.ask()

    def clear(self) -> None:
        """Begin anew."""
        self._lines.clear()
        self.ui.logText.clear()

    def _show_lines(self) -> None:
        if self._lines and self.widget:  # falsy once Qt has destroyed it
            self.ui.logText.appendPlainText("\n".join(self._lines))
        self._lines.clear()
