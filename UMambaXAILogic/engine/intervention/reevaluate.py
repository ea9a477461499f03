"""Change the input, keep M, and ask what S becomes: exactly, at the cost of the windows that the change touches.

Exactly: S of the stitched logits of the changed input, as a whole prediction would give it in float32. Windows that
the change does not touch, or that hold no voxel that is scored, keep their logits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from ..inference.explanation import Explained
from ..inference.target import TargetScore
from ..inference.windows import Window
from ..memory_plan.out_of_memory import Found
from ..progress import Reporter
from .window_cache import WatchedWindows, WindowCache, WindowParts


@dataclass(frozen=True)
class Change:
    """Other values in a box of the input.

    Args:
        box: slices of the padded network grid (z, y, x), with start and stop.
        values: (channels, ...) of the box's shape; voxels of the box that do not change keep their values.
    """

    box: tuple[slice, ...]
    values: torch.Tensor


@dataclass(frozen=True)
class WatchedScore:
    """A score and the voxels over which it is summed, both frozen.

    Args:
        mask: bool (z, y, x), padded network grid.
        score: of the stitched logits.
    """

    mask: torch.Tensor
    score: TargetScore


class Intervention:
    """Scores of one case under changes of its input.

    Args:
        case: what is explained.
        reporter: asked before each forward pass of the network whether to stop; warned where memory runs out.
        scores: what is watched; the case's S on its M where nothing is given.
        on_pass: told of each forward pass before it begins; None: nobody is.

    Attributes:
        changes: that were scored.
        evaluated_windows: for them, each with ``passes_per_window`` forward passes.
    """

    def __init__(
        self,
        case: Explained,
        reporter: Reporter,
        scores: Sequence[WatchedScore] = (),
        on_pass: Callable[[], None] | None = None,
    ) -> None:
        scores = scores or (WatchedScore(case.mask, case.score),)
        watched = torch.zeros_like(scores[0].mask)
        for entry in scores:
            watched |= entry.mask
        self._case = case
        self._scores = [(entry.score, entry.mask[watched]) for entry in scores]
        self._reporter = reporter
        self._windows = WatchedWindows(case, watched, reporter, on_pass)
        self.changes = 0
        self.evaluated_windows = 0

    @cached_property
    def original(self) -> tuple[float, ...]:
        """The scores of the unchanged input."""
        cache, everywhere = self._cache, torch.ones(self._windows.voxels, dtype=torch.bool)
        return self._until_it_fits(lambda: self._sums(cache.stitched, everywhere))

    @cached_property
    def _cache(self) -> WindowCache:
        return WindowCache(self._windows, self._case.data)

    @property
    def forward_passes(self) -> int:
        """Of the network so far, those over the unchanged input included."""
        return self._windows.forward_passes

    @property
    def passes_per_window(self) -> int:
        """Mirrors times folds."""
        return self._windows.passes_per_window

    @property
    def watched_windows(self) -> int:
        """Windows that hold a voxel that is scored."""
        return len(self._windows.windows)

    def touched(self, box: Sequence[slice]) -> list[int]:
        """Numbers of the watched windows that a change in ``box`` can touch."""
        return [number for number, window in enumerate(self._windows.windows) if _overlap(window, box) is not None]

    def expected_passes(self, boxes: Iterable[Sequence[slice]]) -> int:
        """Forward passes, at most, of changes in these boxes, those over the unchanged input included."""
        windows = self.watched_windows + sum(len(self.touched(box)) for box in boxes)
        return windows * self.passes_per_window

    def score(self, change: Change) -> float:
        """The first of ``scores``."""
        return self.scores(change)[0]

    def scores(self, change: Change) -> tuple[float, ...]:
        """All watched scores of the changed input, in float64.

        Raises:
            MemoryExhaustedError: memory ran out, and nothing was left to save.
            CancelledError: the user cancelled.
        """
        windows, cache, fitting = self._windows, self._cache, self._until_it_fits
        numbers = fitting(lambda: [number for number in self.touched(change.box) if self._changes(number, change)])
        differences = WindowParts(windows, numbers, self._case.data.dtype)
        for number in numbers:
            differences[number].sub_(cache.parts[number])
        for number, part in windows.parts(numbers, lambda n: self._changed_patch(n, change)):
            differences[number].add_(part)
        changed = windows.memory.unplanned(cache.stitched.shape, cache.stitched.dtype)
        changed.tensor.copy_(cache.stitched)
        seen = torch.zeros(windows.voxels, dtype=torch.bool)
        for number in numbers:
            positions = windows.positions(number)
            changed.tensor[:, positions] += differences[number]
            seen[positions] = True
        self.changes += 1
        self.evaluated_windows += len(numbers)
        before = fitting(lambda: self._sums(cache.stitched, seen))
        after = fitting(lambda: self._sums(changed.tensor, seen))
        return tuple(was + new - old for was, new, old in zip(self.original, after, before, strict=True))

    def _until_it_fits(self, compute: Callable[[], Found]) -> Found:
        return self._windows.memory.until_it_fits(compute, self._reporter)

    def _changes(self, number: int, change: Change) -> bool:
        """Whether the window shows something else after the change; boxes may hold voxels that do not change."""
        return not torch.equal(self._changed_patch(number, change), self._patch(number))

    def _changed_patch(self, number: int, change: Change) -> torch.Tensor:
        patch = self._patch(number).clone()
        overlap = _overlap(self._windows.windows[number], change.box)
        assert overlap is not None
        in_window, in_box = overlap
        patch[(slice(None), *in_window)] = change.values[(slice(None), *in_box)]
        return patch

    def _patch(self, number: int) -> torch.Tensor:
        return self._case.data[(slice(None), *self._windows.windows[number])]

    def _sums(self, stitched: torch.Tensor, where: torch.Tensor) -> tuple[float, ...]:
        """Every score summed over those of its voxels that are in ``where``."""
        return tuple(float(score.density(stitched[:, where & member].double()).sum()) for score, member in self._scores)


def _overlap(window: Window, box: Sequence[slice]) -> tuple[tuple[slice, ...], tuple[int | slice, ...]] | None:
    """The common part in the window's frame and in the box's; None where there is none."""
    in_window: list[slice] = []
    in_box: list[int | slice] = []
    for axis, part in zip(window, box, strict=True):
        if isinstance(axis, int):  # a 2-D window has no such axis
            if not part.start <= axis < part.stop:
                return None
            in_box.append(axis - part.start)
            continue
        start, stop = max(axis.start, part.start), min(axis.stop, part.stop)
        if start >= stop:
            return None
        in_window.append(slice(start - axis.start, stop - axis.start))
        in_box.append(slice(start - part.start, stop - part.start))
    return tuple(in_window), tuple(in_box)
