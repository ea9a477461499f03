"""The voxels of the vessels, each with what is known of it, and their counts by any grouping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..alignment.overlap import ratio
from .surroundings import Surroundings

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class VesselVoxels:
    """Voxels of the reference in the evaluation region.

    Args:
        voxels: (n,) flat indices in the volume.
        nearest: (n,) index of the centreline point of each.
        found: (n,) whether it was predicted; None where the prediction is the reference.
        attention: (n,) None without a map.
    """

    voxels: npt.NDArray[np.intp]
    nearest: npt.NDArray[np.integer]
    found: BoolArray | None
    attention: npt.NDArray[np.float64] | None

    @classmethod
    def of(
        cls, reference: BoolArray, near: Surroundings, pm: BoolArray | None, attention: npt.NDArray[np.float32] | None
    ) -> VesselVoxels:
        """Those of ``near`` that lie in the reference.

        Args:
            reference: the mask that ``near`` surrounds.
            pm: the prediction, where it is not the reference.
        """
        inside = reference.reshape(-1)[near.voxels]
        voxels = near.voxels[inside]
        return cls(
            voxels,
            near.nearest[inside],
            None if pm is None else pm.reshape(-1)[voxels],
            None if attention is None else attention.reshape(-1)[voxels].astype(np.float64),
        )

    def by_group(self, groups: npt.NDArray[np.integer], count: int) -> list[dict[str, Any]]:
        """Voxels, mean attention and recall of every group.

        Args:
            groups: (n,) number of each voxel's group; -1 belongs to none.
            count: of groups.
        """
        member = groups >= 0

        def sums(values: npt.NDArray | None) -> npt.NDArray | None:
            return None if values is None else np.bincount(groups[member], values[member], minlength=count)

        voxels = np.bincount(groups[member], minlength=count)
        attention, found = sums(self.attention), sums(self.found)
        return [
            {
                "voxels": int(voxels[number]),
                "mean_attention": None if attention is None else ratio(attention[number], voxels[number]),
                "recall": None if found is None else ratio(found[number], voxels[number]),
            }
            for number in range(count)
        ]
