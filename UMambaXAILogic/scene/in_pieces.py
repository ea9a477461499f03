"""Work on whole volumes in pieces short enough for a window that stays alive between them.

A piece of work is a generator that yields the share of it that is done, 0-1, and returns its result. What is cheap to
refuse is refused before its first yield.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

ResultT = TypeVar("ResultT")
Pieces = Generator[float, None, ResultT]

#: Looked at between two turns of the event loop; where axes are stored in another order, that takes the longest.
PIECE_VOXELS = 4 * 2**20
#: The same where each voxel costs more: fractions are looked for, or another lattice is asked.
SMALL_PIECE_VOXELS = 2**20


def slabs(shape: Sequence[int], voxels: int = PIECE_VOXELS) -> list[slice]:
    """Runs along the first axis that together are all of it, of at most so many voxels, but at least one layer."""
    layers = max(1, voxels // max(1, int(np.prod(shape[1:]))))
    return [slice(first, min(first + layers, shape[0])) for first in range(0, shape[0], layers)]


def share(work: Pieces[ResultT], start: float, length: float) -> Pieces[ResultT]:
    """The same work as a part of more: what it yields lies between ``start`` and ``start + length``."""
    try:
        while True:
            yield start + length * next(work)
    except StopIteration as end:
        return end.value
    finally:
        work.close()


def in_turn(*works: Pieces[Any]) -> Pieces[list[Any]]:
    """Several works as one, all of the same share; what is cheap to refuse in any of them is refused at first.

    Returns:
        The results, in the order of the works.
    """
    try:
        for work in works:
            next(work)
        yield 0.0
        results = []
        for number, work in enumerate(works):
            results.append((yield from share(work, number / len(works), 1 / len(works))))
        return results
    finally:
        for work in works:
            work.close()


def holds_any(values: npt.NDArray) -> Pieces[bool]:
    """Whether a value (k, j, i) is not 0."""
    pieces = slabs(values.shape)
    for number, piece in enumerate(pieces):
        yield number / len(pieces)
        if values[piece].any():
            return True
    return False


def positive(values: npt.NDArray) -> Pieces[npt.NDArray[np.uint8]]:
    """1 where a value (k, j, i) is above 0."""
    mask = np.empty(values.shape, dtype=np.uint8)
    pieces = slabs(values.shape)
    for number, piece in enumerate(pieces):
        yield number / len(pieces)
        np.greater(values[piece], 0, out=mask[piece].view(bool))
    return mask
