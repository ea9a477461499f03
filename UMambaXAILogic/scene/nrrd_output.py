"""Voxels -> an uncompressed NRRD file, in pieces and straight from memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.volume import PHANTOM_DESCRIPTION

from .grid import Grid
from .in_pieces import Pieces, slabs

#: Written between two turns of the event loop: 0.03 s into memory that the operating system keeps for files.
PIECE_BYTES = 16 * 2**20
_NRRD_TYPES = {"f4": "float", "f8": "double"} | {
    f"{letter}{size}": f"{name}{8 * size}" for letter, name in (("i", "int"), ("u", "uint")) for size in (1, 2, 4, 8)
}
_RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])


def write_in_pieces(array: npt.NDArray, grid: Grid, path: Path, phantom: bool = False) -> Pieces[None]:
    """Write (k, j, i) on ``grid``; where that is not finished, nothing is left.

    Args:
        array: whole numbers or floating-point numbers.
        phantom: say in the file that it is no patient.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        with path.open("wb", buffering=0) as stream:
            _write_all(stream, memoryview(_header(array, grid, phantom)))
            for piece in slabs(array.shape, max(1, PIECE_BYTES // array.dtype.itemsize)):
                yield piece.start / len(array)
                _write_all(stream, memoryview(np.ascontiguousarray(array[piece])).cast("B"))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some space in the temporary folder and try again.",
        ) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write_all(stream: BinaryIO, content: memoryview) -> None:
    """An unbuffered stream may take less than it is given."""
    while content:
        content = content[cast(int, stream.write(content)) :]


def _header(array: npt.NDArray, grid: Grid, phantom: bool) -> bytes:
    """See https://teem.sourceforge.net/nrrd/format.html: fields to an empty line."""
    to_lps = _RAS_TO_LPS[:, None] * grid.ijk_to_ras[:3]
    fields = {
        "type": _NRRD_TYPES[array.dtype.str[1:]],
        "dimension": "3",
        "space": "left-posterior-superior",
        "sizes": " ".join(map(str, grid.size)),
        "space directions": " ".join(map(_vector, to_lps[:, :3].T)),
        "kinds": "domain domain domain",
        "endian": sys.byteorder,
        "encoding": "raw",
        "space origin": _vector(to_lps[:, 3]),
    }
    if phantom:
        fields["content"] = PHANTOM_DESCRIPTION
    lines = ["NRRD0004", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\n".join(lines) + "\n\n").encode("ascii")


def _vector(numbers: npt.NDArray) -> str:
    return "(" + ",".join(repr(float(number) + 0.0) for number in numbers) + ")"
