"""What a factor is: one thing in which two scanners differ, done to one volume."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ..volume import Geometry, Volume
from .grid_steps import GridStep


@dataclass(frozen=True)
class CaseAnchors:
    """What interventions on one case have in common, so that all its coalitions are comparable.

    Args:
        centre_mm: LPS position that a smaller field of view is centred on.
        seed: of the noise; the same draw in every coalition that has the same grid.
    """

    centre_mm: tuple[float, float, float]
    seed: int


@dataclass(frozen=True)
class Factor(ABC):
    """One intervention of known strength.

    Images are float32 in the volume's own units; a factor changes the values or the grid's box, never what the
    remaining voxels mean.
    """

    #: Name in options and results, such as ``slice_spacing``.
    key: ClassVar[str]
    #: Whether its arithmetic alone, at zero strength, changes values by rounding; else its control is the case itself.
    rounds: ClassVar[bool] = False

    @abstractmethod
    def acts_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """Whether it changes anything on a volume with this grid."""

    @abstractmethod
    def change(self, volume: Volume, anchors: CaseAnchors) -> Volume:
        """The volume after the intervention, float32."""

    @abstractmethod
    def approximate_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """Whether the other scanner is only approximated: what it shows more than this volume has to be made up."""

    def step(self, geometry: Geometry, anchors: CaseAnchors) -> GridStep | None:
        """The change of grid; None where the grid stays."""
        return None

    def at_zero_strength(self, volume: Volume) -> Volume:
        """The volume sent through the same arithmetic forth and back."""
        return volume
