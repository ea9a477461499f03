"""nnU-Net's default resampling of an image, bit for bit the same, with one float64 copy of it instead of five.

nnU-Net resamples images with scikit-image's ``resize`` (order 3, edge mode): ``scipy.ndimage.zoom`` pads the image,
filters it to spline coefficients and sums these, each time into a new float64 array. Here the padded copy is filtered
in place and the sums are formed some planes at a time. Where spacing is anisotropic every slice is resized by itself,
by scikit-image as there, and repeated along the coarse axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape
from scipy import ndimage
from skimage.transform import resize

from .axis_taps import nearest_taps
from .logits_on_input import coarse_axis

FloatImage = npt.NDArray[np.float32]

#: What ``zoom`` adds on every side before it filters in mode "nearest".
_PADDING = 12
_SLAB_VOXELS = 2**18


def lean_resampling(resampling: Any) -> Any:
    """A function with the arguments and results of nnU-Net's ``resampling_fn_data``, leaner where that is known.

    Args:
        resampling: ``functools.partial`` of one of nnU-Net's functions, as its configuration manager gives it.
    """
    settings = resampling.keywords
    known = (
        resampling.func is resample_data_or_seg_to_shape
        and not settings.get("is_seg", False)
        and settings.get("order", 3) == 3
        and settings.get("order_z", 0) == 0
    )
    return partial(_resampled, resampling) if known else resampling


def _resampled(
    resampling: Any,
    data: FloatImage,
    new_shape: Sequence[int],
    current_spacing: Sequence[float],
    new_spacing: Sequence[float],
) -> FloatImage:
    """As nnU-Net's: (channels, z, y, x) float32 on a grid of ``new_shape``."""
    shape = [int(n) for n in new_shape]
    if list(data.shape[1:]) == shape or 0 in shape:
        return resampling(data, new_shape, current_spacing, new_spacing)
    coarse = coarse_axis(resampling.keywords, False, current_spacing, new_spacing)
    result = np.empty((data.shape[0], *shape), dtype=data.dtype)
    for channel, image in zip(result, data, strict=True):
        if coarse is None:
            _interpolate(image, channel)
        else:
            _resize_slices(np.moveaxis(image, coarse, 0), np.moveaxis(channel, coarse, 0))
    return result


def _interpolate(image: FloatImage, result: FloatImage) -> None:
    """Cubic B-splines through all voxels, clipped to the image's range."""
    low, high = image.min(), image.max()
    coefficients = _padded(image)
    for axis in range(image.ndim):
        ndimage.spline_filter1d(coefficients, 3, axis, output=coefficients, mode="nearest")
    depth, *in_plane = [_positions(old, new) for old, new in zip(image.shape, result.shape, strict=True)]
    planes = max(1, _SLAB_VOXELS // result[0].size)
    for start in range(0, len(depth), planes):
        slab = slice(start, start + planes)
        where = np.stack(np.meshgrid(depth[slab], *in_plane, indexing="ij"))
        values = ndimage.map_coordinates(coefficients, where, order=3, mode="nearest", prefilter=False)
        result[slab] = np.clip(values, low, high)


def _padded(image: FloatImage) -> npt.NDArray[np.float64]:
    nearest = [np.clip(np.arange(-_PADDING, length + _PADDING), 0, length - 1) for length in image.shape]
    padded = np.empty([len(index) for index in nearest], dtype=np.float64)
    depth, *in_plane = nearest
    for plane, source in zip(padded, depth, strict=True):
        plane[...] = image[source][np.ix_(*in_plane)]
    return padded


def _positions(voxels: int, outputs: int) -> npt.NDArray[np.float64]:
    """Of the outputs' centres among the padded voxels; rounded as ``zoom`` rounds them."""
    return ((np.arange(outputs, dtype=np.float64) + 0.5) * (voxels / outputs) - 0.5) + _PADDING


def _resize_slices(image: FloatImage, result: FloatImage) -> None:
    """Every slice along the first axis by itself, each output slice being the nearest of them."""
    nearest = nearest_taps(image.shape[0], result.shape[0]).lower
    for source in np.unique(nearest):
        values = resize(image[source].astype(np.float64), result.shape[1:], 3, mode="edge", anti_aliasing=False)
        result[nearest == source] = values
