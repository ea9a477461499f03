"""What windows say at the voxels that a score looks at: forward passes of these windows alone, kept there alone.

A score reads the stitched logits Z(v) = sum_w g_w(v) z_w(v) / sum_w g_w(v) at few voxels: vessels fill less than a
percent of a volume. So only windows that hold such a voxel are ever evaluated again, and of each window's logits only
those at these voxels are kept, times g_w / sum g: a window's part of the stitched logits, averaged over mirrors and
folds as in the prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch

from ..inference.explanation import Explained, full_precision
from ..inference.windows import Window, importance_map, importance_sum, mirror_branches
from ..progress import Reporter


class WatchedWindows:
    """The windows that hold watched voxels, as functions of what they are shown.

    Args:
        case: gives model, windows and mirrors.
        watched: bool (z, y, x), padded network grid.
        reporter: asked before each forward pass whether to stop; warned where memory runs out.
        on_pass: told of each forward pass before it begins; None: nobody is.

    Attributes:
        windows: in plan order.
        sizes: watched voxels of each window.
        voxels: how many are watched.
        heads: of the network.
        forward_passes: so far, mirrors and folds counted.
        memory: of the case: where arrays lie.
    """

    def __init__(
        self, case: Explained, watched: torch.Tensor, reporter: Reporter, on_pass: Callable[[], None] | None = None
    ) -> None:
        self.windows: tuple[Window, ...] = tuple(case.plan.touching(watched))
        self.sizes = tuple(int(watched[window].sum()) for window in self.windows)
        self.voxels = int(watched.sum())
        self.heads = case.logits.shape[0]
        self.forward_passes = 0
        self.memory = case.memory
        self._case = case
        self._reporter, self._on_pass = reporter, on_pass
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

        Raises:
            MemoryExhaustedError: memory ran out, and nothing was left to save.
            CancelledError: the user cancelled.
        """
        model = self._case.model
        for fold in model.folds:
            model.use_fold(fold)
            with full_precision(model.device):
                for number in numbers:
                    patch = self.memory.until_it_fits(partial(patch_of, number), self._reporter)
                    yield number, self._part(number, patch)

    def _part(self, number: int, patch: torch.Tensor) -> torch.Tensor:
        inside = self._index[self.windows[number]] >= 0
        total = torch.zeros((self.heads, self.sizes[number]), dtype=patch.dtype)
        for axes in self._branches:
            self._reporter.check_cancelled()
            if self._on_pass is not None:
                self._on_pass()
            total += self.memory.until_it_fits(partial(self._seen, patch, axes, inside), self._reporter)
            self.forward_passes += 1
        weight = self._importance[inside] / self._weight[self.positions(number)]
        return total.mul_(weight / self.passes_per_window)

    def _seen(self, patch: torch.Tensor, axes: tuple[int, ...], inside: torch.Tensor) -> torch.Tensor:
        """Logits (heads, voxels inside) of one forward pass, with these axes mirrored and back again."""
        device = self._case.model.device
        channel_first = [axis + 1 for axis in axes]
        logits = self._case.model.network(torch.flip(patch, channel_first)[None].to(device))[0]
        return torch.flip(logits, channel_first)[:, inside.to(device)].cpu()


class WindowParts:
    """Parts of some windows' logits, zero at first, in one array that may move where memory runs out.

    Args:
        windows: that hold watched voxels.
        numbers: of those that have a part here.
        dtype: of the parts.
    """

    def __init__(self, windows: WatchedWindows, numbers: Sequence[int], dtype: torch.dtype) -> None:
        ends = np.cumsum([0, *(windows.sizes[number] for number in numbers)])
        self._columns = {number: slice(*ends[place : place + 2]) for place, number in enumerate(numbers)}
        self._held = windows.memory.unplanned((windows.heads, int(ends[-1])), dtype)

    def __getitem__(self, number: int) -> torch.Tensor:
        """Of window ``number``: (heads, its watched voxels), a view for a moment."""
        return self._held.tensor[:, self._columns[number]]


class WindowCache:
    """Every watched window's part of the stitched logits of the unchanged input.

    Args:
        windows: that are evaluated, once each.
        data: (channels, z, y, x), padded network grid.

    Attributes:
        parts: of the windows.
    """

    def __init__(self, windows: WatchedWindows, data: torch.Tensor) -> None:
        numbers = range(len(windows.windows))
        self.parts = WindowParts(windows, numbers, data.dtype)
        self._stitched = windows.memory.unplanned((windows.heads, windows.voxels), data.dtype)
        for number, part in windows.parts(numbers, lambda n: data[(slice(None), *windows.windows[n])]):
            self.parts[number].add_(part)
            self.stitched[:, windows.positions(number)] += part

    @property
    def stitched(self) -> torch.Tensor:
        """(heads, watched voxels) in the data's precision; not to be changed, and not to be kept."""
        return self._stitched.tensor
