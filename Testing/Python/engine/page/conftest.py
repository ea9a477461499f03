"""A case folder as ``explain`` leaves it, made from arrays."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.alignment import CaseMeasurement, write_slices_csv
from UMambaXAILogic.engine.vessel_readout import VesselReadout
from UMambaXAILogic.engine.volume import Geometry

SHAPE = (9, 24, 30)


def save(array: np.ndarray, geometry: Geometry, path: Path) -> Path:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(geometry.spacing_mm)
    image.SetOrigin(geometry.origin_mm)
    image.SetDirection(geometry.direction)
    sitk.WriteImage(image, str(path))
    return path


@dataclass(frozen=True)
class CaseOnDisk:
    folder: Path
    volume: Path
    ground_truth: Path
    metrics: dict[str, Any]

    def change(self, **fields: Any) -> None:
        """Replace fields of metrics.json."""
        self.metrics.update(fields)
        (self.folder / "metrics.json").write_text(json.dumps(self.metrics))


@pytest.fixture
def make_case(tmp_path) -> Callable[..., CaseOnDisk]:
    """Writes a case: vessels along x, half of them predicted."""

    def make(
        name: str = "case-1", with_gt: bool = True, predicted: bool = True, spacing_mm=(0.5, 0.5, 1.5)
    ) -> CaseOnDisk:
        geometry = Geometry(SHAPE[::-1], spacing_mm, (-3.0, -4.0, 10.0))
        gt, pm = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
        gt[2:7, 10:14, 4:26] = True
        if predicted:
            pm[2:5, 10:14, 4:28] = True
        image = np.where(gt, 300, 40).astype(np.int16)
        image[:, 0, 0] = -1000
        attention = np.where(pm, 0.6, 0.05).astype(np.float32)
        folder = tmp_path / name
        folder.mkdir()
        case = CaseMeasurement(pm, gt if with_gt else None, None, geometry)
        readout = VesselReadout(pm, gt if with_gt else None, None, geometry, 0.3)
        if predicted:
            case.add_layer("decoder.0", attention)
            case.add_mean(attention)
            readout.add_mean(attention)
            save(attention, geometry, folder / "attention.nii.gz")
        save(pm.astype(np.uint8), geometry, folder / "segmentation.nii.gz")
        result = readout.completed(case.result())
        write_slices_csv(folder / "slices.csv", result.slices)
        passes = {"windows": 4, "explained_windows": 3, "forward": 7, "backward": 3}
        metrics = {
            "schema_version": 1,
            "case": name,
            "phantom": False,
            "input": {"size": list(geometry.size), "spacing": list(spacing_mm), "intensity_range": [-1000, 300]},
            "model": {"architecture": "UMambaEnc_3d", "trainer": "nnUNetTrainer", "fold": [0], "sha256": "0" * 64},
            "target": {"label": 1, "name": "vessel", "kind": "prediction"},
            "attribution": {
                "method": "seg-xres-cam",
                "pool": 1,
                "layers": ["decoder.0"],
                "preset": None,
                "passes": passes,
            }
            if predicted
            else None,
            **result.fields,
            "domain": None,
            "warnings": [{"code": code, "message": message} for code, message in result.warnings],
            "timing": {"segment": 1.0, "total": 2.0},
            "peak_memory_mb": {"host": 100.0, "device": None},
            "environment": {"package": "0", "torch": "2", "device": "cpu", "scan_backend": "numba"},
        }
        (folder / "metrics.json").write_text(json.dumps(metrics))
        volume = save(image, geometry, tmp_path / f"{name}.nii.gz")
        truth = save(gt.astype(np.uint8), geometry, tmp_path / f"{name}_gt.nii.gz")
        return CaseOnDisk(folder, volume, truth, metrics)

    return make
