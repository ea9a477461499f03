"""What a SAM is shown: intensity window, percentile stretch of the foreground, local contrast within it.

The foreground is what lies above the lower end of the window; without a window, above the lowest value there is. One
stretch serves the whole volume, so that a tissue is as bright in one slice as in the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skimage.exposure import equalize_adapthist

#: Of the foreground, as black and white.
PERCENTILES = (0.5, 99.5)
CLAHE_TILES = 8
#: As OpenCV counts it: how many times the even count a bin of a tile's histogram may hold. 256 bins.
CLAHE_CLIP = 2.0
_BINS = 256
#: Share of the equalised image in the blend.
CLAHE_SHARE = 0.5


@dataclass(frozen=True)
class GreyScale:
    """From a volume's values to [0, 1].

    Args:
        floor: values above it are foreground.
        black, white: values that are stretched to 0 and 1.
    """

    floor: float
    black: float
    white: float

    def grey(self, values: npt.NDArray) -> npt.NDArray[np.float32]:
        """Values as grey in [0, 1]."""
        stretched = (values.astype(np.float32) - self.black) / max(self.white - self.black, 1e-6)
        return np.clip(stretched, 0, 1).astype(np.float32)

    def foreground(self, values: npt.NDArray) -> npt.NDArray[np.bool_]:
        """Where there is something to see: above the floor."""
        return values > self.floor


def choose_grey_scale(values: npt.NDArray, window: tuple[float, float] | None) -> GreyScale:
    """The window with the percentiles of its foreground as black and white.

    Args:
        values: the volume.
        window: lowest and highest value that matter; None: what there is above the lowest value.
    """
    floor, ceiling = (float(values.min()), float(values.max())) if window is None else window
    seen = np.clip(values[values > floor], floor, ceiling)
    if seen.size == 0:
        return GreyScale(floor, floor, ceiling)
    black, white = (float(value) for value in np.percentile(seen, PERCENTILES))
    return GreyScale(floor, black, white)


def slice_image(values: npt.NDArray, scale: GreyScale) -> npt.NDArray[np.float32]:
    """One slice as the network is shown it.

    Args:
        values: (rows, columns) of the volume.
        scale: of the volume.

    Returns:
        (rows, columns) in [0, 1]; contrast-limited histogram equalisation is blended in on the foreground only.
    """
    grey, foreground = scale.grey(values), scale.foreground(values)
    if not foreground.any() or grey.min() == grey.max():
        return grey
    tile = tuple(max(1, -(-size // CLAHE_TILES)) for size in grey.shape)
    equalised = equalize_adapthist(grey, kernel_size=tile, clip_limit=CLAHE_CLIP / _BINS, nbins=_BINS)
    blended = (1 - CLAHE_SHARE) * grey + CLAHE_SHARE * equalised.astype(np.float32)
    return np.where(foreground, blended, grey).astype(np.float32)
