"""Phase 1 of one case: a volume goes in, a row of fixed size comes out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..volume import Volume
from .bins import HOUNSFIELD, SIGNED_OCTAVES
from .blocks import BlockStatistics
from .body import find_tissue
from .kernels import block_sums
from .morphology import measure_morphology
from .noise import NoiseMeasurement, NoiseModel
from .patient_axes import patient_order
from .resolution import measure_resolution
from .row import (
    HOUNSFIELD_UNITS,
    PERCENTILES,
    DomainRow,
    IntensityStatistics,
    MorphologyStatistics,
    VesselIntensity,
)
from .settings import DomainSettings
from .slabs import Slabs
from .units import intensity_units
from .value_counts import Percentiles, ValueCounts
from .vessel_intensity import measure_vessel_intensity

BoolArray = npt.NDArray[np.bool_]


def measure_domain(
    volume: Volume,
    *,
    case: str,
    vessels: BoolArray | None = None,
    vessels_are: str = "ground_truth",
    modality: str | None,
    rescale_type: str | None = None,
    slice_gap_irregularity: float | None = None,
    region: BoolArray | None = None,
    settings: DomainSettings | None = None,
) -> DomainRow:
    """Intensity, resolution, noise and vessel morphology of one case, in patient space.

    The volume is read slab by slab, twice; memory beyond the volume and the masks does not grow with their size but
    for the vessels' bounding box.

    Args:
        volume: finite values, in any storage order, at least one voxel.
        case: its name.
        vessels: mask on the volume's grid, (z, y, x).
        vessels_are: ``ground_truth`` or ``prediction``.
        modality: such as ``CT``; None where nothing says so (see ``intensity_units``).
        rescale_type: of a DICOM series.
        slice_gap_irregularity: as the reader found it.
        region: intensities and diameters are limited to it, if it holds a voxel; noise and resolution are those of
            the scan.
        settings: None for the defaults.
    """
    settings = settings or DomainSettings()
    slabs = Slabs(volume, region)
    extremes = (float(volume.array.min()), float(volume.array.max()))
    units = intensity_units(volume, modality, extremes, rescale_type)
    window = settings.window_hu if units == HOUNSFIELD_UNITS else None
    counts, blocks = first_pass(slabs, window)
    percentiles = Percentiles(counts.by_key, PERCENTILES)
    noise_measurement = NoiseMeasurement(blocks, find_tissue(blocks, units), NoiseModel.of(units, modality))
    for layer, slab in slabs:
        percentiles.add(slabs.counted(layer, slab))
        noise_measurement.add(layer, slab)
    noise = noise_measurement.result()
    vessel: VesselIntensity | None = None
    morphology: MorphologyStatistics | None = None
    if vessels is not None:
        order = patient_order(volume.geometry)
        mask = order.apply(vessels)
        within = None if region is None else order.apply(region)
        spacing = slabs.geometry.spacing_mm[::-1]
        vessel = measure_vessel_intensity(order.apply(volume.array), mask, spacing, noise, within)
        morphology = measure_morphology(
            mask, spacing, vessels_are=vessels_are, region=within, isotropic_mm=settings.isotropic_mm
        )
    intensity = IntensityStatistics(
        window=window,
        in_window=counts.in_window,
        full=counts.moments,
        minimum=counts.extremes[0],
        maximum=counts.extremes[1],
        percentiles=percentiles.result(),
        histogram=counts.histogram(HOUNSFIELD if units == HOUNSFIELD_UNITS else SIGNED_OCTAVES),
        vessel=vessel,
    )
    return DomainRow(
        case=case,
        phantom=volume.is_phantom,
        modality=modality,
        units=units,
        region_voxels=None if region is None else int(np.count_nonzero(region)),
        intensity=intensity,
        resolution=measure_resolution(volume.geometry, slice_gap_irregularity),
        noise=noise,
        morphology=morphology,
    )


def first_pass(slabs: Slabs, window: tuple[float, float] | None) -> tuple[ValueCounts, BlockStatistics]:
    """Count all values, and sum them up in blocks."""
    counts = ValueCounts(window)
    shape = slabs.grid.counts
    sums = np.empty(shape)
    low, high = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for layer, slab in slabs:
        counts.add(slabs.counted(layer, slab))
        block_sums(slab, slabs.grid.voxels[1:], sums[layer], low[layer], high[layer])
    mean = (sums / slabs.grid.sizes).astype(np.float32)
    return counts, BlockStatistics(slabs.grid, mean, low, high)
