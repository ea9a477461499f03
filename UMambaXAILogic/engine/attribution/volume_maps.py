"""Maps that lie on the network grid as they are made, without windows to stitch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

FloatMap = npt.NDArray[np.float32]


@dataclass
class VolumeMaps:
    """See ``method.LayerMaps``.

    Args:
        maps: name -> non-negative map (z, y, x) of the network grid.
        own: the map of all together in [0, 1], where it is not their mean.
    """

    maps: Mapping[str, FloatMap]
    explained_windows: int
    forward_passes: int
    backward_passes: int
    details: Mapping[str, Any] = field(default_factory=dict)
    own: FloatMap | None = None

    @property
    def aliases(self) -> list[str]:
        """Names of the maps."""
        return list(self.maps)

    def on_network_grid(self, alias: str) -> FloatMap:
        """The map of that name."""
        return self.maps[alias]

    def combined(self) -> FloatMap | None:
        """See ``method.LayerMaps``."""
        return self.own
