"""What windows say at the voxels that a score looks at: forward passes of these windows alone, kept there alone.

A score reads the stitched logits Z(v) = sum_w g_w(v) z_w(v) / sum_w g_w(v) at few voxels: vessels fill less than a
percent of a volume. So only windows that hold such a voxel are ever evaluated again, and of each window's logits only
those at these voxels are kept, times g_w / sum g: a window's part of the stitched logits, averaged over mirrors and
folds as in the prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from ..inference.explanation import Explained, full_precision
from ..inference.windows import Window, importance_map, importance_sum, mirror_branches


class WatchedWindows:
    """The windows that hold watched voxels, as functions of what they are shown.

    Args:
        case: gives model, windows and mirrors.
        watched: bool (z, y, x), padded network grid.
        before_pass: called before each forward pass; raises ``CancelledError`` to stop.

    Attributes:
        windows: in plan order.
        voxels: how many are watched.
        heads: of the network.
        forward_passes: so far, mirrors and folds counted.
        memory: of the case: where arrays lie.
    """

    def __init__(self, case: Explained, watched: torch.Tensor, before_pass: Callable[[], None]) -> None:
        self.windows: tuple[Window, ...] = tuple(case.plan.touching(watched))
        self.voxels = int(watched.sum())
        self.heads = case.logits.shape[0]
        self.forward_passes = 0
        self.memory = case.memory
        self._case = case
        self._before_pass = before_pass
        self._index = torch.full(watched.shape, -1, dtype=torch.int32)
        self._index[watched] = torch.arange(self.voxels, dtype=torch.int32)
        importance = importance_map(case.plan.patch_size, torch.device("cpu"))
        self._importance = importance.float()
        self._weight = importance_sum(case.plan, importance)[watched]
        self._branches = mirror_branches(case.model.allowed_mirroring_axes if case.mirror else None)

    @property
    def passes_per_window(self) -> int:
        """Forward passes of the network that one window takes: mirrors times folds."""
        return len(self._branches) * len(self._case.model.folds)

    def positions(self, number: int) -> torch.Tensor:
        """Which watched voxels window ``number`` holds, each once: int64, in 0 ... ``voxels`` - 1."""
        index = self._index[self.windows[number]]
        return index[index >= 0].long()

    @torch.inference_mode()
    def parts(
        self, numbers: Sequence[int], patch_of: Callable[[int], torch.Tensor]
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Evaluate windows; add up what comes for a window to get its part of the stitched logits.

        Args:
            numbers: of the windows.
            patch_of: gives what a window is shown, (channels, ...) of the patch's shape; asked once a fold.

        Yields:
            Number of the window and (heads, voxels of the window), once a fold, in the data's precision.
        """
        model = self._case.model
        for fold in model.folds:
            model.use_fold(fold)
            with full_precision(model.device):
                for number in numbers:
                    yield number, self._part(number, patch_of(number))

    def _part(self, number: int, patch: torch.Tensor) -> torch.Tensor:
        model = self._case.model
        inside = self._index[self.windows[number]] >= 0
        total = torch.zeros((self.heads, int(inside.sum())), dtype=patch.dtype)
        for axes in self._branches:
            self._before_pass()
            channel_first = [axis + 1 for axis in axes]
            logits = model.network(torch.flip(patch, channel_first)[None].to(model.device))[0]
            total += torch.flip(logits, channel_first)[:, inside.to(model.device)].cpu()
            self.forward_passes += 1
        weight = self._importance[inside] / self._weight[self.positions(number)]
        return total.mul_(weight / self.passes_per_window)


class WindowCache:
    """Every watched window's part of the stitched logits of the unchanged input.

    Args:
        windows: that are evaluated, once each.
        data: (channels, z, y, x), padded network grid.

    Attributes:
        stitched: (heads, watched voxels) in the data's precision.
    """

    def __init__(self, windows: WatchedWindows, data: torch.Tensor) -> None:
        sizes = [len(windows.positions(number)) for number in range(len(windows.windows))]
        self._ends = np.cumsum([0, *sizes])
        self._parts = windows.memory.zeros((windows.heads, int(self._ends[-1])), data.dtype)
        self.stitched = torch.zeros((windows.heads, windows.voxels), dtype=data.dtype)
        numbers = range(len(windows.windows))
        for number, part in windows.parts(numbers, lambda n: data[(slice(None), *windows.windows[n])]):
            self.part(number).add_(part)
            self.stitched[:, windows.positions(number)] += part

    def part(self, number: int) -> torch.Tensor:
        """Of window ``number``: (heads, its watched voxels), a view."""
        return self._parts[:, self._ends[number] : self._ends[number + 1]]
