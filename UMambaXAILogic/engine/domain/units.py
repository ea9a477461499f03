"""Are the values Hounsfield units?"""

from __future__ import annotations

from pathlib import Path

from ..volume import Volume
from ..volume_io import VolumeFacts, hounsfield_doubts
from .row import ARBITRARY_UNITS, HOUNSFIELD_UNITS

#: What nobody calls CT is taken for CT only with values that nothing else has: air.
AIR_HU = -500.0


def intensity_units(
    volume: Volume, modality: str | None, intensity_range: tuple[float, float], rescale_type: str | None = None
) -> str:
    """``HU`` for CT whose values can be Hounsfield units, else ``arbitrary``.

    Args:
        volume: the image.
        modality: such as ``CT``; None where nothing says so, and then values as low as air's are asked for.
        intensity_range: lowest and highest value.
        rescale_type: of a DICOM series.
    """
    if modality not in (None, "CT") or (modality is None and intensity_range[0] > AIR_HU):
        return ARBITRARY_UNITS
    facts = VolumeFacts(Path(), "", intensity_range, modality, rescale_type)
    return ARBITRARY_UNITS if hounsfield_doubts(volume, facts) else HOUNSFIELD_UNITS
