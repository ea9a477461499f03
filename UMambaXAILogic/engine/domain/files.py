"""A case's files go in, its row comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..case.name import case_name
from ..progress import Reporter
from ..request import Region
from ..volume_io import check_ground_truth, read_ground_truth, read_volume, region_mask
from .measure import measure_domain
from .row import DomainRow
from .settings import DomainSettings

#: Vessels fill 0.1 to 2 % of a head, and up to some 10 % of a crop around them.
LARGEST_VESSEL_SHARE = 0.25


def measure_files(
    volume: Path,
    *,
    case: str | None = None,
    mask: Path | None = None,
    vessels_are: str = "ground_truth",
    region: Region | None = None,
    series_uid: str | None = None,
    resample_mask: bool = False,
    modality: str | None = None,
    settings: DomainSettings | None = None,
    reporter: Reporter | None = None,
) -> DomainRow:
    """Read one case and measure it.

    Args:
        volume: NIfTI, NRRD, MHA/MHD file, or a folder with a DICOM series.
        case: its name; None: the file's.
        mask: label file on the volume's grid; values > 0 are vessel.
        vessels_are: whose, ``ground_truth`` or ``prediction``.
        region: intensities and diameters are limited to it.
        series_uid: which DICOM series of the folder, where it holds several.
        resample_mask: resample a mask that lies on another grid instead of refusing it.
        modality: for files that do not say; a DICOM series says so itself, and a phantom is CT.
        settings: None for the defaults.
        reporter: hears of stages and warnings.

    Raises:
        InputError: a file is missing, unreadable, ambiguous, or on another grid; the mask is an image.
        CancelledError: the user cancelled.
    """
    reporter = reporter or Reporter()
    reporter.check_cancelled()
    reporter.stage("read")
    image, facts = read_volume(volume, series_uid=series_uid)
    for warning in facts.warnings:
        reporter.warning(warning.code, warning.message)
    vessels = None
    if mask is not None:
        labels = read_ground_truth(mask, image.geometry, resample=resample_mask)
        check_ground_truth(labels, image, mask)
        vessels = labels > 0
        _warn_of_doubtful_mask(float(vessels.mean()), mask, reporter.warning)
    within = None if region is None else region_mask(region, image.geometry)
    reporter.check_cancelled()
    reporter.stage("metrics")
    return measure_domain(
        image,
        case=case or case_name(volume),
        vessels=vessels,
        vessels_are=vessels_are,
        modality=facts.modality or ("CT" if image.is_phantom else modality),
        rescale_type=facts.rescale_type,
        slice_gap_irregularity=facts.slice_gap_irregularity,
        region=within,
        settings=settings,
    )


def _warn_of_doubtful_mask(share: float, mask: Path, warn: Callable[[str, str], None]) -> None:
    if share == 0:
        warn("mask_empty", f"The mask {mask} has no voxel above 0: there are no vessels to measure.")
    elif share > LARGEST_VESSEL_SHARE:
        warn(
            "mask_covers_much",
            f"The mask {mask} marks {share:.0%} of the volume, and vessels are a few percent of any head: it may "
            "be the mask of something else. Its diameters and vessel intensities are measured as given.",
        )
