"""Fixed histogram bins: the same for every case ever measured, so that cohorts merge by adding counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_SMALLEST_EXPONENT = -12
_LARGEST_EXPONENT = 24
_PARTS_PER_OCTAVE = 32


@dataclass(frozen=True)
class Bins:
    """Bins that are named in files instead of listed.

    Args:
        name: stands for exactly these edges; other edges get another name.
        unit: of the edges.
        edges: ascending, (bins + 1,) float64. A value v belongs to bin i where edges[i] <= v < edges[i + 1].
    """

    name: str
    unit: str
    edges: npt.NDArray[np.float64] = field(repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def widths(self) -> npt.NDArray[np.float64]:
        """Width of every bin: quantiles are good to the width of the bin they lie in."""
        return np.diff(self.edges)

    def width_at(self, value: float) -> float:
        """Width of the bin that holds ``value``, or of the nearest one."""
        index = int(np.searchsorted(self.edges, value, side="right")) - 1
        return float(self.widths[min(max(index, 0), len(self) - 1)])


def _hounsfield_edges() -> npt.NDArray[np.float64]:
    """1 HU wide where soft tissue and contrast-filled vessels lie, 8 HU below, 16 HU above.

    CT numbers are whole; edges at halves keep each in the middle of its bin.
    """
    air_and_fat = np.arange(-1024.5, -200.5, 8)
    tissue_and_vessels = np.arange(-200.5, 599.5, 1)
    bone_and_metal = np.arange(599.5, 3079.6, 16)
    return np.concatenate([air_and_fat, tissue_and_vessels, bone_and_metal])


def _signed_octave_edges() -> npt.NDArray[np.float64]:
    """Every octave from 2^-12 to 2^24 in 32 equal parts, for both signs; one bin around 0.

    Arbitrary units may run from 0 to 1 or to 65,535, and nothing says which before a cohort is complete. Steps that
    grow with the value serve all of them: relative width 1.6 to 3.1 %, and exact for whole numbers up to 64.
    """
    octaves = [
        np.ldexp(1 + np.arange(_PARTS_PER_OCTAVE) / _PARTS_PER_OCTAVE, exponent)
        for exponent in range(_SMALLEST_EXPONENT, _LARGEST_EXPONENT)
    ]
    positive = np.concatenate([*octaves, [np.ldexp(1.0, _LARGEST_EXPONENT)]])
    return np.concatenate([-positive[::-1], positive])


#: CT numbers.
HOUNSFIELD = Bins("hounsfield-1", "HU", _hounsfield_edges())
#: Magnetic resonance, and whatever else has no units.
SIGNED_OCTAVES = Bins("signed-octaves-1", "arbitrary", _signed_octave_edges())
#: Vessel diameters: steps of 0.02 mm up to 60 mm, wider than any aneurysm.
DIAMETER = Bins("diameter-1", "mm", np.arange(3001) / 50.0)

BINS: Mapping[str, Bins] = {bins.name: bins for bins in (HOUNSFIELD, SIGNED_OCTAVES, DIAMETER)}
