"""What the worker wrote, for whoever wants to know more."""

from __future__ import annotations

from .section import Section


class LogSection(Section):
    """Shows lines."""

    ui_file = "Log.ui"

    def add(self, line: str) -> None:
        """One line more."""
        self.ui.logText.appendPlainText(line)

    def clear(self) -> None:
        """Begin anew."""
        self.ui.logText.clear()
