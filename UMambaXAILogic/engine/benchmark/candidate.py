"""A map that is judged, and how the same would be made of another input or another network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..inference.explanation import Explained
from ..progress import Reporter

FloatMap = npt.NDArray[np.float32]

METHOD, BASELINE, GIVEN = "method", "baseline", "given"


@dataclass(frozen=True)
class Cost:
    """What a map costs.

    Args:
        seconds: on the wall.
        forward_passes, backward_passes: of the network, for one window each.
        peak_host_mb, peak_device_mb: largest memory of the process while it was made; None where it is not known.
    """

    seconds: float
    forward_passes: int
    backward_passes: int
    peak_host_mb: float | None
    peak_device_mb: float | None


@dataclass(frozen=True)
class Candidate:
    """A map that is judged.

    Args:
        name: as the user names it: ``seg-xres-cam@2``.
        title: in words.
        kind: ``method``, ``baseline``, or ``given`` for a map that came as a file.
        values: (z, y, x) on the network grid in [0, 1]; None where the map is constant.
        cost: None for maps that were given.
        settings: what the map was made with.
        last_layer: the map of the network's last decoder layer alone, where the method has one.
        remake: the same map of another input or network; None where nobody knows how it was made. It returns None
            where that map is constant.
    """

    name: str
    title: str
    kind: str
    values: FloatMap | None
    cost: Cost | None
    settings: dict[str, object]
    last_layer: FloatMap | None = None
    remake: Callable[[Explained, Reporter], FloatMap | None] | None = None
