"""What a run really takes, stage by stage: looked at now and then, for comparison with the plan."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType

from .heap import give_back

_INTERVAL_S = 0.05
_MIB = 2**20


class MemoryWatch:
    """Looks at this process's main memory twenty times a second while it is the context.

    Pages of files that are mapped into memory do not count: the system takes them back when it needs room. A peak that
    lasts less than a twentieth of a second may be missed.

    Args:
        stage: tells the stage that runs; None between stages.

    Attributes:
        host: stage -> bytes above what the process had when the watch began.
    """

    def __init__(self, stage: Callable[[], str | None]) -> None:
        self._stage = stage
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="memory watch", daemon=True)
        self.begin()

    def begin(self) -> None:
        """Forget what was seen: what the process has now is what the rest is measured from."""
        import torch

        give_back()
        self._before = own_bytes()
        self._device_before = 0
        if torch.cuda.is_initialized():  # by the model; a run on the CPU leaves GPUs alone
            torch.cuda.reset_peak_memory_stats()
            self._device_before = torch.cuda.memory_allocated()
        self.host: dict[str, int] = {}

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    @property
    def host_peak_mb(self) -> float | None:
        """The largest so far, MiB; None where nothing was seen yet."""
        return max(self.by_stage_mb().values(), default=None)

    @property
    def device_peak_mb(self) -> float | None:
        """The same of the CUDA device that torch uses now; None where it uses none."""
        import torch

        if not torch.cuda.is_initialized():
            return None
        return round((torch.cuda.max_memory_allocated() - self._device_before) / _MIB, 1)

    def by_stage_mb(self) -> dict[str, float]:
        """The largest of each stage so far, MiB."""
        return {stage: round(size / _MIB, 1) for stage, size in dict(self.host).items()}

    def _look_on(self) -> None:
        while not self._end.wait(_INTERVAL_S):
            stage = self._stage()
            if stage is not None:
                self.host[stage] = max(self.host.get(stage, 0), own_bytes() - self._before)


def own_bytes() -> int:
    """Main memory of this process without the pages of mapped files, where the system tells them apart."""
    if sys.platform.startswith("linux"):
        with open("/proc/self/statm") as file:
            _, resident, shared, *_ = map(int, file.read().split())
        return (resident - shared) * _page_bytes()
    import psutil

    information = psutil.Process().memory_info()
    return getattr(information, "private", information.rss)


def _page_bytes() -> int:
    import resource

    return resource.getpagesize()
