"""What the labelled voxels of a case say about where they are: their extent, their sides, their brightness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse

from ..volume import Geometry
from .box import Box, whole
from .label_sets import LabelSet
from .sample import LeaveOut

Coordinates = npt.NDArray[np.int64]

#: A connected piece with a smaller share of the labelled voxels does not widen the extent: masks of the RSNA set
#: have stray voxels far from any vessel (Documentation/public-data.md, source R4).
SMALLEST_SHARE = 0.01
#: Around the voxels that were labelled, so much is taken to have been looked at.
MARGIN_MM = 5.0
#: Median of contrast-filled lumen in a CT angiogram; outside, the values are no Hounsfield units or the labels lie on
#: something else. (Values without rescale intercept are 1024 too high, those rescaled twice 1024 too low.)
LUMEN_HU = (50.0, 1000.0)
_SHELL_VOXELS = 2


def known_labels(values: npt.NDArray, labels: LabelSet) -> npt.NDArray[np.uint8]:
    """Label values as uint8.

    Raises:
        LeaveOut: nothing is labelled (``no_labels``); a value has no meaning in the data set (``unknown_label``).
    """
    present, counts = np.unique(values[values != 0], return_counts=True)
    if not present.size:
        raise LeaveOut("no_labels", "its mask has no labelled voxel.")
    unknown = [(value, int(count)) for value, count in zip(present, counts, strict=True) if value not in labels.names]
    if unknown:
        shown = ", ".join(f"{value:g} ({count} voxels)" for value, count in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise LeaveOut("unknown_label", f"its mask has values that the data set's list of labels lacks: {shown}{more}.")
    return values.astype(np.uint8)


def coordinates_of(labels: npt.NDArray[np.uint8]) -> Coordinates:
    """Indices (z, y, x) of the labelled voxels, in array order, N x 3."""
    return np.argwhere(labels)


def extent(coordinates: Coordinates, geometry: Geometry) -> tuple[Box, int]:
    """The box around the annotation, with a margin of ``MARGIN_MM``, cut at the volume's border.

    Connected pieces (26 neighbours) with less than ``SMALLEST_SHARE`` of the labelled voxels are passed over.

    Returns:
        The box, and how many labelled voxels lie outside it.
    """
    pieces = connected_pieces(coordinates, geometry.shape)
    sizes = np.bincount(pieces)
    main = coordinates[sizes[pieces] >= SMALLEST_SHARE * len(coordinates)]
    tight = Box(_triple(main.min(axis=0)), _triple(main.max(axis=0) + 1))
    margin = np.ceil(MARGIN_MM / np.asarray(geometry.spacing_mm[::-1]))
    box = tight.grown(_triple(margin)).within(whole(geometry.shape))
    return box, count_outside(coordinates, box)


def count_outside(coordinates: Coordinates, box: Box) -> int:
    """How many of the voxels lie outside ``box``."""
    inside = ((coordinates >= box.low) & (coordinates < box.high)).all(axis=1)
    return int(np.count_nonzero(~inside))


def connected_pieces(coordinates: Coordinates, shape: tuple[int, int, int]) -> npt.NDArray[np.int32]:
    """Which connected piece (26 neighbours) each voxel belongs to, numbered from 0.

    Works on the voxels alone: stray ones would make a dense array span the whole volume.
    """
    # One voxel of border, so that a step over an edge never lands on a voxel of the opposite edge.
    strides = np.array([(shape[1] + 2) * (shape[2] + 2), shape[2] + 2, 1])
    flat = (coordinates + 1) @ strides  # ascending, because the coordinates are in array order
    steps = [(z, y, x) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1) if (z, y, x) > (0, 0, 0)]
    rows, columns = [], []
    for step in steps:
        wanted = flat + np.asarray(step) @ strides
        place = np.minimum(np.searchsorted(flat, wanted), len(flat) - 1)
        found = np.flatnonzero(flat[place] == wanted)
        rows.append(found)
        columns.append(place[found])
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = sparse.coo_matrix((np.ones(len(row), dtype=bool), (row, column)), shape=(len(flat), len(flat)))
    _, pieces = sparse.csgraph.connected_components(graph, directed=False)
    return pieces


def check_sides(labels: npt.NDArray[np.uint8], coordinates: Coordinates, geometry: Geometry, names: LabelSet) -> None:
    """Arteries named right must lie further right than their namesakes on the left.

    Raises:
        LeaveOut: most pairs lie the other way round (``sides_swapped``): the mask or the image is mirrored.
    """
    values = labels[tuple(coordinates.T)]
    leftwards = coordinates[:, ::-1] @ geometry.affine_lps[0, :3]  # LPS x, up to a constant
    distances_mm = [
        float(leftwards[values == left].mean() - leftwards[values == right].mean())
        for right, left in names.sides
        if (values == left).any() and (values == right).any()
    ]
    swapped = [distance for distance in distances_mm if distance < 0]
    if len(swapped) > len(distances_mm) - len(swapped):
        raise LeaveOut(
            "sides_swapped",
            f"in {len(swapped)} of {len(distances_mm)} pairs the artery that is labelled right lies left of the one "
            "that is labelled left, so its mask or its image is mirrored.",
        )


def check_brightness(values: npt.NDArray, labels: npt.NDArray[np.uint8], region: Box) -> dict[str, float | None]:
    """Labelled voxels of a CT angiogram must be as bright as contrast-filled lumen, and brighter than around them.

    Args:
        values: (z, y, x) in HU.
        labels: on the same grid.
        region: where to look.

    Returns:
        ``lumen_hu`` and ``surroundings_hu``: medians over the labelled voxels and over a shell of two voxels (None
        where every voxel is labelled).

    Raises:
        LeaveOut: they are not (``labels_not_on_vessels``): values that are no Hounsfield units, or a mask that does
            not belong to the image.
    """
    marked = labels[region.slices] > 0
    around = ndimage.binary_dilation(marked, np.ones((3, 3, 3), dtype=bool), _SHELL_VOXELS) & ~marked
    crop = values[region.slices]
    lumen = float(np.median(crop[marked]))
    surroundings = float(np.median(crop[around])) if around.any() else None
    low, high = LUMEN_HU
    if not low <= lumen <= high or (surroundings is not None and lumen <= surroundings):
        beside = "" if surroundings is None else f" and those around them {surroundings:g}"
        raise LeaveOut(
            "labels_not_on_vessels",
            f"its labelled voxels have the median {lumen:g}{beside}, but arteries "
            f"filled with contrast have {low:g} to {high:g} HU and are brighter than what is around: its values are no "
            "Hounsfield units, or its mask does not lie on its vessels.",
        )
    return {"lumen_hu": lumen, "surroundings_hu": surroundings}


def _triple(values: npt.NDArray) -> tuple[int, int, int]:
    z, y, x = (int(value) for value in values)
    return z, y, x
