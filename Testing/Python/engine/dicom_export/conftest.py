"""CT series with what their IOD requires, result folders of them, and the standard's tables of what is required."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from highdicom._standard_utils import get_iod_module_map, get_module_attribute_map, get_sop_class_iod_map
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from UMambaXAILogic.engine.volume import Volume
from UMambaXAILogic.engine.volume_io import read_volume, write_volume
from UMambaXAILogic.engine.voxel_identity import voxels_sha256

ROWS, COLUMNS = 6, 7
#: An axis that points nowhere near the patient's, and one across it.
ROW_DIRECTION = (0.36, 0.48, -0.8)
COLUMN_DIRECTION = (-0.8, 0.6, 0.0)
LABELS = {"background": 0, "BA": 1, "R-PCA": 2, "aneurysm": 5}


@pytest.fixture
def make_series(tmp_path: Path) -> Callable[..., Path]:
    """A folder with an oblique CT series; ``change(slice number, dataset)`` edits a slice before it is written."""

    def make(
        count: int = 5,
        *,
        name: str = "dicom",
        axes: Sequence[float] = (*ROW_DIRECTION, *COLUMN_DIRECTION),
        step_mm: float = 1.25,
        size: tuple[int, int] = (ROWS, COLUMNS),
        change: Callable[[int, pydicom.Dataset], Any] = lambda number, dataset: None,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        study, series, frame = (generate_uid() for _ in range(3))
        normal = np.cross(axes[:3], axes[3:])
        rng = np.random.default_rng(3)
        for number in range(count):
            meta = FileMetaDataset()
            meta.MediaStorageSOPClassUID = CTImageStorage
            meta.MediaStorageSOPInstanceUID = generate_uid()
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
            dataset.SpecificCharacterSet = "ISO_IR 100"
            dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
            dataset.PatientName, dataset.PatientID = "Müller^Änne", "pat-17"
            dataset.PatientBirthDate, dataset.PatientSex, dataset.PatientAge = "19500102", "F", "071Y"
            dataset.StudyInstanceUID, dataset.StudyDate, dataset.StudyTime = study, "20210304", "101112"
            dataset.StudyID, dataset.AccessionNumber, dataset.StudyDescription = "S1", "A77", "CTA head"
            dataset.ReferringPhysicianName = "Who^Doctor"
            dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.Modality = series, 4, "CT"
            dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = frame, ""
            dataset.Manufacturer, dataset.ManufacturerModelName = "Scanners Inc", "Spin 9"
            dataset.InstanceNumber = count - number  # the opposite of the spatial order
            position = np.array([-31.5, 12.25, 99.0]) + number * step_mm * normal
            dataset.ImagePositionPatient = [f"{value:.10g}" for value in position]
            dataset.ImageOrientationPatient = [f"{value:.10g}" for value in axes]
            dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.75], 1.0
            dataset.Rows, dataset.Columns = size
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
            dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
            dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
            dataset.PixelData = rng.integers(0, 2000, size, dtype="<i2").tobytes()
            change(number, dataset)
            dataset.save_as(folder / f"{(count - number):03d}.dcm", enforce_file_format=True)
        return folder

    return make


def metrics_of(volume: Volume, **changed: Any) -> dict[str, Any]:
    """The parts of metrics.json that an export reads."""
    return {
        "phantom": False,
        "input": {"voxels_sha256": voxels_sha256(volume.array)},
        "model": {
            "architecture": "UMambaBot",
            "trainer": "nnUNetTrainerUMambaBot",
            "configuration": "3d_fullres",
            "fold": [0, 1],
            "sha256": "ab" * 32,
            "labels": LABELS,
        },
        "target": {"label": 1, "name": "BA", "kind": "prediction", "score": "margin"},
        "attribution": {"method": "seg-xres-cam", "preset": None},
        "environment": {"package": "0.1.0", "torch": "2.13.0"},
        **changed,
    }


@pytest.fixture
def make_result(tmp_path: Path) -> Callable[..., Path]:
    """A result folder of a volume (default: a series), with random labels of ``LABELS`` and a random map."""

    def make(path: Path, *, name: str = "result", suffix: str = "nii.gz", **changed: Any) -> Path:
        volume, _ = read_volume(path)
        rng = np.random.default_rng(11)
        labels = rng.choice(np.array([0, 0, 0, 1, 2], dtype=np.uint8), volume.array.shape)
        labels[0] = 0
        attention = rng.random(volume.array.shape, dtype=np.float32) ** 3
        attention[:, 0] = 0
        folder = tmp_path / name
        folder.mkdir()
        metrics = metrics_of(volume, **changed)
        write_volume(labels, folder / f"segmentation.{suffix}", like=volume)
        if metrics["attribution"]:
            write_volume(attention, folder / f"attention.{suffix}", like=volume)
        (folder / "metrics.json").write_text(json.dumps(metrics))
        return folder

    return make


#: Functional groups are macros, each in the shared or the per-frame sequence; the tests look at them.
_FUNCTIONAL_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


def _violations(image: Dataset, used: set[str]) -> list[str]:
    """What is missing or empty, as ``module: path: what``.

    Args:
        used: keys of modules beyond the mandatory ones that must be complete too.
    """
    iod = get_sop_class_iod_map()[image.SOPClassUID]
    modules = get_iod_module_map()[iod]
    assert used <= {module["key"] for module in modules}
    found = []
    for module in modules:
        if module["usage"] != "M" and module["key"] not in used:
            continue
        for attribute in get_module_attribute_map()[module["key"]]:
            if attribute["type"] not in ("1", "2") or set(attribute["path"]) & set(_FUNCTIONAL_GROUPS):
                continue
            for item in _items(image, attribute["path"]):
                element = item.get(tag_for_keyword(attribute["keyword"]))
                where = f"{module['key']}: {'.'.join((*attribute['path'], attribute['keyword']))}"
                if element is None:
                    found.append(f"{where}: missing")
                elif attribute["type"] == "1" and element.is_empty:
                    found.append(f"{where}: empty")
    return found


def _items(image: Dataset, path: list[str]) -> list[Dataset]:
    items = [image]
    for keyword in path:
        items = [inner for outer in items for inner in outer.get(keyword, [])]
    return items


@pytest.fixture
def violations() -> Callable[[Dataset, set[str]], list[str]]:
    """What an object lacks of what its IOD requires, by the tables of the standard that come with highdicom.

    Of the modules that are mandatory, and of those that are used, every attribute of type 1 must be there with a value
    and every attribute of type 2 must be there, also inside sequences whose items are there. What is required under a
    condition (1C, 2C) is looked at in the tests one by one.
    """
    return _violations
