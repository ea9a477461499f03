"""Whether the arrays of a case fit the memory it may use, asked before the long computation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .errors import MemoryExhaustedError

_GIB = 2**30


def volume_bytes(
    input_shape: Sequence[int], network_shape: Sequence[int], heads: int, layers: int, resampled: bool
) -> int:
    """Host memory (bytes) of all arrays of a volume's size that are alive at once, at the worst moment.

    Two moments compete: export of the logits (float16 on the network grid twice, and where they are resampled
    in float64 one class at a time on the input grid), and explanation (logits, data and one float32 map a layer).

    Args:
        input_shape: (z, y, x) of the input.
        network_shape: (z, y, x) of the network grid.
        heads: segmentation heads.
        layers: explained layers.
        resampled: the two grids differ.
    """
    network, image = math.prod(network_shape), math.prod(input_shape)
    held = 4 * network + 4 * image + 2 * heads * network
    export = 2 * heads * network
    if resampled:
        export += 8 * heads * network + 2 * heads * image + 8 * image
    explain = 4 * layers * network + 4 * network + 12 * max(network, image)
    return held + max(export, explain)


def check_memory(
    input_shape: Sequence[int],
    network_shape: Sequence[int],
    heads: int,
    layers: int,
    memory_limit_gb: float | None,
) -> None:
    """Refuse a case whose volumes alone do not fit.

    Raises:
        MemoryExhaustedError: they need more than ``memory_limit_gb``, or more than is free where no limit is given.
    """
    import psutil

    needed = volume_bytes(
        input_shape,
        network_shape,
        heads,
        layers,
        tuple(input_shape) != tuple(network_shape),
    )
    limit = psutil.virtual_memory().available if memory_limit_gb is None else int(memory_limit_gb * _GIB)
    if needed > limit:
        what = "is free" if memory_limit_gb is None else "was allowed"
        raise MemoryExhaustedError(
            f"The arrays of this volume ({'x'.join(map(str, network_shape))} voxels on the network's grid) need about "
            f"{needed / _GIB:.3g} GB of memory, and {limit / _GIB:.3g} GB {what}.",
            "Crop the volume to the vessels, explain fewer layers, or allow more memory.",
        )
