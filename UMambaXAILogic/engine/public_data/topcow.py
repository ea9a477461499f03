"""TopCoW 2024 (CT angiograms): images, labels of 13 arteries of the Circle of Willis, one box of interest a case.

Layout and file contents: Documentation/public-data.md, sources T1 to T5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..grids import orientation_code
from ..volume import Volume
from ..volume_io import read_volume
from . import annotation
from .aliases import public_text
from .box import Box, whole
from .label_sets import TOPCOW_LABELS
from .lattice import labels_onto
from .nnunet_raw import can_link
from .release_folder import find_release
from .sample import Candidate, LeaveOut, LeftOut, Sample

IMAGES, LABELS, BOXES = "imagesTr", "cow_seg_labelsTr", "roi_loc_labelsTr"
_EXPECTED = f"the folders {IMAGES}/, {LABELS}/ and {BOXES}/"
_IMAGE_NAME = re.compile(r"topcow_(ct|mr)_(\d+)_0000\.nii\.gz")
_LABEL_NAME = re.compile(r"(topcow_(?:ct|mr)_\d+)(\.nii\.gz|\.txt)")
_BOX_LINE = re.compile(r"^\s*(Size|Location)\s*\(Voxels\)\s*:\s*(-?\d+)\s+(-?\d+)\s+(-?\d+)\s*$", re.MULTILINE)


class TopCoW:
    """The CT part of a TopCoW 2024 release."""

    title = "TopCoW 2024, CT angiograms"
    domain = "topcow-ct"
    raw_name = "TopCoW_CT"
    licence = "Open use with the source named; commercial use with the data owner's permission (licence of the release)"
    reference = "https://doi.org/10.5281/zenodo.15692630; arXiv:2312.17670"
    labels = TOPCOW_LABELS

    def __init__(self, path: Path, output: Path) -> None:
        """Look which cases there are; nothing is read.

        Args:
            path: the folder of the release, or one above or below it.
            output: where results will go.

        Raises:
            InputError: it is no TopCoW release, or has no CT image.
        """
        self.root = find_release(path, _is_release, _EXPECTED)
        self.choices: dict[str, Any] = {}
        self.candidates: Sequence[Candidate]
        self.left_out: Sequence[LeftOut]
        self.candidates, self.left_out = self._cases(output)

    def read(self, candidate: Candidate) -> Sample:
        """See ``DataSet.read``."""
        image, label_file, box_file = candidate.sources
        volume, facts = read_volume(image)
        if not facts.orientation_known or (code := orientation_code(volume.geometry)) != "LPS":
            stored = code if facts.orientation_known else "not named"
            raise LeaveOut(
                "not_lps",
                f"its image's orientation is {stored}; the release is stored LPS, and its boxes count voxels that way.",
            )
        released, label_facts = read_volume(label_file)
        if not label_facts.orientation_known:
            raise LeaveOut("orientation_unknown", "its mask does not say how its axes lie in the patient.")
        known = Volume(annotation.known_labels(released.array, self.labels), released.geometry)
        labels, covered = labels_onto(known, volume.geometry)
        coordinates = annotation.coordinates_of(labels)
        region, warnings = _region(box_file, volume.geometry.shape)
        region = region.within(covered)
        outside = annotation.count_outside(coordinates, region)
        if outside == len(coordinates):
            raise LeaveOut("box_without_labels", "its box of interest holds none of its labelled voxels.")
        annotation.check_sides(labels, coordinates, volume.geometry, self.labels)
        brightness = annotation.check_brightness(volume.array, labels, region)
        read_warnings = [(warning.code, warning.message) for warning in (*facts.warnings, *label_facts.warnings)]
        return Sample(
            volume=volume,
            labels=labels,
            region=region,
            original=image,
            facts={"image_source": "released NIfTI", "labelled_outside_region": outside, **brightness},
            warnings=(*warnings, *read_warnings),
        )

    def public_text(self, text: str) -> str:
        """See ``DataSet.public_text``."""
        return public_text(text, self.root, {})

    def _cases(self, output: Path) -> tuple[list[Candidate], list[LeftOut]]:
        candidates, left_out = [], []
        images = {}
        for path in sorted((self.root / IMAGES).iterdir()):
            found = _IMAGE_NAME.fullmatch(path.name)
            if found is None:
                left_out.append(LeftOut(path.name, "other_file", f"{IMAGES}/{path.name} is not named like an image."))
                continue
            images[path.name.removesuffix("_0000.nii.gz")] = (found[1], path)
        if not any(modality == "ct" for modality, _ in images.values()):
            raise InputError(
                f"{self.root / IMAGES} holds no image named topcow_ct_###_0000.nii.gz ({len(images)} of other "
                "modalities).",
                "Name the folder of the TopCoW 2024 release.",
            )
        for case, (modality, image) in images.items():
            files = (self.root / LABELS / f"{case}.nii.gz", self.root / BOXES / f"{case}.txt")
            missing = [f"{file.parent.name}/{file.name}" for file in files if not file.is_file()]
            if modality == "mr":
                left_out.append(LeftOut(case, "other_modality", "it is a MR angiogram, not a CT angiogram."))
            elif missing:
                left_out.append(LeftOut(case, "file_missing", f"{' and '.join(missing)} is not there."))
            else:
                size = 0 if can_link(image, output) else image.stat().st_size
                candidates.append(Candidate(case, (image, *files), size))
        left_out += self._without_image(set(images))
        return candidates, left_out

    def _without_image(self, images: set[str]) -> list[LeftOut]:
        found = []
        for folder in (LABELS, BOXES):
            for path in sorted((self.root / folder).iterdir()):
                name = _LABEL_NAME.fullmatch(path.name)
                if name is None:
                    reason = f"{folder}/{path.name} is not named like a file of a case."
                    found.append(LeftOut(path.name, "other_file", reason))
                elif name[1] not in images:
                    found.append(LeftOut(name[1], "no_image", f"{folder}/{path.name} has no image."))
        validation = self.root / "imagesVal"
        for path in sorted(validation.iterdir()) if validation.is_dir() else ():
            case = path.name.removesuffix("_0000.nii.gz")
            found.append(LeftOut(case, "no_labels_released", "it is a validation image, released without labels."))
        return found


def _is_release(folder: Path) -> bool:
    return all((folder / name).is_dir() for name in (IMAGES, LABELS, BOXES))


def _region(box_file: Path, shape: tuple[int, int, int]) -> tuple[Box, list[tuple[str, str]]]:
    """The box of interest of a case, as voxels of an image of ``shape`` (z, y, x), and warnings.

    Sizes count voxels along x, y, z; locations are the lowest x, y, z, from 0 (source T1).

    Raises:
        LeaveOut: the file does not give one box inside the image.
    """
    try:
        lines = _BOX_LINE.findall(box_file.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise LeaveOut("box_unreadable", f"its box file cannot be read: {error.strerror or error}.") from error
    given = {name: np.array([int(number) for number in numbers]) for name, *numbers in lines}
    if len(lines) != 2 or len(given) != 2:
        raise LeaveOut(
            "box_unreadable", f"{BOXES}/{box_file.name} has not one line 'Size (Voxels):' and one 'Location (Voxels):'."
        )
    low, size = given["Location"], given["Size"]
    stated = f"size {tuple(size.tolist())} at {tuple(low.tolist())}"
    if size.min() < 1 or low.min() < 0 or (low >= shape[::-1]).any():
        raise LeaveOut("box_outside", f"its box ({stated}) does not begin inside its image of {shape[::-1]} voxels.")
    low, high = low[::-1], (low + size)[::-1]
    box = Box((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))
    cut = box.within(whole(shape))
    if cut == box:
        return box, []
    message = f"Its box ({stated}) reaches beyond its image of {shape[::-1]} voxels and was cut at the border."
    return cut, [("box_cut", message)]
