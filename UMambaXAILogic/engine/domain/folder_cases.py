"""The cases of a folder of volumes, each with its mask of a second folder. What is ambiguous is refused, and listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..cohort.manifest import ManifestCase, problems_error
from ..errors import InputError, UsageError
from ..volume_io.dicom_reader import list_series
from ..volume_io.facts import InputWarning
from ..volume_io.read import FORMATS

#: A volume's name may be followed, in its mask's name, by one of these and anything.
_SEPARATORS = ("_", "-", ".")
#: nnU-Net adds the number of the channel to the name of a case's volume, and not to that of its labels.
_NNUNET_CHANNEL = "_0000"
#: How masks that lie among the volumes are recognised.
_MASK_WORDS = {
    *("gt", "groundtruth", "label", "labels", "mask", "masks"),
    *("pred", "prediction", "seg", "segmentation", "vessel", "vessels"),
}
_MANIFEST_REMEDY = "Name the files of every case in a manifest (a CSV table with the columns case, volume and gt)."
#: Warning that masks are left over.
MASKS_WITHOUT_VOLUME = "masks_without_volume"


@dataclass(frozen=True)
class FolderCases:
    """What a folder holds.

    Args:
        cases: at least one, by name.
        warnings: volumes without a mask, masks without a volume.
    """

    cases: tuple[ManifestCase, ...]
    warnings: tuple[InputWarning, ...] = ()


def find_cases(path: Path, masks: Path | None = None) -> FolderCases:
    """The cases of a folder, or the one case that a volume's file or a DICOM folder is.

    Volumes are the NIfTI, NRRD and MetaImage files directly in the folder; where there are none, the folder is one
    DICOM series itself or each of its subfolders is. A mask belongs to the volume whose name it has, or begins with
    before ``_``, ``-`` or ``.`` and a letter: ``case7.nii.gz`` and ``case7_vessels.nrrd`` to ``case7.nii.gz``. The
    longest such name wins. ``case7.nii.gz`` is also the mask of ``case7_0000.nii.gz``, as nnU-Net names them.

    Args:
        path: folder, or a volume's file.
        masks: folder of masks, or the mask's file where ``path`` is one volume.

    Raises:
        InputError: no volume; two of the same name; masks among the volumes; a volume with several masks; no mask
            that fits.
        UsageError: ``masks`` is the folder of the volumes, or one file for several volumes.
    """
    volumes = _volumes(path)
    cases = tuple(ManifestCase(case, volume) for case, volume in volumes.items())
    if masks is None:
        _refuse_masks_among(volumes, path)
        return FolderCases(cases)
    if path.is_dir() and masks.is_dir() and masks.samefile(path):
        raise UsageError(f"{masks} was named for volumes and for masks.", "Put the masks into a folder of their own.")
    return match_masks(cases, masks)


def match_masks(cases: Sequence[ManifestCase], masks: Path) -> FolderCases:
    """Give each case the mask that has its name, as ``find_cases`` describes.

    Args:
        cases: without masks.
        masks: folder of masks, or the mask's file where there is one case.

    Raises:
        InputError: a case with several masks; a mask that fits several cases; no mask that fits.
        UsageError: one file for several cases.
    """
    if masks.is_file():
        if len(cases) > 1:
            raise UsageError(
                f"The mask {masks} is one file, and there are {len(cases)} volumes.", "Name a folder of masks."
            )
        return FolderCases(tuple(replace(case, ground_truth=masks) for case in cases))
    found, warnings = _match([case.case for case in cases], _files(masks, "folder of masks"), masks)
    return FolderCases(tuple(replace(case, ground_truth=found.get(case.case)) for case in cases), warnings)


def is_volume_file(path: Path) -> bool:
    """Whether the file's name ends like that of a volume."""
    return path.name.lower().endswith(tuple(FORMATS))


def _volumes(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {_stem(path): path}
    files = _files(path, "folder of volumes")
    if files:
        dicom = [file.name for file in path.iterdir() if file.suffix.lower() in (".dcm", ".ima")]
        if dicom:
            raise InputError(
                f"{path} holds volumes such as {files[0].name} and DICOM files such as {dicom[0]}.",
                "Put them into folders of their own.",
            )
        return _by_name(files, path)
    if list_series(path):
        return {path.resolve().name: path}
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    volumes = {folder.name: folder for folder in folders if list_series(folder)}
    if not volumes:
        raise InputError(
            f"{path} holds no volume: no file that ends in {', '.join(FORMATS)}, and no DICOM series in it or in a "
            "folder directly in it.",
            f"Name the folder that holds the volumes themselves. {_MANIFEST_REMEDY}",
        )
    return volumes


def _files(folder: Path, what: str) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if is_volume_file(file) and not file.name.startswith("."))
    except OSError as error:
        raise InputError(
            f"The {what} {folder} cannot be read: {error.strerror or error}.", "Check the path."
        ) from error


def _by_name(files: Sequence[Path], folder: Path) -> dict[str, Path]:
    named: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        named[_stem(file)].append(file)
    twice = [", ".join(file.name for file in same) for same in named.values() if len(same) > 1]
    if twice:
        raise problems_error(
            f"The folder {folder}, where a file's name is its case's,",
            [f"{names} would be the same case" for names in twice],
            "Leave one of each.",
        )
    return {case: same[0] for case, same in named.items()}


def _refuse_masks_among(volumes: Mapping[str, Path], folder: Path) -> None:
    pairs = [(name, base) for name in volumes if (base := _volume_of_mask(name, volumes)) is not None]
    if pairs:
        raise problems_error(
            f"The folder of volumes {folder}",
            [f"{volumes[name].name} looks like a mask of {volumes[base].name}" for name, base in pairs],
            "Put masks into a folder of their own and name it with --masks.",
        )


def _volume_of_mask(name: str, volumes: Mapping[str, Path]) -> str | None:
    """The volume whose name and a word for masks make up ``name``."""
    cut = max(name.rfind(separator) for separator in _SEPARATORS)
    if cut < 1 or name[cut + 1 :].lower() not in _MASK_WORDS:
        return None
    return next((base for base in (name[:cut], name[:cut] + _NNUNET_CHANNEL) if base in volumes), None)


def _match(
    cases: Sequence[str], masks: Sequence[Path], folder: Path
) -> tuple[dict[str, Path], tuple[InputWarning, ...]]:
    """The mask of each case, as far as there is one."""
    fitting: dict[str, list[Path]] = defaultdict(list)
    problems, unused = [], []
    for mask in masks:
        fits = _cases_of(_stem(mask), cases)
        if not fits:
            unused.append(mask.name)
        elif len(fits) > 1:
            problems.append(f"{mask.name} fits the volumes {' and '.join(fits)}")
        else:
            fitting[fits[0]].append(mask)
    problems += [
        f"the volume {case} has {len(found)} masks: {', '.join(mask.name for mask in found)}"
        for case, found in fitting.items()
        if len(found) > 1
    ]
    if problems:
        raise problems_error(f"The folder of masks {folder}", problems, f"Leave one of each. {_MANIFEST_REMEDY}")
    if not fitting:
        raise InputError(
            f"No mask of {folder} ({_some(unused) or 'which is empty'}) has the name of a volume ({_some(cases)}), or "
            "begins with it.",
            f"Rename the masks. {_MANIFEST_REMEDY}",
        )
    without = [case for case in cases if case not in fitting]
    warnings = []
    if without:
        message = f"{len(without)} of {len(cases)} volumes have no mask in {folder}: {_some(without)}."
        warnings.append(InputWarning("volumes_without_mask", f"{message} They are measured without vessels."))
    if unused:
        message = f"Masks of {folder} that fit no volume are not used: {_some(unused)}."
        warnings.append(InputWarning(MASKS_WITHOUT_VOLUME, message))
    return {case: found[0] for case, found in fitting.items()}, tuple(warnings)


def _cases_of(mask: str, cases: Sequence[str]) -> list[str]:
    """The cases with the longest name that the mask's name is or begins with."""
    fitting = [(length, case) for case in cases if (length := _common_length(mask, case))]
    longest = max((length for length, _ in fitting), default=0)
    return [case for length, case in fitting if length == longest]


def _common_length(mask: str, case: str) -> int:
    """How many characters the mask's name shares with the case's; 0 where it is not that case's."""
    if mask == case.removesuffix(_NNUNET_CHANNEL):
        return len(mask)
    rest = mask.removeprefix(case)
    # A number that follows names another case: case_1_2 is not a mask of case_1.
    fits = mask == case or (mask.startswith(case) and rest[0] in _SEPARATORS and rest[1:2].isalpha())
    return len(case) if fits else 0


def _stem(path: Path) -> str:
    ending = max((ending for ending in FORMATS if path.name.lower().endswith(ending)), key=len, default="")
    return path.name[: len(path.name) - len(ending)]


def _some(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
