"""A progress bar with what belongs to it, for sections that begin something of their own."""

from __future__ import annotations

from typing import Any

from UMambaXAILogic.interaction.panel.judge import ProgressUi

from .run_section import MESSAGE_STYLES
from .section import show_bar, write


def show_progress(ui: Any, name: str, shown: ProgressUi) -> None:
    """Copy how it goes on onto the controls that ``name`` begins, as "judge" in ``judgeProgressBar``.

    Args:
        ui: has a ``CancelButton``, a ``ProgressBar``, a ``ProgressLabel`` and a ``MessageLabel`` of that name.
    """
    cancel = getattr(ui, f"{name}CancelButton")
    message = getattr(ui, f"{name}MessageLabel")
    cancel.setVisible(shown.visible)
    cancel.setEnabled(shown.cancel_enabled)
    cancel.setText(shown.cancel_text)
    show_bar(getattr(ui, f"{name}ProgressBar"), shown.visible, shown.percent)
    write(getattr(ui, f"{name}ProgressLabel"), shown.text)
    write(message, shown.message)
    message.setStyleSheet(MESSAGE_STYLES[shown.message_kind])
