"""What every attribution method offers, whatever it does inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ..inference.explanation import Explained
from ..methods.catalogue import MethodFacts
from ..methods.settings import MethodSettings
from ..progress import Reporter

if TYPE_CHECKING:
    from ..model.layers import Layer


class LayerMaps(Protocol):
    """Non-negative maps of one case, one per layer, before normalisation.

    Attributes:
        explained_windows: windows that were explained.
        forward_passes, backward_passes: of the network.
        details: what else metrics.json says about how the maps were made.
    """

    explained_windows: int
    forward_passes: int
    backward_passes: int
    details: Mapping[str, Any]

    @property
    def aliases(self) -> list[str]:
        """Names of the layers, in forward order."""

    def on_network_grid(self, alias: str) -> npt.NDArray[np.float32]:
        """One layer's map (z, y, x) on the network grid."""

    def combined(self) -> npt.NDArray[np.float32] | None:
        """The method's own map of all layers together, in [0, 1]; None where the mean of normalised maps is meant."""


@runtime_checkable
class MapsWithControl(Protocol):
    """Maps of a method that weighs places before it looks at them.

    Attributes:
        control: the same maps without that weight; None where the settings leave it out.
    """

    @property
    def control(self) -> LayerMaps | None:
        """See above."""


def control_of(maps: LayerMaps) -> LayerMaps | None:
    """The control that belongs to maps; None for most methods."""
    return maps.control if isinstance(maps, MapsWithControl) else None


class AttributionMethod(Protocol):
    """One method of the registry."""

    facts: MethodFacts

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> LayerMaps:
        """Maps of all layers.

        Raises:
            CancelledError: the user cancelled.
        """
