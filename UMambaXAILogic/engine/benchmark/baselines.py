"""Maps that know nothing of the network: what an attribution has to beat.

``frangi`` is vesselness: Frangi, Niessen, Vincken, Viergever, "Multiscale vessel enhancement filtering", MICCAI 1998,
in ITK's generalised form (Antiga, "Generalizing vesselness", Insight Journal 2007), for bright vessels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import SimpleITK as sitk

from ..attribution.aggregation import unit_range
from ..inference.explanation import Explained
from .baseline_names import BASELINE_TITLES
from .candidate import FloatMap

#: Standard deviations of the Gaussians at which vessels are looked for: diameters of about 1 to 6 mm.
FRANGI_SCALES_MM = (0.5, 1.0, 1.5, 2.0)
#: Frangi's c, as a share of the intensity range: half of what a vessel's second derivatives come to.
_STRUCTURE = 0.25
#: Percentiles between which intensities are said to range.
_RANGE = (0.5, 99.5)


def random_map(case: Explained, seed: int) -> FloatMap | None:
    """White noise."""
    shape = case.mask[case.plan.valid].shape
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def intensity_map(case: Explained, seed: int) -> FloatMap | None:
    """The image itself."""
    return unit_range(_image(case))


def frangi_map(case: Explained, seed: int) -> FloatMap | None:
    """Vesselness: at every voxel the greatest over the scales."""
    values = _image(case)
    low, high = np.percentile(values, _RANGE)
    if not high > low:
        return None
    image = sitk.GetImageFromArray(values)
    z, y, x = case.spacing_mm
    image.SetSpacing((x, y, z))
    greatest: FloatMap | None = None
    for sigma_mm in FRANGI_SCALES_MM:
        # Derivatives shrink with the scale: times sigma squared, scales can be compared (Lindeberg 1998).
        smooth = sitk.SmoothingRecursiveGaussian(image, sigma_mm) * sigma_mm**2
        objectness = sitk.ObjectnessMeasure(
            smooth, objectDimension=1, brightObject=True, gamma=_STRUCTURE * float(high - low)
        )
        found = sitk.GetArrayFromImage(objectness).astype(np.float32)
        greatest = found if greatest is None else np.maximum(greatest, found, out=greatest)
    assert greatest is not None
    return unit_range(greatest)


def prediction_map(case: Explained, seed: int) -> FloatMap | None:
    """The explained voxels themselves: 1 in M, 0 elsewhere."""
    return unit_range(case.mask[case.plan.valid].numpy().astype(np.float32))


_MAKERS: Mapping[str, Callable[[Explained, int], FloatMap | None]] = {
    "random": random_map,
    "intensity": intensity_map,
    "frangi": frangi_map,
    "prediction": prediction_map,
}
#: By name: title, and how it is made.
BASELINES: Mapping[str, tuple[str, Callable[[Explained, int], FloatMap | None]]] = {
    name: (title, _MAKERS[name]) for name, title in BASELINE_TITLES.items()
}


def _image(case: Explained) -> FloatMap:
    """The first channel, without padding."""
    return np.ascontiguousarray(case.data[0][case.plan.valid].numpy(), dtype=np.float32)
