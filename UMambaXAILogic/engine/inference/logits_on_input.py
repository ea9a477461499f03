"""Stitched logits on the input's grid, resampled as the plans say, one head and one range of planes at a time.

How much of a head is made at once follows from the resampling function:

- the two grids are the same: slabs of the logits themselves;
- nnU-Net's default, linear (and nearest along a coarse axis): slabs, by ``linear_resampling``;
- others that treat every head by itself: one whole head, by the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from nnunetv2.preprocessing.resampling.default_resampling import (
    ANISO_THRESHOLD,
    determine_do_sep_z_and_axis,
    resample_data_or_seg_to_shape,
)
from nnunetv2.preprocessing.resampling.resample_torch import resample_torch_fornnunet

from ..model.selective_scan import backend_obstacle
from .axis_taps import linear_taps, nearest_taps

_SLAB_VOXELS = 2**22
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class LogitsOnInput:
    """Logits on the cropped input grid, made when asked for.

    Args:
        shape: (z, y, x).
        planes_at_once: along z.
        of_head: (head, planes) -> (planes, y, x).
    """

    shape: Shape
    planes_at_once: int
    of_head: Callable[[int, slice], torch.Tensor]

    def slabs(self) -> Iterator[slice]:
        """Ranges of planes that cover the grid."""
        for start in range(0, self.shape[0], self.planes_at_once):
            yield slice(start, min(start + self.planes_at_once, self.shape[0]))


def logits_on_input(
    logits: torch.Tensor, plans: Any, configuration: Any, properties: dict[str, Any]
) -> LogitsOnInput | None:
    """How to make one head after the other; None where that may differ from resampling all heads together.

    Args:
        logits: (heads, z, y, x) on the network grid, on the CPU.
        plans, configuration: nnU-Net's managers.
        properties: nnU-Net's record of transposition, crop and resampling.
    """
    depth, height, width = (int(n) for n in properties["shape_after_cropping_and_before_resampling"])
    shape = depth, height, width
    resampling = configuration.resampling_fn_probabilities
    function, settings = resampling.func, resampling.keywords
    slab = max(1, _SLAB_VOXELS // (height * width))
    if tuple(logits.shape[1:]) == shape:
        return LogitsOnInput(shape, slab, lambda head, planes: logits[head, planes])
    original = [float(properties["spacing"][axis]) for axis in plans.transpose_forward]
    planned = [float(mm) for mm in configuration.spacing]
    current = planned if len(planned) == len(shape) else [original[0], *planned]
    if function is resample_data_or_seg_to_shape:
        if _is_linear(logits, settings):
            coarse = coarse_axis(settings, False, current, original)
            return LogitsOnInput(shape, slab, _linear(logits, shape, coarse))
        return LogitsOnInput(shape, depth, _whole_head(resampling, logits, shape, current, original))
    by_torch = function is resample_torch_fornnunet and not settings.get("is_seg", False)
    # Slice by slice, torch forms several slices as one vector: how one is rounded depends on those beside it.
    if by_torch and coarse_axis(settings, None, current, original) is None:
        return LogitsOnInput(shape, depth, _whole_head(resampling, logits, shape, current, original))
    return None


def coarse_axis(
    settings: dict[str, Any], force: bool | None, current: Sequence[float], original: Sequence[float]
) -> int | None:
    """The axis that nnU-Net resamples by itself; None where all go together. ``force`` is the function's default."""
    _, axis = determine_do_sep_z_and_axis(
        settings.get("force_separate_z", force),
        current,
        original,
        settings.get("separate_z_anisotropy_threshold", ANISO_THRESHOLD),
    )
    return None if axis is None else int(axis)


def _is_linear(logits: torch.Tensor, settings: dict[str, Any]) -> bool:
    """Whether nnU-Net's own resampling has the settings of its default, which ``linear_resampling`` computes."""
    return (
        logits.dtype in (torch.float16, torch.float32)
        and not settings.get("is_seg", False)
        and settings.get("order", 3) == 1
        and settings.get("order_z", 0) == 0
        and backend_obstacle("numba") is None
    )


def _linear(logits: torch.Tensor, shape: Shape, coarse: int | None) -> Callable[[int, slice], torch.Tensor]:
    from .linear_resampling import resampled_planes  # needs numba

    taps = [
        (nearest_taps if axis == coarse else linear_taps)(old, new)
        for axis, (old, new) in enumerate(zip(logits.shape[1:], shape, strict=True))
    ]
    return lambda head, planes: resampled_planes(logits[head], taps, planes)


def _whole_head(
    resampling: Callable[..., Any], logits: torch.Tensor, shape: Shape, current: list[float], original: list[float]
) -> Callable[[int, slice], torch.Tensor]:
    return lambda head, _: torch.as_tensor(resampling(logits[head : head + 1], shape, current, original))[0]
