"""Into which regions an image is cut before each is filled in turn: cells of a grid, or supervoxels.

Only regions near the explained voxels are made: each costs forward passes, and the tissue farther away moves the score
little. Where there would still be too many, they are made larger.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial import cKDTree

from ..alignment.shell import bounding_box, shell_around

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int32]

#: SLIC's weight of distance against intensity, which runs from 0 to 1: regions follow edges and mostly stay whole.
COMPACTNESS = 0.5
#: Percentiles of the intensities between which they are brought to 0 ... 1.
_INTENSITY_RANGE = (0.5, 99.5)
#: Voxels from which a cluster's centre is found, on average and all together at most; and how often it is moved.
_SAMPLED_VOXELS = 100
_LARGEST_SAMPLE = 50_000
_ITERATIONS = 10
#: Voxels of a ball up to which marking one for every surface voxel is faster than a distance map of the volume.
_LARGEST_BALL = 8_000
#: By how much regions grow at least when there are too many.
_GROWTH = 1.05


@dataclass(frozen=True)
class Regions:
    """A partition of the neighbourhood of the explained voxels.

    Args:
        labels: (z, y, x), network grid; 1 ... ``count``, 0 outside all regions.
        count: of regions.
        size_mm: their extent, as it became.
    """

    labels: IntArray
    count: int
    size_mm: float

    def boxes(self) -> list[tuple[slice, ...]]:
        """The bounding box of every region, that of label 1 first."""
        return ndimage.find_objects(self.labels)


@dataclass(frozen=True)
class RegionSource:
    """What regions are made of, all on the network grid.

    Args:
        data: (channels, z, y, x).
        predicted: voxels predicted as the target.
        mask: M.
        spacing_mm: (z, y, x).
    """

    data: npt.NDArray[np.floating]
    predicted: BoolArray
    mask: BoolArray
    spacing_mm: tuple[float, float, float]


def make_regions(kind: str, source: RegionSource, *, size_mm: float, reach_mm: float, max_regions: int) -> Regions:
    """Cut the neighbourhood of M into at most ``max_regions`` regions.

    Args:
        kind: ``grid`` or ``supervoxel``.
        source: with at least one voxel in M.
        size_mm: wanted extent of a region.
        reach_mm: the neighbourhood: voxels this close to M.
        max_regions: at least 2; regions are larger than wanted where there would be more.
    """
    zone = within_reach(source.mask, source.spacing_mm, reach_mm)
    expected, cut = (_count_cells, grid_cells) if kind == "grid" else (_count_supervoxels, supervoxels)
    while (count := expected(source, zone, size_mm)) > max_regions:
        size_mm *= max(_GROWTH, (count / max_regions) ** (1 / 3))
    return cut(source, zone, size_mm)


def within_reach(mask: BoolArray, spacing_mm: tuple[float, float, float], reach_mm: float) -> BoolArray:
    """Voxels of the mask and those whose centre lies within ``reach_mm`` of the centre of one of them."""
    steps = [math.floor(reach_mm / spacing) for spacing in spacing_mm]
    if math.prod(2 * step + 1 for step in steps) <= _LARGEST_BALL:
        return mask | shell_around(mask, spacing_mm, reach_mm)
    extent = bounding_box(mask)
    assert extent is not None, "an empty M is not explained"
    wide = tuple(
        slice(max(0, part.start - step), min(size, part.stop + step))
        for part, step, size in zip(extent, steps, mask.shape, strict=True)
    )
    zone = mask.copy()
    if not mask[wide].all():
        image = sitk.GetImageFromArray(mask[wide].astype(np.uint8))
        image.SetSpacing(spacing_mm[::-1])
        distance_mm = sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)
        zone[wide] |= sitk.GetArrayViewFromImage(distance_mm) <= reach_mm * (1 + 1e-5)
    return zone


def grid_cells(source: RegionSource, zone: BoolArray, size_mm: float) -> Regions:
    """Cells of a grid over the volume that hold a voxel of the zone; whole cells, all of nearly the same size."""
    cells = _cell_numbers(zone.shape, source.spacing_mm, size_mm)
    wanted = np.unique(cells[zone])
    labels = np.searchsorted(wanted, cells).astype(np.int32) + 1
    labels[~np.isin(cells, wanted)] = 0
    return Regions(labels, len(wanted), size_mm)


def supervoxels(source: RegionSource, zone: BoolArray, size_mm: float) -> Regions:
    """Clusters of SLIC's distance, apart in the target and around it, so that none crosses the target's border.

    The target is what is predicted together with M. A piece of a thin vessel is as long as regions are wide. The
    distance is that of Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE TPAMI
    34(11), 2012: (difference of intensity)^2 + (compactness x distance / size)^2. Clusters are found by k-means on a
    sample of voxels, and every voxel joins the nearest: SLIC's search around each cluster takes minutes where few,
    large clusters lie in a fine grid. No cluster is broken into connected pieces, which would drop islands and make
    more regions than were asked for.
    """
    labels = np.zeros(zone.shape, dtype=np.int32)
    count = 0
    for part, pieces in _parts(source, zone, size_mm):
        found, found_count = _clusters(_features(source, part, size_mm), pieces)
        labels[part] = found + count + 1
        count += found_count
    return Regions(labels, count, size_mm)


def _count_cells(source: RegionSource, zone: BoolArray, size_mm: float) -> int:
    return len(np.unique(_cell_numbers(zone.shape, source.spacing_mm, size_mm)[zone]))


def _count_supervoxels(source: RegionSource, zone: BoolArray, size_mm: float) -> int:
    return sum(pieces for _, pieces in _parts(source, zone, size_mm))


def _parts(source: RegionSource, zone: BoolArray, size_mm: float) -> list[tuple[BoolArray, int]]:
    """Target and surroundings within the zone, and into how many pieces each is cut.

    The target is cut into as many pieces as there are cells of a grid that hold some of it; the surroundings, which
    are thick, into as many as have the volume of a cell.
    """
    target = (source.predicted | source.mask) & zone
    around = zone & ~target
    cell_voxels = size_mm**3 / math.prod(source.spacing_mm)
    parts = [(target, _count_cells(source, target, size_mm)), (around, round(int(around.sum()) / cell_voxels))]
    return [(part, max(1, pieces)) for part, pieces in parts if part.any()]


def _cell_numbers(shape: Sequence[int], spacing_mm: Sequence[float], size_mm: float) -> IntArray:
    """Which cell of a grid over the volume each voxel lies in; an axis is cut into equal parts of about ``size_mm``."""
    numbers = np.zeros(tuple(shape), dtype=np.int32)
    for axis, (voxels, spacing) in enumerate(zip(shape, spacing_mm, strict=True)):
        cells = min(voxels, max(1, round(voxels * spacing / size_mm)))
        along = (np.arange(voxels) * cells // voxels).astype(np.int32)
        numbers = numbers * cells + along.reshape([-1 if other == axis else 1 for other in range(len(shape))])
    return numbers


def _features(source: RegionSource, part: BoolArray, size_mm: float) -> npt.NDArray[np.float32]:
    """Voxels of the part as points whose Euclidean distance is SLIC's: (n, 3 + channels)."""
    places = [
        (index * (COMPACTNESS * spacing / size_mm)).astype(np.float32)
        for index, spacing in zip(np.nonzero(part), source.spacing_mm, strict=True)
    ]
    intensities = source.data[:, part]
    low, high = np.percentile(intensities, _INTENSITY_RANGE, axis=1, keepdims=True)
    width = np.where(high > low, high - low, 1.0)
    return np.stack([*places, *np.clip((intensities - low) / width, 0, 1).astype(np.float32)], axis=1)


def _clusters(features: npt.NDArray[np.float32], pieces: int) -> tuple[IntArray, int]:
    """k-means: which of at most ``pieces`` clusters each point belongs to, 0 first, and how many there are."""
    generator = np.random.default_rng(0)
    size = min(len(features), _LARGEST_SAMPLE, _SAMPLED_VOXELS * pieces)
    sample = features[generator.choice(len(features), size, replace=False)].astype(np.float64)
    centres = _spread_seeds(sample, min(pieces, size), generator)
    for _ in range(_ITERATIONS):
        _, nearest = cKDTree(centres).query(sample)
        members = np.bincount(nearest, minlength=len(centres))
        sums = [np.bincount(nearest, weights=column, minlength=len(centres)) for column in sample.T]
        means = np.stack(sums, axis=1) / np.maximum(members, 1)[:, None]
        centres = np.where(members[:, None] > 0, means, centres)
    _, nearest = cKDTree(centres).query(features)
    names, found = np.unique(nearest, return_inverse=True)
    return found.astype(np.int32), len(names)


def _spread_seeds(
    sample: npt.NDArray[np.float64], count: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """k-means++ (Arthur, Vassilvitskii, 2007): each seed is drawn in proportion to its squared distance from those
    before."""
    seeds = np.empty((count, sample.shape[1]))
    seeds[0] = sample[generator.integers(len(sample))]
    distance = np.full(len(sample), np.inf)
    for number in range(1, count):
        np.minimum(distance, ((sample - seeds[number - 1]) ** 2).sum(axis=1), out=distance)
        cumulated = np.cumsum(distance)
        drawn = np.searchsorted(cumulated, generator.random() * cumulated[-1], side="right")
        seeds[number] = sample[min(int(drawn), len(sample) - 1)]
    return seeds
