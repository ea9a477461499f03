"""Where air, the body and soft tissue lie, told apart on blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import threshold_otsu

from .blocks import BlockStatistics
from .row import HOUNSFIELD_UNITS

BlockMask = npt.NDArray[np.bool_]

#: Half-way between air and soft tissue.
BODY_ABOVE_HU = -500.0
SOFT_TISSUE_HU = (0.0, 100.0)
#: In arbitrary units, as shares of the body's median.
SOFT_TISSUE_SHARES = (0.5, 1.5)
#: Air is darker than this share of the body's median; else the darker part of the image is not taken for air.
DARKEST_SHARE = 0.25
#: Distance that is kept from the body's surface, on either side.
MARGIN_MM = 4.0
#: Blocks of air whose mean lies further from the median than this many (robust) standard deviations are no air: foam,
#: cushions, cables.
AIR_OUTLIER = 5.0

_FACES = ndimage.generate_binary_structure(3, 1)
_ALL = ndimage.generate_binary_structure(3, 3)


@dataclass(frozen=True)
class Tissue:
    """Masks of blocks, (z, y, x) in patient order.

    Args:
        air: the largest air region outside the body, well away from it; may be empty.
        body: without its surface; cavities included, constant blocks not.
        soft: soft tissue inside ``body``, away from bone, air and large vessels.
    """

    air: BlockMask
    body: BlockMask
    soft: BlockMask


def find_tissue(blocks: BlockStatistics, units: str) -> Tissue:
    """Tell air, body and soft tissue apart by the means of blocks.

    Args:
        blocks: in patient order.
        units: ``HU`` or ``arbitrary``.
    """
    measured = ~blocks.constant
    nothing = np.zeros_like(measured)
    if not measured.any():
        return Tissue(nothing, nothing, nothing)
    dense = measured & (blocks.mean > _body_threshold(blocks.mean[measured], units))
    if not dense.any():
        return Tissue(_inner_air(blocks, measured), nothing, nothing)
    body = _filled(_largest(dense))
    inside = _eroded(body, blocks) & measured
    low, high = SOFT_TISSUE_HU
    if units != HOUNSFIELD_UNITS:
        low, high = (share * float(np.median(blocks.mean[body & measured])) for share in SOFT_TISSUE_SHARES)
    soft = body & measured & (blocks.mean >= low) & (blocks.mean <= high)
    soft = ndimage.binary_erosion(soft, _ALL, border_value=1) & inside
    return Tissue(_inner_air(blocks, measured & ~body & ~dense), inside, soft)


def _body_threshold(means: npt.NDArray[np.float32], units: str) -> float:
    """Blocks above it belong to the body, or to something else that is no air."""
    if units == HOUNSFIELD_UNITS:
        return BODY_ABOVE_HU
    if means.min() == means.max():
        return -np.inf
    threshold = float(threshold_otsu(means))
    dark, bright = means[means <= threshold], means[means > threshold]
    if np.median(dark) > DARKEST_SHARE * np.median(bright):
        return -np.inf  # no air: the threshold cuts through tissue
    return threshold


def _inner_air(blocks: BlockStatistics, candidates: BlockMask) -> BlockMask:
    """The largest connected part of the candidates, without outliers, kept away from all that is no candidate."""
    air = _largest(candidates)
    if not air.any():
        return air
    means = blocks.mean[air]
    median = np.median(means)
    spread = 1.4826 * np.median(np.abs(means - median))
    air &= np.abs(blocks.mean - median) <= AIR_OUTLIER * spread
    return _eroded(air, blocks)


def _largest(mask: BlockMask) -> BlockMask:
    """The largest part that is connected through faces; empty for an empty mask."""
    parts, count = ndimage.label(mask, _FACES)
    if count == 0:
        return mask.copy()
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts == sizes.argmax()


def _filled(body: BlockMask) -> BlockMask:
    """With its cavities: sinuses that open to the nose are closed in every slice by itself."""
    closed = ndimage.binary_closing(np.pad(body, 2, mode="edge"), _ALL, iterations=2)[2:-2, 2:-2, 2:-2] | body
    return np.stack([ndimage.binary_fill_holes(plane) for plane in closed])


def _eroded(mask: BlockMask, blocks: BlockStatistics) -> BlockMask:
    """Blocks at least ``MARGIN_MM`` inside along every axis; the volume's border is no surface."""
    eroded = mask.view(np.uint8)
    for axis, step in enumerate(blocks.grid.spacing_mm):
        reach = int(np.ceil(MARGIN_MM / step))
        eroded = ndimage.minimum_filter1d(eroded, 2 * reach + 1, axis=axis, mode="nearest")
    return eroded.view(bool)
