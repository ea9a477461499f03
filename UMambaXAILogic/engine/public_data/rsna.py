"""RSNA Intracranial Aneurysm Detection (Kaggle 2025): the CT angiograms that have a vessel mask.

Layout, label values and known faults of the data: Documentation/public-data.md, sources R1 to R5.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import nibabel

from ..errors import UsageError
from ..volume import Volume
from ..volume_io import VolumeFacts, read_volume
from . import annotation, rsna_files
from .aliases import hashed_names, public_text
from .label_sets import RSNA_LABELS
from .lattice import labels_onto, nearest_lps
from .release_folder import find_release
from .rsna_localizers import FAR_MM, distances_mm
from .sample import Candidate, LeaveOut, LeftOut, Sample

#: Where images are taken from: the DICOM series, or the NIfTI files that lie beside the masks.
IMAGE_SOURCES = ("dicom", "nifti")
_MODALITY = "CTA"
_DICOM_MODALITY = "CT"
_EXPECTED = f"{rsna_files.TABLE}, {rsna_files.SEGMENTATIONS}/ and {rsna_files.SERIES}/"
#: Compressed size of a CT volume as a share of two bytes a voxel.
_COMPRESSED = 0.7


class RSNA:
    """The CT angiograms with vessel masks."""

    title = "RSNA Intracranial Aneurysm Detection (Kaggle 2025), CT angiograms with vessel masks"
    domain = "rsna-cta"
    raw_name = "RSNA_CTA"
    licence = "The rules of the Kaggle competition rsna-intracranial-aneurysm-detection, which every user accepts there"
    reference = "https://www.kaggle.com/competitions/rsna-intracranial-aneurysm-detection"
    labels = RSNA_LABELS

    def __init__(self, path: Path, image_source: str | None = None) -> None:
        """Look which cases there are; only tables are read.

        Args:
            path: the folder of the release, or one above or below it.
            image_source: one of ``IMAGE_SOURCES``; None takes ``dicom`` where there is a folder with series.

        Raises:
            InputError: it is no release, or its tables cannot be read.
            UsageError: ``dicom`` was asked for, and there are no series.
        """
        self.root = find_release(path, rsna_files.is_release, _EXPECTED)
        has_series = (self.root / rsna_files.SERIES).is_dir()
        if image_source == "dicom" and not has_series:
            raise UsageError(
                f"{self.root} has no folder {rsna_files.SERIES}/.",
                "Download the series, or take the images that lie beside the masks: --images nifti.",
            )
        self._source = image_source or ("dicom" if has_series else "nifti")
        self.choices: dict[str, Any] = {"images": self._source}
        rows = rsna_files.read_table(self.root)
        segmentations, other = rsna_files.find_segmentations(self.root)
        self.names = hashed_names({*(row.uid for row in rows), *segmentations}, "rsna")
        self._uids = {case: uid for uid, case in self.names.items()}
        self._rows = {row.uid: row for row in rows}
        self._localizers = rsna_files.read_localizers(self.root)
        self.candidates: list[Candidate] = []
        self.left_out: list[LeftOut] = []
        for uid in sorted(self.names, key=lambda uid: self.names[uid]):
            found = self._look(uid, segmentations.get(uid))
            if isinstance(found, Candidate):
                self.candidates.append(found)
            else:
                self.left_out.append(found)
        for file in other:
            name = self.public_text(file.name)
            self.left_out.append(LeftOut(name, "other_file", f"segmentations/{name} is no NIfTI file."))

    def read(self, candidate: Candidate) -> Sample:
        """See ``DataSet.read``."""
        uid = self._uids[candidate.case]
        image, mask = candidate.sources
        volume, facts = self._image(image, uid)
        released, mask_facts = read_volume(mask)
        if not mask_facts.orientation_known:
            raise LeaveOut("orientation_unknown", "its mask does not say how its axes lie in the patient.")
        known = Volume(annotation.known_labels(released.array, self.labels), released.geometry)
        labels, covered = labels_onto(known, volume.geometry)
        coordinates = annotation.coordinates_of(labels)
        region, _ = annotation.extent(coordinates, volume.geometry)
        region = region.within(covered)
        stray = annotation.count_outside(coordinates, region)
        annotation.check_sides(labels, coordinates, volume.geometry, self.labels)
        brightness = annotation.check_brightness(volume.array, labels, region)
        warnings = [(warning.code, warning.message) for warning in (*facts.warnings, *mask_facts.warnings)]
        if stray:
            warnings.append(
                (
                    "stray_labels",
                    f"{stray} of {len(coordinates)} labelled voxels lie apart from the rest, outside the region.",
                )
            )
        distances: list[float | None] = []
        if self._source == "dicom":
            distances = distances_mm(self._localizers.get(uid, []), image, coordinates, volume.geometry)
        far = [distance for distance in distances if distance is not None and distance > FAR_MM]
        if far:
            warnings.append(
                ("aneurysm_far_from_labels", f"A marked aneurysm lies {max(far):.3g} mm from every labelled voxel.")
            )
        return Sample(
            volume=volume,
            labels=labels,
            region=region,
            facts={
                "image_source": "DICOM" if self._source == "dicom" else "released NIfTI",
                "labelled_outside_region": stray,
                "aneurysm_present": self._rows[uid].aneurysm,
                "aneurysm_to_labels_mm": [None if value is None else round(value, 2) for value in distances],
                **brightness,
            },
            warnings=tuple(warnings),
        )

    def public_text(self, text: str) -> str:
        """See ``DataSet.public_text``."""
        return public_text(text, self.root, self.names)

    def _image(self, path: Path, uid: str) -> tuple[Volume, VolumeFacts]:
        volume, facts = read_volume(path, series_uid=uid if self._source == "dicom" else None)
        if facts.modality is not None and facts.modality != _DICOM_MODALITY:
            raise LeaveOut(
                "modality_tag", f"{rsna_files.TABLE} calls it {_MODALITY}, but its DICOM modality is {facts.modality}."
            )
        if not facts.orientation_known:
            raise LeaveOut("orientation_unknown", "its image does not say how its axes lie in the patient.")
        return nearest_lps(volume), facts

    def _look(self, uid: str, files: rsna_files.SegmentationFiles | None) -> Candidate | LeftOut:
        case, row = self.names[uid], self._rows.get(uid)
        if row is None:
            return LeftOut(case, "not_in_table", f"{rsna_files.TABLE} does not list it, so its modality is not known.")
        if row.modality != _MODALITY:
            return LeftOut(case, "other_modality", f"its modality is {row.modality}, not {_MODALITY}.")
        if files is None or not files.masks:
            return LeftOut(case, "no_mask", "it has no vessel mask.")
        if len(files.masks) > 1:
            return LeftOut(case, "several_masks", f"it has {len(files.masks)} vessel masks.")
        mask = files.masks[0]
        if self._source == "nifti":
            if len(files.images) != 1:
                there = "no NIfTI image" if not files.images else f"{len(files.images)} NIfTI images"
                return LeftOut(case, "no_image", f"it has {there} beside its mask.")
            return Candidate(case, (files.images[0], mask), _compressed_bytes(mask))
        folder = self.root / rsna_files.SERIES / uid
        if not folder.is_dir():
            return LeftOut(case, "no_image", f"its folder in {rsna_files.SERIES}/ is not there.")
        return Candidate(case, (folder, mask), _compressed_bytes(mask))


def _compressed_bytes(mask: Path) -> int:
    """What an image on the mask's grid takes, by the mask's header; 0 where that cannot be read."""
    try:
        shape = nibabel.Nifti1Image.from_filename(mask).shape
    except (OSError, ValueError, nibabel.filebasedimages.ImageFileError):
        return 0  # the reader will say what is wrong with it
    return int(math.prod(shape) * 2 * _COMPRESSED)
