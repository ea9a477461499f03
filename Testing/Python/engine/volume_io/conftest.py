"""Grids of every kind, and files made by other programs' code."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import strategies as st
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from UMambaXAILogic.engine.volume import Geometry


def _rotation(angles: Sequence[float]) -> np.ndarray:
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        i, j = [other for other in range(3) if other != axis]
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


@st.composite
def _geometries(draw: st.DrawFn) -> Geometry:
    # Rounded, because ITK does not invert a direction with elements such as 1e-309.
    turn = _rotation(tuple(round(angle, 9) for angle in draw(st.tuples(*[st.floats(-3.1, 3.1)] * 3))))
    order = draw(st.sampled_from(list(permutations(range(3)))))
    signs = draw(st.sampled_from(list(product((-1.0, 1.0), repeat=3))))
    direction = turn[:, order] * signs
    spacing = draw(st.tuples(*[st.floats(0.1, 6.0)] * 3))
    origin = draw(st.tuples(*[st.floats(-300, 300)] * 3))
    size = draw(st.tuples(*[st.integers(2, 6)] * 3))
    return Geometry(size, spacing, origin, tuple(float(value) for value in direction.ravel()))


@pytest.fixture(scope="session")
def geometries() -> st.SearchStrategy[Geometry]:
    """Oblique, permuted, left-handed and anisotropic grids of a few voxels."""
    return _geometries()


@pytest.fixture(scope="session")
def oblique() -> Geometry:
    """One oblique, left-handed, anisotropic grid."""
    direction = _rotation((0.2, -0.1, 0.3))[:, [0, 2, 1]]
    return Geometry((6, 5, 4), (0.7, 1.1, 1.9), (-12.5, 33.0, 101.25), tuple(float(v) for v in direction.ravel()))


@pytest.fixture(scope="session")
def sitk_image() -> Callable[[np.ndarray, Geometry], sitk.Image]:
    """A SimpleITK image from an array (z, y, x) and a grid."""

    def make(array: np.ndarray, geometry: Geometry) -> sitk.Image:
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(geometry.spacing_mm)
        image.SetOrigin(geometry.origin_mm)
        image.SetDirection(geometry.direction)
        return image

    return make


@pytest.fixture
def nifti_file(tmp_path: Path) -> Callable[..., Path]:
    """A NIfTI file of 7 x 6 x 5 voxels whose header fields are then overwritten: ``edits`` are (byte, type, value)."""

    def make(
        *edits: tuple[int, str, Any], array: np.ndarray | None = None, affine: np.ndarray | None = None, name="case.nii"
    ) -> Path:
        if array is None:
            array = np.arange(210, dtype=np.int16).reshape(7, 6, 5)
        image = nibabel.Nifti1Image(
            array, np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine, dtype=array.dtype
        )
        path = tmp_path / name
        nibabel.save(image, path)
        if edits:
            raw = bytearray(path.read_bytes())
            for offset, kind, value in edits:
                struct.pack_into("<" + kind, raw, offset, value)
            path.write_bytes(raw)
        return path

    return make


@pytest.fixture
def dicom_folder(tmp_path: Path) -> Callable[..., Path]:
    """Adds a CT series to a folder; ``change(slice number, dataset)`` edits a slice before it is written."""

    def make(
        count: int = 5,
        *,
        name: str = "dicom",
        uid: str | None = None,
        step_mm: Sequence[float] = (0.0, 0.0, 2.5),
        axes: Sequence[float] = (1, 0, 0, 0, 1, 0),
        description: str = "head",
        change: Callable[[int, pydicom.Dataset], Any] = lambda number, dataset: None,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        uid = uid or generate_uid()
        for number in range(count):
            meta = FileMetaDataset()
            meta.MediaStorageSOPClassUID = CTImageStorage
            meta.MediaStorageSOPInstanceUID = generate_uid()
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
            dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
            dataset.Modality, dataset.SeriesInstanceUID, dataset.SeriesDescription = "CT", uid, description
            dataset.StudyInstanceUID, dataset.PatientName, dataset.PatientID = "1.2.3", "Phantom", "0"
            dataset.InstanceNumber = count - number  # the opposite of the spatial order
            dataset.ImagePositionPatient = [round(-20.0 + number * step, 6) for step in step_mm]
            dataset.ImageOrientationPatient = list(axes)
            dataset.PixelSpacing = [0.5, 0.75]  # between rows (y), between columns (x)
            dataset.Rows, dataset.Columns = 6, 7
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
            dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
            dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
            dataset.PixelData = (np.arange(42, dtype="<i2").reshape(6, 7) + 100 * number).tobytes()
            change(number, dataset)
            dataset.save_as(folder / f"{uid[-6:]}_{(number * 7) % count:03d}.dcm", enforce_file_format=True)
        return folder

    return make
