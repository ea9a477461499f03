"""The door for a terminal: ``umamba-xai`` or ``python -m UMambaXAILogic.cli``."""

from __future__ import annotations

from .main import main

__all__ = ["main"]
