"""A phantom cohort as files: NIfTI volumes and masks, and one manifest."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..atomic import write_text
from ..errors import UsageError
from ..progress import Reporter
from ..volume import PHANTOM_DESCRIPTION, Volume
from .cohorts import cohort_recipe
from .phantom import make_phantom

MANIFEST_NAME = "manifest.csv"


def write_cohort(
    cohort: str,
    count: int,
    seed: int,
    folder: Path,
    size: str = "default",
    reporter: Reporter | None = None,
) -> Path:
    """Generate a cohort into ``folder``: ``volumes/``, ``masks/`` and one manifest at the top.

    The manifest has the columns case, volume, gt, domain; its paths are relative to it, with forward slashes. It is
    written last, so that a folder with a manifest is complete.

    Args:
        cohort: ``source`` or ``target``.
        count: number of cases, at least 1.
        seed: of the cohort; the cases' own seeds follow from it (``case_seed``).
        folder: created if missing; files of the same names are replaced.
        size: ``default`` or ``full``.
        reporter: told of progress after each case; may cancel between cases.

    Returns:
        Path of the manifest.

    Raises:
        UsageError: an argument is not valid, or the folder cannot be made.
        CancelledError: the reporter asked to stop; no manifest is written.
        OSError: the folder cannot be written.
    """
    cohort_recipe(cohort)
    if count < 1:
        raise UsageError(f"A cohort of {count} phantoms was asked for.", "Ask for at least 1.")
    reporter = reporter or Reporter()
    case_seed(seed, 1)  # refused before anything is written
    try:
        for name in ("volumes", "masks"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The output folder {folder} cannot be written: {error.strerror or error}.",
            "Choose another folder, or ask for write access.",
        ) from error
    rows = []
    for number in range(1, count + 1):
        reporter.check_cancelled()
        case = f"phantom_{cohort}_{number:04d}"
        phantom = make_phantom(cohort, case_seed(seed, number), size)
        volume, mask = f"volumes/{case}.nii.gz", f"masks/{case}_vessels.nii.gz"
        write_volume(phantom.image, folder / volume)
        write_volume(phantom.mask, folder / mask)
        rows.append((case, volume, mask, cohort))
        reporter.progress(number / count)
    manifest = folder / MANIFEST_NAME
    write_text(manifest, _as_csv(rows))
    return manifest


def case_seed(cohort_seed: int, number: int) -> int:
    """Seed of one case of a cohort; cohorts of different seeds share no case.

    Args:
        cohort_seed: at least 0.
        number: of the case, from 1.

    Raises:
        UsageError: the cohort's seed is negative.
    """
    if cohort_seed < 0:
        raise UsageError(f"The seed {cohort_seed} is negative.", "Give 0 or a positive whole number.")
    return int(np.random.SeedSequence([cohort_seed, number]).generate_state(1, np.uint64)[0])


def write_volume(volume: Volume, path: Path) -> None:
    """Write a phantom's volume as NIfTI whose header says that it is one; complete or not at all.

    Args:
        volume: image or mask.
        path: ending in ``.nii.gz``.

    Raises:
        OSError: the folder cannot be written.
    """
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing(volume.geometry.spacing_mm)
    image.SetOrigin(volume.geometry.origin_mm)
    image.SetDirection(volume.geometry.direction)
    image.SetMetaData("ITK_FileNotes", PHANTOM_DESCRIPTION)
    temporary = path.with_name(f".{path.name.removesuffix('.nii.gz')}.part.nii.gz")
    try:
        sitk.WriteImage(image, str(temporary), useCompression=True)
        temporary.replace(path)
    except RuntimeError as error:
        raise OSError(f"{path} cannot be written: {str(error).strip().splitlines()[-1]}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _as_csv(rows: list[tuple[str, str, str, str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("case", "volume", "gt", "domain"))
    writer.writerows(rows)
    return text.getvalue()
