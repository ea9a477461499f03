"""From layer maps to one attention map: min-max over the whole volume, mean over layers, min-max."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..progress import Reporter
from .method import LayerMaps, control_of

FloatMap = npt.NDArray[np.float32]


def unit_range(layer_map: FloatMap) -> FloatMap | None:
    """Min-max to [0, 1] over the whole volume; None for a constant map, which says nothing.

    Args:
        layer_map: finite, any shape.
    """
    low, high = float(layer_map.min()), float(layer_map.max())
    if not high > low:
        return None
    normalised = (layer_map - np.float32(low)) / np.float32(high - low)
    return np.clip(normalised, 0, 1, out=normalised)


def control_attention(maps: LayerMaps) -> FloatMap | None:
    """The layer mean of the control that belongs to maps, in [0, 1]; None for methods without one."""
    control = control_of(maps)
    return None if control is None else AttentionMaps(control, Reporter()).mean()


class AttentionMaps:
    """Normalised maps on the network grid, made one at a time so that only one is in memory.

    A layer whose map is constant (all zero after ReLU, as a rule) is left out with a warning.

    Args:
        maps: of the layers, in forward order.
        reporter: told of layers that are left out.
        last_layer: alias of the network's last decoder layer.
    """

    def __init__(self, maps: LayerMaps, reporter: Reporter, last_layer: str | None = None) -> None:
        self._maps = maps
        self._reporter = reporter
        self._last_layer = last_layer
        self._useful: list[str] | None = None
        self._without_last: FloatMap | None = None

    def mean(self) -> FloatMap | None:
        """The attention map (z, y, x) in [0, 1], or None if no layer has a map."""
        total: FloatMap | None = None
        self._useful = []
        for alias in self._maps.aliases:
            normalised = self.layer(alias)
            if normalised is None:
                self._reporter.warning(
                    "layer_without_map",
                    f"{alias} has no positive attribution for this target; it is left out of the mean over layers.",
                )
                continue
            self._useful.append(alias)
            if alias == self._last_layer:
                self._without_last = None if total is None else unit_range(total)
            total = normalised if total is None else np.add(total, normalised, out=total)
        combined = self._maps.combined()
        if combined is not None:
            self._without_last = None
            return combined if combined.max() > combined.min() else None
        return None if total is None else unit_range(total)

    def mean_without_last_layer(self) -> FloatMap | None:
        """The same without the network's last decoder layer, whose map lies inside the prediction by construction.

        Known after ``mean``; None where that layer is not among the layers, is the only one, or the method has a
        mean of its own. Handed out once.
        """
        without_last, self._without_last = self._without_last, None
        return without_last

    @property
    def useful_layers(self) -> list[str]:
        """Layers that entered the mean; known after ``mean``."""
        assert self._useful is not None
        return self._useful

    def layer(self, alias: str) -> FloatMap | None:
        """One layer's map in [0, 1], or None if it is constant."""
        return unit_range(self._maps.on_network_grid(alias))
