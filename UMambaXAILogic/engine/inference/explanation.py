"""Stitched explanation: the attribution of the stitched score, not of separate windows.

Prediction is stitched, Z(v) = sum_w g_w(v) z_w(v) / sum_w g_w(v), averaged over mirrors and folds. So every window
that holds a voxel of M gets the upstream gradient (g_w / sum g) dS/dZ / (n_mirrors n_folds); the signed map of each
branch is formed in that branch's own frame, flipped back, repeated to the patch and **added** at the window's place.
Nothing is normalised per window: that would make background as bright as vessel. ReLU comes once, at the end.
Windows without a voxel of M have no gradient and are skipped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from ..memory_plan.out_of_memory import RanOut, attempt
from ..memory_plan.run_memory import RunMemory
from ..progress import Reporter
from .capture import LayerCapture
from .recomputation import recomputed
from .target import TargetScore, TargetSelection
from .windows import Window, WindowPlan, importance_map, importance_sum, mirror_branches

if TYPE_CHECKING:
    from ..model.layers import Layer
    from ..model.loading import Model

#: Turns a layer's alias and one branch's activation and gradient, both (channels, ...), into a signed map (...) on the
#: layer's grid.
SignedMap = Callable[[str, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass
class Explained:
    """A volume that has been predicted and is to be explained.

    Args:
        model, plan: as for the prediction.
        data: (channels, z, y, x) float32, padded network grid, CPU.
        logits: (heads, z, y, x), stitched, padded network grid, CPU.
        mask: M, bool (z, y, x), padded network grid, CPU.
        score: S.
        mirror: the prediction was averaged over mirrors.
        spacing_mm: (z, y, x) of the network grid.
        selection: how M follows from what is predicted; for methods that predict windows anew.
        part_voxels: size on the volume's grid of the one part that is explained; None where all is.
        memory: how windows are computed, and where maps lie.
    """

    model: Model
    plan: WindowPlan
    data: torch.Tensor
    logits: torch.Tensor
    mask: torch.Tensor
    score: TargetScore
    mirror: bool
    spacing_mm: tuple[float, float, float]
    selection: TargetSelection = field(default_factory=TargetSelection)
    part_voxels: int | None = None
    memory: RunMemory = field(default_factory=RunMemory)


@dataclass
class StitchedMaps:
    """Signed maps of all layers, kept only over the bounding box of the explained windows.

    Args:
        plan: the windows.
        box: slices of the padded grid that hold all explained windows.
        signed: alias -> float32 (z, y, x) of the box.
        explained_windows: T.
        forward_passes, backward_passes: of the network, mirrors and folds counted.
        details: see ``method.LayerMaps``.
    """

    plan: WindowPlan
    box: tuple[slice, ...]
    signed: dict[str, torch.Tensor]
    explained_windows: int
    forward_passes: int
    backward_passes: int
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def aliases(self) -> list[str]:
        """Names of the layers, in forward order."""
        return list(self.signed)

    def combined(self) -> None:
        """There is no mean of its own: normalised layer maps are averaged."""
        return None

    def on_network_grid(self, alias: str) -> npt.NDArray[np.float32]:
        """The layer's map after ReLU on the whole, unpadded network grid."""
        full = np.zeros(self.plan.padded_shape, dtype=np.float32)
        full[self.box] = self.signed[alias].clamp_min(0).numpy()
        return np.ascontiguousarray(full[self.plan.valid])


def explain_stitched(
    case: Explained, layers: Sequence[Layer], signed_map: SignedMap, reporter: Reporter
) -> StitchedMaps:
    """One forward and one backward pass per branch of every window that holds target, for all layers together.

    Args:
        case: what is explained.
        layers: the wanted layers.
        signed_map: the method.
        reporter: told the fraction of passes done.

    Raises:
        MemoryExhaustedError: memory ran out, and nothing was left to save.
        CancelledError: the user cancelled.
    """
    model, plan, memory = case.model, case.plan, case.memory
    windows = plan.touching(case.mask)
    box = bounding_box(windows, plan)
    shape = tuple(axis.stop - axis.start for axis in box)
    signed = {layer.alias: memory.accumulator(shape, torch.float32, memory.maps, model.device) for layer in layers}
    importance = importance_map(plan.patch_size, torch.device("cpu"))
    weight = importance_sum(plan, importance)
    branches = mirror_branches(model.allowed_mirroring_axes if case.mirror else None)
    passes = _Passes(case, signed_map, importance, weight, len(branches) * len(model.folds))
    items = [(window, axes) for window in windows for axes in branches]
    done, total = 0, max(1, len(items) * len(model.folds))
    for fold in model.folds:
        model.use_fold(fold)
        start = done
        while done - start < len(items):
            with full_precision(model.device), watched(case, layers) as capture:
                while done - start < len(items):
                    reporter.check_cancelled()
                    batch = items[done - start : done - start + memory.batch]
                    found = attempt(partial(passes.explain, capture, batch))
                    if isinstance(found, RanOut):
                        break
                    for alias, place, layer_map in found.value:
                        accumulator = signed[alias]
                        repeated = memory.until_it_fits(partial(repeat_to, layer_map, plan.patch_size), reporter)
                        accumulator.tensor[_inside(place, box)] += repeated.to(accumulator.tensor.device)
                    done += len(batch)
                    reporter.progress(done / total)
            if isinstance(found, RanOut):  # what the pass held is let go of by now
                memory.shrink(found.text, reporter, gradients=True)
    settled = {alias: memory.settled(accumulator) for alias, accumulator in signed.items()}
    return StitchedMaps(plan, box, settled, len(windows), done, done)


@contextlib.contextmanager
def watched(case: Explained, layers: Sequence[Layer]) -> Iterator[LayerCapture]:
    """The layers' activations and gradients, computed as the case's memory allows."""
    network = case.model.network
    again = recomputed(network) if case.memory.recompute else contextlib.nullcontext()
    with again, LayerCapture(network, [(layer.alias, layer.module) for layer in layers]) as capture:
        yield capture


@dataclass
class _Passes:
    """One forward and one backward pass for a few windows at a time.

    Args:
        weight: sum of the importance map over all windows, padded grid.
        copies: mirrors times folds, over which the explained score is a mean.
    """

    case: Explained
    signed_map: SignedMap
    importance: torch.Tensor
    weight: torch.Tensor
    copies: int
    _last: tuple[Window, torch.Tensor] | None = None

    def explain(
        self, capture: LayerCapture, items: Sequence[tuple[Window, tuple[int, ...]]]
    ) -> list[tuple[str, Window, torch.Tensor]]:
        """Signed maps on the layers' grids: of each layer and window, in the order in which windows were given."""
        patches, gradient = self._stacked(items)
        found: list[tuple[str, Window, torch.Tensor]] = []

        def receive(alias: str, activations: torch.Tensor, gradients: torch.Tensor) -> None:
            for (window, axes), activation, own in zip(items, activations, gradients, strict=True):
                found.append((alias, window, torch.flip(self.signed_map(alias, activation, own), axes)))

        capture.explain(patches, lambda logits: gradient.to(logits.dtype), receive)
        return found

    def _stacked(self, items: Sequence[tuple[Window, tuple[int, ...]]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Windows, and what goes back into their logits: (windows, channels or heads, ...) on the device."""
        case, device = self.case, self.case.model.device
        patches, upstream = [], []
        for window, axes in items:
            channel_first = [axis + 1 for axis in axes]
            patches.append(torch.flip(case.data[(slice(None), *window)], channel_first))
            upstream.append(torch.flip(self._target(window), channel_first))
        return torch.stack(patches).to(device), torch.stack(upstream).to(device)

    def _target(self, window: Window) -> torch.Tensor:
        """(g_w / sum g) dS/dZ in the window's frame, shared out over mirrors and folds: (heads, ...) float32."""
        if self._last is not None and self._last[0] == window:  # in another mirror
            return self._last[1]
        case = self.case
        gradient = case.score.gradient(case.logits[(slice(None), *window)], case.mask[window])
        gradient.mul_(self.importance.float() / self.weight[window])
        gradient /= self.copies
        self._last = window, gradient
        return gradient


@contextlib.contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Convolutions in float32 proper: on recent GPUs torch rounds their inputs to ten bits by default (TF32)."""
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def repeat_to(layer_map: torch.Tensor, patch_size: Sequence[int]) -> torch.Tensor:
    """Repeat (order 0) a map on a layer's grid to the patch."""
    for axis, size in enumerate(patch_size):
        length = layer_map.shape[axis]
        if length != size:
            index = torch.arange(size, device=layer_map.device) * length // size
            layer_map = layer_map.index_select(axis, index)
    return layer_map


def bounding_box(windows: Sequence[Window], plan: WindowPlan) -> tuple[slice, ...]:
    """The smallest box of the padded grid that holds all windows; empty at the origin if there are none."""
    if not windows:
        return tuple(slice(0, 0) for _ in plan.padded_shape)
    bounds = [[_bounds(axis) for axis in window] for window in windows]
    return tuple(
        slice(min(window[axis][0] for window in bounds), max(window[axis][1] for window in bounds))
        for axis in range(len(plan.padded_shape))
    )


def _bounds(axis: int | slice) -> tuple[int, int]:
    return (axis, axis + 1) if isinstance(axis, int) else (axis.start, axis.stop)


def _inside(window: Window, box: tuple[slice, ...]) -> Window:
    return tuple(
        axis - outer.start if isinstance(axis, int) else slice(axis.start - outer.start, axis.stop - outer.start)
        for axis, outer in zip(window, box, strict=True)
    )
