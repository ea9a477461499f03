"""What is kept of a run beside its results: warnings, seconds per stage, log lines, peak memory."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..progress import Reporter

#: Stages whose seconds metrics.json names; the others are reported beside them.
_NAMED_STAGES = ("read", "preprocess", "segment", "explain", "metrics")


class CaseRecord(Reporter):
    """Passes everything on to the door's reporter and remembers it."""

    def __init__(self, listener: Reporter) -> None:
        super().__init__()
        self._listener = listener
        self._started = time.perf_counter()
        self._stage: tuple[str, float] | None = None
        self._seconds: dict[str, float] = dict.fromkeys(_NAMED_STAGES, 0.0)
        self.warnings: list[dict[str, str]] = []
        self.lines: list[str] = []

    @property
    def current_stage(self) -> str | None:
        """The stage that runs; None before the first and after the last."""
        return None if self._stage is None else self._stage[0]

    def stage(self, name: str) -> None:
        self.check_cancelled()
        if self._stage is not None and self._stage[0] == name:
            return
        self._end_stage()
        self._stage = (name, time.perf_counter())
        self.note(f"stage {name}")
        self._listener.stage(name)

    def progress(self, fraction: float) -> None:
        self._listener.progress(fraction)

    def point(self, curve: str, values: Mapping[str, float | None]) -> None:
        self._listener.point(curve, values)

    def announce(self, text: str) -> None:
        self.note(text)
        self._listener.announce(text)

    def warning(self, code: str, message: str) -> None:
        warning = {"code": code, "message": message}
        if warning in self.warnings:
            return
        self.warnings.append(warning)
        self.note(f"warning {code}: {message}")
        self._listener.warning(code, message)

    def device(self, facts: Mapping[str, Any]) -> None:
        self.note("device " + ", ".join(f"{key}: {value}" for key, value in facts.items()))
        self._listener.device(facts)

    def check_cancelled(self) -> None:
        self._listener.check_cancelled()

    def note(self, line: str) -> None:
        """Add a line to log.txt, with the seconds since the start."""
        self.lines.append(f"{time.perf_counter() - self._started:8.2f} s  {line}")

    def timing(self) -> dict[str, float]:
        """Seconds per stage and in total, so far."""
        self._end_stage()
        seconds = {name: round(value, 3) for name, value in self._seconds.items()}
        return {**seconds, "total": round(time.perf_counter() - self._started, 3)}

    def _end_stage(self) -> None:
        if self._stage is not None:
            name, since = self._stage
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - since
            self._stage = None


def restart_peak_memory() -> None:
    """Let ``peak_memory_mb`` forget what came before; on the host this is possible on Linux only."""
    import torch

    if torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
    with contextlib.suppress(OSError):  # no such file, or not ours to write: the peak is that of the process so far
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mb(device_type: str) -> dict[str, float | None]:
    """Largest memory of this process so far on the host, and of torch on the CUDA device (MiB)."""
    import torch

    device = torch.cuda.max_memory_allocated() / 2**20 if device_type == "cuda" else None
    return {"host": round(_peak_host_bytes() / 2**20, 1), "device": None if device is None else round(device, 1)}


def _peak_host_bytes() -> int:
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
