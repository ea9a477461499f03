"""Which windows a volume is read through: nnU-Net's own plan, padding and importance map."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from acvl_utils.cropping_and_padding.padding import pad_nd_image
from nnunetv2.inference.sliding_window_prediction import compute_gaussian, compute_steps_for_sliding_window

from ..errors import UsageError

#: A window as slices along (z, y, x); a 2-D configuration reads one slice, given as an int, at a time.
Window = tuple[int | slice, ...]


@dataclass(frozen=True)
class WindowPlan:
    """All windows of one volume on the padded network grid.

    Args:
        shape: network grid (z, y, x).
        padded_shape: at least as large as the patch in every axis.
        valid: slices that take the network grid out of the padded grid.
        patch_size: two or three numbers.
        windows: in nnU-Net's order.
    """

    shape: tuple[int, ...]
    padded_shape: tuple[int, ...]
    valid: tuple[slice, ...]
    patch_size: tuple[int, ...]
    windows: tuple[Window, ...]

    def pad(self, data: torch.Tensor) -> torch.Tensor:
        """Pad (channels, z, y, x) with zeros to the padded grid, as nnU-Net does; a copy only where needed."""
        if self.shape == self.padded_shape:
            return data
        padded = data.new_zeros((data.shape[0], *self.padded_shape))
        padded[(slice(None), *self.valid)] = data
        return padded

    def touching(self, mask: torch.Tensor) -> list[Window]:
        """Windows that contain a True voxel of ``mask`` (bool, padded grid), in plan order."""
        return [window for window in self.windows if bool(mask[window].any())]


def plan_windows(shape: Sequence[int], patch_size: Sequence[int], step: float) -> WindowPlan:
    """The windows that nnU-Net's predictor reads for a network grid of ``shape``.

    Args:
        shape: (z, y, x).
        patch_size: three numbers, or two for a 2-D configuration, which reads every slice along z.
        step: window step as a fraction of the patch, (0, 1].

    Raises:
        UsageError: the step is less than a voxel.
    """
    shape, patch = tuple(int(n) for n in shape), tuple(int(n) for n in patch_size)
    if min(patch) * step < 1:
        raise UsageError(
            f"A window step of {step:g} is less than a voxel of the patch {patch}.", "nnU-Net's default is 0.5."
        )
    # A stride-0 stand-in of the volume's shape: only the slicer is wanted, not a padded copy.
    stand_in = np.broadcast_to(np.float32(0), (1, *shape))
    padded, valid = pad_nd_image(stand_in, patch, "constant", {"constant_values": 0}, True, None)
    padded_shape = tuple(int(n) for n in padded.shape[1:])
    in_plane = padded_shape[-len(patch) :]
    steps = compute_steps_for_sliding_window(in_plane, patch, step)
    depth: list[list[int]] = [list(range(padded_shape[0]))] if len(patch) == 2 else []
    windows = []
    for start in itertools.product(*depth, *steps):
        slices = tuple(slice(s, s + p) for s, p in zip(start[-len(patch) :], patch, strict=True))
        windows.append((*start[: len(depth)], *slices))
    return WindowPlan(shape, padded_shape, tuple(valid[1:]), patch, tuple(windows))


def importance_map(patch_size: Sequence[int], device: torch.device) -> torch.Tensor:
    """nnU-Net's Gaussian, float16 as its predictor uses it, of the patch's shape."""
    return compute_gaussian(tuple(patch_size), sigma_scale=1.0 / 8, value_scaling_factor=10, device=device)


def mirror_branches(mirror_axes: Sequence[int] | None) -> list[tuple[int, ...]]:
    """Axes to flip in each test-time branch, counted from the first spatial axis; the first branch flips none."""
    axes = tuple(mirror_axes or ())
    return [branch for count in range(len(axes) + 1) for branch in itertools.combinations(axes, count)]


def importance_sum(plan: WindowPlan, importance: torch.Tensor) -> torch.Tensor:
    """Sum over all windows of the importance map, float32 on the padded grid."""
    total = torch.zeros(plan.padded_shape, dtype=torch.float32, device=importance.device)
    importance = importance.float()
    for window in plan.windows:
        total[window] += importance
    return total
