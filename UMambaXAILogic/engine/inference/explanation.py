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
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from ..progress import Reporter
from .capture import LayerCapture
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
        CancelledError: the user cancelled.
    """
    model, plan = case.model, case.plan
    windows = plan.touching(case.mask)
    box = bounding_box(windows, plan)
    shape = tuple(axis.stop - axis.start for axis in box)
    signed = {layer.alias: torch.zeros(shape, dtype=torch.float32) for layer in layers}
    importance = importance_map(plan.patch_size, torch.device("cpu"))
    weight = importance_sum(plan, importance)
    branches = mirror_branches(model.allowed_mirroring_axes if case.mirror else None)
    passes, total = 0, max(1, len(windows) * len(branches) * len(model.folds))
    for fold in model.folds:
        model.use_fold(fold)
        watched = [(layer.alias, layer.module) for layer in layers]
        with full_precision(model.device), LayerCapture(model.network, watched) as capture:
            for window in windows:
                target = _at_window(case, window, importance, weight)
                target /= len(branches) * len(model.folds)
                place = _inside(window, box)
                for axes in branches:
                    reporter.check_cancelled()
                    _explain_branch(case, capture, window, axes, target, signed_map, signed, place)
                    passes += 1
                    reporter.progress(passes / total)
    return StitchedMaps(plan, box, signed, len(windows), passes, passes)


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


def _at_window(case: Explained, window: Window, importance: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """(g_w / sum g) dS/dZ in the window's frame: (heads, ...) float32."""
    gradient = case.score.gradient(case.logits[(slice(None), *window)], case.mask[window])
    return gradient.mul_(importance.float() / weight[window])


def _explain_branch(
    case: Explained,
    capture: LayerCapture,
    window: Window,
    axes: tuple[int, ...],
    target: torch.Tensor,
    signed_map: SignedMap,
    signed: dict[str, torch.Tensor],
    place: Window,
) -> None:
    device = case.model.device
    channel_first = [axis + 1 for axis in axes]
    patch = torch.flip(case.data[(slice(None), *window)], channel_first)[None].to(device)
    upstream = torch.flip(target, channel_first)[None].to(device)

    def receive(alias: str, activation: torch.Tensor, gradient: torch.Tensor) -> None:
        layer_map = torch.flip(signed_map(alias, activation[0], gradient[0]), axes)
        signed[alias][place] += repeat_to(layer_map, case.plan.patch_size).cpu()

    capture.explain(patch, lambda logits: upstream.to(logits.dtype), receive)


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
