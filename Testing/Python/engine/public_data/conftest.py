"""Miniatures of the two releases: their folders, their names, their formats, heads of a few thousand voxels."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

#: Voxels of a miniature head along x, y, z, stored LPS.
SIZE = (24, 26, 18)
SPACING_MM = (0.8, 0.8, 1.5)
ORIGIN_LPS = (-9.6, -60.0, 100.0)
LUMEN_HU, BRAIN_HU, AIR_HU = 320, 36, -1000
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def affine_lps() -> np.ndarray:
    """4 x 4, voxel indices (x, y, z) to LPS mm."""
    affine = np.diag([*SPACING_MM, 1.0])
    affine[:3, 3] = ORIGIN_LPS
    return affine


def vessels(pairs: Sequence[tuple[int, int]], middle: int) -> np.ndarray:
    """Labels (x, y, z): each pair a rod on the patient's right (low x) and one on the left, and one in the middle."""
    labels = np.zeros(SIZE, dtype=np.uint8)
    for number, (right, left) in enumerate(pairs):
        y = 6 + 3 * number
        labels[7:10, y : y + 2, 5:12] = right
        labels[14:17, y : y + 2, 5:12] = left
    labels[11:13, 8:10, 4:13] = middle
    return labels


def head(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """CT numbers (x, y, z) of a head with these vessels, as int16."""
    noise = np.random.default_rng(seed).normal(0, 4, SIZE)
    values = np.full(SIZE, AIR_HU, dtype=float)
    values[2:-2, 2:-2, :] = BRAIN_HU
    values[labels > 0] = LUMEN_HU
    return np.round(values + noise).astype(np.int16)


def save_nifti(path: Path, array: np.ndarray, affine: np.ndarray | None = None, orientation: str = "LPS") -> Path:
    """Write an array (x, y, z) that lies at ``affine`` (LPS mm), stored in another order if asked."""
    lps = affine_lps() if affine is None else affine
    image = nibabel.Nifti1Image(array, _LPS_TO_RAS @ lps, dtype=array.dtype)
    turn = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(image.affine), nibabel.orientations.axcodes2ornt(orientation)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image.as_reoriented(turn), path)
    return path


def save_dicom(
    folder: Path,
    uid: str,
    array: np.ndarray,
    change: Callable[[int, pydicom.Dataset], None] = lambda number, dataset: None,
) -> list[str]:
    """Write an array (x, y, z) as an axial CT series; returns the SOP instance UIDs from the lowest slice up."""
    folder.mkdir(parents=True, exist_ok=True)
    sop_uids = []
    for number in range(array.shape[2]):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = f"{uid}.{number + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        dataset.Modality, dataset.SeriesInstanceUID, dataset.StudyInstanceUID = "CT", uid, "1.2.3.4.5.6"
        dataset.PatientID, dataset.PatientName, dataset.PatientAge = "P-4711", "Anonymous^Patient", "064Y"
        dataset.InstanceNumber = number + 1
        dataset.ImagePositionPatient = [*ORIGIN_LPS[:2], round(ORIGIN_LPS[2] + number * SPACING_MM[2], 6)]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = [SPACING_MM[1], SPACING_MM[0]]
        dataset.Columns, dataset.Rows = array.shape[:2]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
        stored = np.clip(array[:, :, number].T.astype(int) + 1024, 0, 65535)
        dataset.PixelData = np.ascontiguousarray(stored, dtype="<u2").tobytes()
        change(number, dataset)
        dataset.save_as(folder / f"{dataset.SOPInstanceUID}.dcm", enforce_file_format=True)
        sop_uids.append(str(dataset.SOPInstanceUID))
    return sop_uids


@dataclass
class RsnaRelease:
    """A miniature of the RSNA data that a test fills."""

    root: Path
    rows: list[dict[str, str]] = field(default_factory=list)
    localizers: list[dict[str, str]] = field(default_factory=list)
    labels: np.ndarray = field(default_factory=lambda: vessels([(3, 4), (9, 10), (11, 12)], 2))

    def uid(self, number: int) -> str:
        """Series instance UID of the case with this number."""
        return f"1.2.826.0.1.3680043.8.498.{10**20 + number}"

    def add(
        self,
        number: int,
        *,
        modality: str = "CTA",
        mask: np.ndarray | None | str = "vessels",
        mask_affine: np.ndarray | None = None,
        mask_orientation: str = "RAS",
        image: np.ndarray | None = None,
        folders: bool = False,
        series: bool = True,
        change: Callable[[int, pydicom.Dataset], None] = lambda number, dataset: None,
    ) -> str:
        """A series with DICOM slices, a NIfTI image and a mask; returns its UID."""
        uid = self.uid(number)
        self.rows.append(
            {
                "SeriesInstanceUID": uid,
                "PatientAge": "64",
                "PatientSex": "Female",
                "Modality": modality,
                "Aneurysm Present": str(number % 2),
            }
        )
        values = head(self.labels, seed=number) if image is None else image
        if series:
            self.sop_uids = save_dicom(self.root / "series" / uid, uid, values, change)
        if mask is not None:
            folder = self.root / "segmentations" / uid if folders else self.root / "segmentations"
            array = self.labels if isinstance(mask, str) else mask
            save_nifti(folder / f"{uid}_cowseg.nii", array, mask_affine, mask_orientation)
            save_nifti(folder / f"{uid}.nii", values, orientation="RAS")
        self.write_tables()
        return uid

    def localize(self, uid: str, x: float, y: float, z: int) -> None:
        """Mark an aneurysm at a pixel of a slice."""
        row = {"SeriesInstanceUID": uid, "SOPInstanceUID": f"{uid}.{z + 1}"}
        self.localizers.append({**row, "coordinates": f"{{'x': {x}, 'y': {y}}}", "location": "Basilar Tip"})
        self.write_tables()

    def write_tables(self) -> None:
        """train.csv and train_localizers.csv."""
        (self.root / "segmentations").mkdir(parents=True, exist_ok=True)
        for name, rows in (("train.csv", self.rows), ("train_localizers.csv", self.localizers)):
            if rows:
                with (self.root / name).open("w", newline="") as file:
                    writer = csv.DictWriter(file, list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)


@dataclass
class TopcowRelease:
    """A miniature of the TopCoW 2024 release that a test fills."""

    root: Path
    labels: np.ndarray = field(default_factory=lambda: vessels([(2, 3), (5, 7), (11, 12)], 15))

    def add(
        self,
        number: int,
        *,
        modality: str = "ct",
        mask: np.ndarray | None = None,
        box: str | None = "--- ROI Meta Data ---\nSize (Voxels): 12 12 8\nLocation (Voxels): 6 5 5\n",
        image: np.ndarray | None = None,
        orientation: str = "LPS",
        mask_orientation: str = "LPS",
        mask_affine: np.ndarray | None = None,
    ) -> str:
        """A case; returns its name."""
        case = f"topcow_{modality}_{number:03d}"
        for folder in ("imagesTr", "cow_seg_labelsTr", "roi_loc_labelsTr"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        values = head(self.labels, seed=number) if image is None else image
        labels = self.labels if mask is None else mask
        save_nifti(self.root / "imagesTr" / f"{case}_0000.nii.gz", values, orientation=orientation)
        save_nifti(self.root / "cow_seg_labelsTr" / f"{case}.nii.gz", labels, mask_affine, mask_orientation)
        if box is not None:
            (self.root / "roi_loc_labelsTr" / f"{case}.txt").write_text(box)
        return case


@pytest.fixture(scope="session")
def miniature() -> SimpleNamespace:
    """The functions and numbers that miniatures are made of."""
    return SimpleNamespace(
        vessels=vessels,
        head=head,
        save_nifti=save_nifti,
        affine_lps=affine_lps,
        size=SIZE,
        spacing_mm=SPACING_MM,
        lumen_hu=LUMEN_HU,
        brain_hu=BRAIN_HU,
    )


@pytest.fixture
def rsna(tmp_path: Path) -> RsnaRelease:
    """An RSNA release without cases."""
    return RsnaRelease(tmp_path / "rsna-intracranial-aneurysm-detection")


@pytest.fixture
def topcow(tmp_path: Path) -> TopcowRelease:
    """A TopCoW release without cases."""
    return TopcowRelease(tmp_path / "TopCoW2024_Data_Release")
