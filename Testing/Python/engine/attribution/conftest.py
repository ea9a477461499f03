"""A reporter that remembers."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.progress import Reporter


class Listener(Reporter):
    """Remembers what it hears."""

    def __init__(self, cancel_after: int | None = None) -> None:
        super().__init__()
        self.codes: list[str] = []
        self.fractions: list[float] = []
        self.announced: list[str] = []
        self._left = cancel_after

    def progress(self, fraction: float) -> None:
        self.fractions.append(fraction)

    def warning(self, code: str, message: str) -> None:
        self.codes.append(code)

    def announce(self, text: str) -> None:
        self.announced.append(text)

    def check_cancelled(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                from UMambaXAILogic.engine.errors import CancelledError

                raise CancelledError()


@pytest.fixture
def make_listener() -> type[Listener]:
    return Listener
