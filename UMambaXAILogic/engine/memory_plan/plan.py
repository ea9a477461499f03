"""What is planned for one case: how windows are computed, where large arrays lie, and what that should take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import Place
from .run_memory import RunMemory
from .watch import MemoryWatch

_MIB, _GIB = 2**20, 2**30


@dataclass(frozen=True)
class MemoryPlan:
    """A way to compute a case that should fit.

    Args:
        batch: windows at a time.
        recompute: inner activations are computed again for gradients.
        logits, maps: where stitched logits and the layers' maps lie while they are added up.
        host: stage -> bytes of main memory beside the loaded model, at most.
        device: the same of the GPU; empty on the CPU.
        host_limit: bytes that may be planned with.
        device_limit: the same of the GPU; None on the CPU.
    """

    batch: int
    recompute: bool
    logits: Place
    maps: Place
    host: dict[str, int]
    device: dict[str, int]
    host_limit: int
    device_limit: int | None

    @property
    def host_peak(self) -> int:
        """Bytes of main memory at the worst moment."""
        return max(self.host.values())

    @property
    def device_peak(self) -> int | None:
        """Bytes of the GPU's memory at the worst moment; None on the CPU."""
        return max(self.device.values()) if self.device else None

    def fits(self) -> bool:
        """Whether it stays within what may be planned with."""
        device = self.device_peak
        return self.host_peak <= self.host_limit and (
            device is None or self.device_limit is None or device <= self.device_limit
        )

    def run_memory(self, scratch: Path | None) -> RunMemory:
        """For the computation; ``scratch`` is a folder for files, None the system's."""
        return RunMemory(
            batch=self.batch,
            recompute=self.recompute,
            logits=self.logits,
            maps=self.maps,
            spare_bytes=self.host_limit - self.host_peak,
            scratch=scratch,
        )

    def words(self) -> str:
        """One line for log and terminal."""
        stage = max(self.host, key=lambda name: self.host[name])
        limit = f"{gigabytes(self.host_limit)} may be used"
        parts = [f"about {gigabytes(self.host_peak)} of main memory (in stage {stage}; {limit})"]
        if self.device_peak is not None:
            room = "" if self.device_limit is None else f" ({gigabytes(self.device_limit)} may be used)"
            parts.append(f"{gigabytes(self.device_peak)} of the GPU's{room}")
        how = [f"{self.batch} window{'s' if self.batch > 1 else ''} at a time"]
        if self.recompute:
            how.append("inner activations computed twice")
        if self.logits is self.maps:
            how.append(f"sums over windows {_WHERE[self.logits]}")
        else:
            how.append(f"logits {_WHERE[self.logits]}, maps {_WHERE[self.maps]}")
        return f"Memory planned beside the model: {' and '.join(parts)}; {', '.join(how)}."

    def fields(self, watch: MemoryWatch) -> dict[str, Any]:
        """``memory`` of metrics.json, in MiB beside the loaded model; ``watch`` saw what the run really took."""
        return {
            "window_batch": self.batch,
            "recompute": self.recompute,
            "placement": {"logits": str(self.logits), "maps": str(self.maps)},
            "limit_mb": {"host": _mebibytes(self.host_limit), "device": _mebibytes(self.device_limit)},
            "predicted_mb": {"host": _mebibytes(self.host_peak), "device": _mebibytes(self.device_peak)},
            "measured_mb": {"host": watch.host_peak_mb, "device": watch.device_peak_mb},
            "host_mb_by_stage": {
                "predicted": {stage: _mebibytes(size) for stage, size in self.host.items()},
                "measured": watch.by_stage_mb(),
            },
        }


_WHERE = {Place.DEVICE: "on the GPU", Place.HOST: "in main memory", Place.FILE: "in temporary files"}


def gigabytes(size: float) -> str:
    """For people."""
    return f"{size / _GIB:.3g} GB"


def _mebibytes(size: int | None) -> float | None:
    return None if size is None else round(size / _MIB, 1)
