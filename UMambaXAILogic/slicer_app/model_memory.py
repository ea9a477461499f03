"""The models that this user chose before, kept in the application's settings."""

from __future__ import annotations

import os

import qt

from UMambaXAILogic.interaction.panel.remembered_models import RememberedModel, from_text, remembered, to_text

#: One text: lists of one come back from QSettings as something else.
MODELS_SETTING = "UMambaXAI/Models"


class ModelMemory:
    """Remembers models over sessions, the latest first."""

    def models(self) -> tuple[RememberedModel, ...]:
        """All that are remembered."""
        return from_text(str(qt.QSettings().value(MODELS_SETTING, "") or ""))

    def missing(self) -> frozenset[str]:
        """Paths of those that are not there any more. Looks at the disk."""
        return frozenset(model.path for model in self.models() if not os.path.exists(model.path))

    def remember(self, path: str, title: str) -> None:
        """A model was chosen and can be used."""
        qt.QSettings().setValue(MODELS_SETTING, to_text(remembered(self.models(), path, title)))
