"""Labels on one grid -> the same labels on a volume's grid: copied where the lattices agree, else only if asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import slicer

from UMambaXAILogic.engine.errors import InputError

from .grid import Box, Grid, Overlap, empty_image, image_array, oriented_image, overlap, reach
from .in_pieces import SMALL_PIECE_VOXELS, Pieces, share, slabs

#: What else helps, by role; a region is never resampled.
_OR_ALLOW = {
    "ground truth": " Or let it be resampled: in the panel under Advanced, in Python by resampleGroundTruth=True."
}


def _as_they_are(values: npt.NDArray) -> npt.NDArray:
    return values


@dataclass(frozen=True)
class Labels:
    """Labels somewhere.

    Args:
        values: (k, j, i) on ``grid``.
        grid: in world coordinates.
        name: of their node, for messages.
        role: what the node is, likewise: "ground truth" or "region".
        chosen: the labels that some of the values stand for.
    """

    values: npt.NDArray
    grid: Grid
    name: str
    role: str
    chosen: Callable[[npt.NDArray], npt.NDArray] = _as_they_are


def place(labels: Labels, onto: npt.NDArray, target: Grid, resample: bool) -> Pieces[None]:
    """Write the labels, where they are not 0, to ``onto`` (k, j, i) on ``target``.

    Args:
        resample: allow nearest-neighbour resampling from another lattice, and labels beyond the target.

    Raises:
        InputError: the lattices differ, or labels lie beyond ``target``, and ``resample`` is False.
    """
    common = overlap(labels.grid, target)
    if common is not None:
        yield from share(_copy(labels, onto, common), 0.0, 0.5)
        if not resample and not common.is_whole:
            yield from share(_check_nothing_beyond(labels, common), 0.5, 0.5)
    elif resample:
        yield from _resample(labels, onto, target)
    else:
        raise other_grid(labels.name, labels.role, labels.grid, target)


def other_grid(name: str, role: str, grid: Grid, volume_grid: Grid) -> InputError:
    """What to say of labels on another lattice."""
    return InputError(
        f"The {role} '{name}' lies on another grid than the volume. {role.capitalize()}: {grid}. "
        f"Volume: {volume_grid}.",
        f"Choose the one that belongs to this volume.{_OR_ALLOW.get(role, '')}",
    )


def _copy(labels: Labels, onto: npt.NDArray, common: Overlap) -> Pieces[None]:
    there, seen = onto[common.box], common.seen(labels.values)
    for piece in slabs(seen.shape):
        yield piece.start / len(seen)
        _add(labels.chosen(seen[piece]), there[piece])


def _add(some: npt.NDArray, there: npt.NDArray) -> None:
    np.copyto(there, some, where=some != 0)


def _check_nothing_beyond(labels: Labels, common: Overlap) -> Pieces[None]:
    everywhere = yield from share(_count(labels, labels.values), 0.0, 0.5)
    beyond = everywhere - (yield from share(_count(labels, common.seen(labels.values)), 0.5, 0.5))
    if beyond:
        raise InputError(
            f"{beyond} labelled voxels of the {labels.role} '{labels.name}' lie outside the volume.",
            f"Crop it to the volume, or choose the volume it belongs to.{_OR_ALLOW.get(labels.role, '')}",
        )


def _count(labels: Labels, values: npt.NDArray) -> Pieces[int]:
    count = 0
    for piece in slabs(values.shape):
        yield piece.start / len(values)
        count += int(np.count_nonzero(labels.chosen(values[piece])))
    return count


def _resample(labels: Labels, onto: npt.NDArray, target: Grid) -> Pieces[None]:
    """Slab by slab of what the labels can reach: VTK resamples a grid in one call."""
    source = np.empty(labels.values.shape, dtype=labels.chosen(labels.values[:1]).dtype)
    for piece in slabs(source.shape):
        yield 0.3 * piece.start / len(source)
        source[piece] = labels.chosen(labels.values[piece])
    image = oriented_image(source, labels.grid)
    part = reach(labels.grid, target)
    layers = part[0]
    for piece in slabs([one.stop - one.start for one in part], SMALL_PIECE_VOXELS):
        yield 0.3 + 0.7 * piece.start / (layers.stop - layers.start)
        box: Box = (slice(layers.start + piece.start, layers.start + piece.stop), part[1], part[2])
        resampled = slicer.vtkOrientedImageData()
        if not slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
            image, empty_image(target.part(box)), resampled, False
        ):
            raise InputError(
                f"The {labels.role} '{labels.name}' cannot be resampled onto the volume.",
                "Resample it in Slicer first.",
            )
        _add(image_array(resampled), onto[box])
