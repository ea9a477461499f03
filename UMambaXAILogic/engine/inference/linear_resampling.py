"""nnU-Net's default resampling of one head, computed for any range of output planes alone, bit for bit the same.

nnU-Net resamples logits with scikit-image's ``resize`` (order 1, edge mode), which is ``scipy.ndimage.zoom`` in grid
mode: output index i of n lies at (i + 0.5) m / n - 0.5 of m input voxels, the outermost repeated. Where spacing is
anisotropic the coarse axis takes the nearest slice instead. Everything is in float64, and rounded once to the logits'
own type. Both need several float64 copies of the whole head; here the same products and sums, in the same order, are
formed plane by plane.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from ..model.cpu_kernels.compilation import exact_kernel
from ..model.cpu_kernels.threads import for_each
from .axis_taps import Taps


def resampled_planes(head: torch.Tensor, taps: Sequence[Taps], planes: slice) -> torch.Tensor:
    """Output planes of one head.

    Args:
        head: logits (z, y, x), float16 or float32, on the CPU; may lie in a mapped file.
        taps: of the three axes.
        planes: of the output, along z.

    Returns:
        (planes, y, x) in the logits' type.
    """
    depth, height, width = taps
    depth = depth.of(planes)
    first, last = int(depth.lower.min()), int(depth.upper.max())
    source = head[first : last + 1].float().numpy()
    depth = depth.shifted(first)
    result = torch.empty((len(depth.lower), len(height.lower), len(width.lower)), dtype=head.dtype)
    rounded = result.numpy()
    in_plane = (*_fields(height), *_fields(width))

    def task(plane: int) -> None:
        # numpy rounds float64 to float16 at once, as nnU-Net's copy does; torch goes by way of float32.
        rounded[plane] = _interpolated_plane(
            source[depth.lower[plane]],
            source[depth.upper[plane]],
            depth.lower_weight[plane],
            depth.upper_weight[plane],
            *in_plane,
        )

    for_each(task, len(depth.lower))
    return result


def _fields(taps: Taps) -> tuple[npt.NDArray, ...]:
    return taps.lower, taps.upper, taps.lower_weight, taps.upper_weight


@exact_kernel
def _interpolated_plane(
    lower_plane, upper_plane, lower_weight, upper_weight, y0, y1, wy0, wy1, x0, x1, wx0, wx1
):  # pragma: no cover
    voxels = lower_plane.shape[1]
    out = np.empty((y0.size, x0.size), dtype=np.float64)
    corner00, corner01 = np.empty(voxels), np.empty(voxels)
    corner10, corner11 = np.empty(voxels), np.empty(voxels)
    for y in range(y0.size):
        for x in range(voxels):
            corner00[x] = (lower_plane[y0[y], x] * lower_weight) * wy0[y]
            corner01[x] = (lower_plane[y1[y], x] * lower_weight) * wy1[y]
            corner10[x] = (upper_plane[y0[y], x] * upper_weight) * wy0[y]
            corner11[x] = (upper_plane[y1[y], x] * upper_weight) * wy1[y]
        for x in range(x0.size):
            total = corner00[x0[x]] * wx0[x]
            total += corner00[x1[x]] * wx1[x]
            total += corner01[x0[x]] * wx0[x]
            total += corner01[x1[x]] * wx1[x]
            total += corner10[x0[x]] * wx0[x]
            total += corner10[x1[x]] * wx1[x]
            total += corner11[x0[x]] * wx0[x]
            total += corner11[x1[x]] * wx1[x]
            out[y, x] = total
    return out
