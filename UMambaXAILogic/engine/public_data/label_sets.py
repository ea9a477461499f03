"""What the label values of the public data sets mean, and which values nnU-Net gets instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: ``binary``: every label becomes ``vessel``. ``multiclass``: the released labels, renumbered without gaps.
LABEL_KINDS = ("binary", "multiclass")


@dataclass(frozen=True)
class LabelSet:
    """The labels of a released data set.

    Args:
        names: released value -> name, without background (0), in ascending order.
        sides: values of the same artery on the patient's right and left.
    """

    names: Mapping[int, str]
    sides: tuple[tuple[int, int], ...]

    def written_names(self, kind: str) -> dict[str, int]:
        """``labels`` of dataset.json: name -> value, without gaps, as nnU-Net needs them."""
        if kind == "binary":
            return {"background": 0, "vessel": 1}
        return {"background": 0, **{name: number for number, name in enumerate(self.names.values(), start=1)}}

    def written(self, labels: npt.NDArray[np.uint8], kind: str) -> npt.NDArray[np.uint8]:
        """Released values -> those of ``written_names``."""
        values = np.zeros(256, dtype=np.uint8)
        for number, released in enumerate(self.names, start=1):
            values[released] = 1 if kind == "binary" else number
        return values[labels]


#: Values as in the winner's conversion of the data set (see Documentation/public-data.md, source R2).
RSNA_LABELS = LabelSet(
    names={
        1: "Other Posterior Circulation",
        2: "Basilar Tip",
        3: "Right Posterior Communicating Artery",
        4: "Left Posterior Communicating Artery",
        5: "Right Infraclinoid Internal Carotid Artery",
        6: "Left Infraclinoid Internal Carotid Artery",
        7: "Right Supraclinoid Internal Carotid Artery",
        8: "Left Supraclinoid Internal Carotid Artery",
        9: "Right Middle Cerebral Artery",
        10: "Left Middle Cerebral Artery",
        11: "Right Anterior Cerebral Artery",
        12: "Left Anterior Cerebral Artery",
        13: "Anterior Communicating Artery",
    },
    sides=((3, 4), (5, 6), (7, 8), (9, 10), (11, 12)),
)

#: Values as in the organisers' evaluation code (source T2); 13 and 14 are not used.
TOPCOW_LABELS = LabelSet(
    names={
        1: "BA",
        2: "R-PCA",
        3: "L-PCA",
        4: "R-ICA",
        5: "R-MCA",
        6: "L-ICA",
        7: "L-MCA",
        8: "R-Pcom",
        9: "L-Pcom",
        10: "Acom",
        11: "R-ACA",
        12: "L-ACA",
        15: "3rd-A2",
    },
    sides=((2, 3), (4, 6), (5, 7), (8, 9), (11, 12)),
)
