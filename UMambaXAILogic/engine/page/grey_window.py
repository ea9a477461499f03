"""Which intensities are shown from black to white."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Contrast-filled vessels, brain and bone apart.
CT_ANGIOGRAPHY_HU = (-100.0, 500.0)
#: An image that reaches this far below 0 is taken for CT in HU.
_CT_MINIMUM = -200.0
_PERCENTILES = (1.0, 99.8)


@dataclass(frozen=True)
class GreyWindow:
    """Linear window.

    Args:
        low: shown black.
        high: shown white.
    """

    low: float
    high: float

    def grey(self, array: npt.NDArray) -> npt.NDArray[np.uint8]:
        """Values as 8-bit grey."""
        scaled = (array.astype(np.float32) - self.low) * (255.0 / (self.high - self.low))
        return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def is_hounsfield(lowest: float, modality: str | None) -> bool:
    """Whether an image whose lowest value this is counts as CT numbers.

    Args:
        modality: DICOM modality where the file says.
    """
    return modality in (None, "CT") and lowest <= _CT_MINIMUM


def choose_window(image: npt.NDArray, modality: str | None = None) -> GreyWindow:
    """The CT angiography window for CT numbers, else the range that most voxels lie in.

    Args:
        image: (z, y, x), finite.
        modality: DICOM modality where the file says.
    """
    low, high = float(image.min()), float(image.max())
    if is_hounsfield(low, modality):
        return GreyWindow(*CT_ANGIOGRAPHY_HU)
    # Every 7th voxel is plenty for a window, and 7 divides no common matrix, so no row is preferred.
    values = image.reshape(-1)[::7]
    inside = values[values != low]  # constant padding would pull the window down
    if inside.size:
        low, high = (float(value) for value in np.percentile(inside, _PERCENTILES))
    return GreyWindow(low, high if high > low else low + 1.0)
