"""What the worker says: whole JSON lines on a stream that nothing else can reach.

Only the standard library is imported here: this runs before anything else in the worker. The fields of each message
are listed in ``UMambaXAILogic.interaction.protocol``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from ..errors import CancelledError
from ..progress import Reporter

PROTOCOL_VERSION = 1
_LOCK_S = 0.2
_PROGRESS_PERIOD_S = 0.1


class MessageWriter:
    """Writes one JSON object a line, whole lines only, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def say(self, kind: str, **fields: Any) -> None:
        """Send ``{"v": 1, "type": kind, **fields}``.

        Raises:
            CancelledError: nobody reads any more.
        """
        line = json.dumps({"v": PROTOCOL_VERSION, "type": kind, **fields}, allow_nan=False).encode() + b"\n"
        if not self._lock.acquire(timeout=_LOCK_S if kind == "error" else -1):
            return  # another thread is stuck on a full pipe: an error line in the middle of its line helps nobody
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except BrokenPipeError:
            raise CancelledError("Cancelled: nobody reads the worker's output any more.") from None
        finally:
            self._lock.release()


class MessageReporter(Reporter):
    """Passes progress on as messages, at most ten times a second."""

    def __init__(self, writer: MessageWriter, cancelled: threading.Event) -> None:
        super().__init__(cancelled.is_set)
        self._writer = writer
        self._stage = ""
        self._last_progress_s = 0.0

    def stage(self, name: str) -> None:
        """See ``Reporter.stage``."""
        self._stage = name
        self._last_progress_s = 0.0
        self._writer.say("stage", name=name)

    def progress(self, fraction: float) -> None:
        """See ``Reporter.progress``."""
        now = time.monotonic()
        if fraction >= 1.0 or now - self._last_progress_s >= _PROGRESS_PERIOD_S:
            self._last_progress_s = now
            self._writer.say("progress", stage=self._stage, fraction=min(max(float(fraction), 0.0), 1.0))

    def cases(self, done: int, failed: int, total: int, seconds_left: float | None) -> None:
        """See ``Reporter.cases``."""
        self._writer.say("cases", done=done, failed=failed, total=total, seconds_left=seconds_left)

    def point(self, curve: str, values: Mapping[str, float | None]) -> None:
        """See ``Reporter.point``."""
        self._writer.say("point", curve=curve, values=dict(values))

    def warning(self, code: str, message: str) -> None:
        """See ``Reporter.warning``."""
        self._writer.say("warning", code=code, message=message)

    def announce(self, text: str) -> None:
        """See ``Reporter.announce``. Lines of standard error belong to the log."""
        print(text, file=sys.stderr, flush=True)

    def device(self, facts: Mapping[str, Any]) -> None:
        """See ``Reporter.device``."""
        self._writer.say("device", **facts)
