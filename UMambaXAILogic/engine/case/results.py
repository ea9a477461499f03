"""The files of a case: written under temporary names, and given their final names all at the end."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

import UMambaXAILogic

from ..alignment import CaseMetrics, SliceRow, write_slices_csv
from ..atomic import write_text
from ..badges.cache import GATE_VERSION
from ..dicom_request import DICOM_FILES, DICOM_FOLDER
from ..fingerprint import request_settings
from ..json_text import json_text
from ..output_folder import OutputFolder
from ..volume_io import VolumeFacts, write_volume
from ..voxel_identity import voxels_sha256
from .name import case_name
from .record import CaseRecord, peak_memory_mb

if TYPE_CHECKING:
    from ..model.loading import Model
    from ..volume import Volume
    from .input import CaseInput
    from .plan import CasePlan

SCHEMA_VERSION = 1
#: What ``view`` and a scene draw from a result, in its folder.
_DRAWN_FROM_RESULTS = ("index.html", "slices.png", "chart.png", "view_*.png")


@dataclass(frozen=True)
class CaseResult:
    """What a run left behind.

    Args:
        folder: the case folder.
        files: ``segmentation``, ``attention`` (None without a map), ``metrics``, ``slices``, ``log``.
        metrics: the contents of metrics.json.
    """

    folder: Path
    files: dict[str, Path | None]
    metrics: dict[str, Any]


class ResultPlace(Protocol):
    """What a request says about where its results go."""

    @property
    def output(self) -> Path:
        """Folder for the results."""

    @property
    def output_format(self) -> str:
        """``nii.gz`` or ``nrrd``."""


class CaseWriter:
    """Collects a case's files in a hidden folder beside their final place; leaves nothing behind on failure."""

    def __init__(self, request: ResultPlace, record: CaseRecord) -> None:
        self._request = request
        self._record = record
        self._folder = request.output
        self._output = OutputFolder(request.output)
        self._written: list[Path] = []

    def __enter__(self) -> CaseWriter:
        self._output.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._output.__exit__(kind, error, trace)

    @property
    def scratch(self) -> Path:
        """A folder on the results' disk that is gone afterwards; there while entered."""
        return self._output.staging

    def write_segmentation(self, labels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16], volume: Volume) -> None:
        """Label values on the input's grid."""
        self._write_volume("segmentation", labels, volume)

    def write_attention(self, attention: npt.NDArray[np.float32], volume: Volume, layer: str | None = None) -> None:
        """The attention map, or one layer's map, on the input's grid."""
        self._write_volume("attention" if layer is None else f"layers/attention.{layer}", attention, volume)

    def finish(
        self,
        plan: CasePlan,
        case: CaseInput,
        measured: CaseMetrics,
        attribution: dict[str, Any] | None,
        methods: list[dict[str, Any]],
        domain: dict[str, Any],
        part_voxels: int | None = None,
        *,
        content: str,
        badges: list[dict[str, Any]] | None = None,
        memory: dict[str, Any],
    ) -> CaseResult:
        """Publish a case that a trained model segmented, with ``measured`` and where it came from.

        Args:
            part_voxels: of the one part that is explained; None where all is.
            content: see ``content_fingerprint``.
            badges: of the map; None where it was not judged.
            memory: what was planned and what it took, see ``MemoryPlan.fields``.
        """
        for code, message in measured.warnings:
            self._record.warning(code, message)
        metrics = {
            "schema_version": SCHEMA_VERSION,
            "case": plan.request.case or case_name(plan.request.volume),
            "phantom": case.volume.is_phantom,
            "input": input_fields(plan.request.volume, case.volume, case.facts),
            "model": model_fields(plan.model),
            "target": target_fields(plan, part_voxels),
            "attribution": attribution,
            **measured.fields,
            "methods": methods,
            "badges": badges,
            "gate_version": None if badges is None else GATE_VERSION,
            "domain": domain,
            "warnings": self._record.warnings,
            "timing": self._record.timing(),
            "peak_memory_mb": peak_memory_mb(plan.model.device.type),
            "memory": memory,
            "environment": environment_fields(plan.model.device, plan.scan_backend),
            "request": {
                "fingerprint": plan.fingerprint,
                "content": content,
                "settings": request_settings(plan.request),
            },
        }
        return self.publish(metrics, measured.slices)

    def publish(self, metrics: dict[str, Any], slices: Sequence[SliceRow]) -> CaseResult:
        """Write metrics, slice table and log, then give every file its final name, metrics.json last.

        Args:
            metrics: the content of metrics.json.
            slices: rows of slices.csv.
        """
        write_slices_csv(self._add("slices.csv"), slices)
        self._record.note("done")
        write_text(self._add("log.txt"), "\n".join(self._record.lines) + "\n")
        write_text(self._add("metrics.json"), json_text(metrics))
        self._publish()
        suffix = self._request.output_format
        files = {
            "segmentation": self._folder / f"segmentation.{suffix}",
            "attention": self._folder / f"attention.{suffix}" if metrics["attribution"] else None,
            "metrics": self._folder / "metrics.json",
            "slices": self._folder / "slices.csv",
            "log": self._folder / "log.txt",
        }
        return CaseResult(self._folder, files, metrics)

    def _write_volume(self, name: str, array: npt.NDArray, volume: Volume) -> None:
        path = self._add(f"{name}.{self._request.output_format}")
        path.parent.mkdir(exist_ok=True)
        write_volume(array, path, like=volume)

    def _add(self, name: str) -> Path:
        self._written.append(Path(name))
        return self._output.staging / name

    def _publish(self) -> None:
        self._remove_earlier_result()
        for name in self._written:
            (self._folder / name).parent.mkdir(exist_ok=True)
            os.replace(self._output.staging / name, self._folder / name)

    def _remove_earlier_result(self) -> None:
        """Remove what must not be mistaken for part of this result, and nothing of the user's own."""
        metrics = self._folder / "metrics.json"
        if metrics.exists():  # else the folder is not a case's, and pages and pictures in it are somebody else's
            remove_drawn(self._folder)
            for name in DICOM_FILES:
                (self._folder / DICOM_FOLDER / name).unlink(missing_ok=True)
            _remove_if_empty(self._folder / DICOM_FOLDER)
        metrics.unlink(missing_ok=True)
        for suffix in ("nii.gz", "nrrd"):
            for path in self._folder.glob(f"layers/attention.*.{suffix}"):
                path.unlink()
            for name in ("segmentation", "attention"):
                if Path(f"{name}.{suffix}") not in self._written:
                    (self._folder / f"{name}.{suffix}").unlink(missing_ok=True)
        _remove_if_empty(self._folder / "layers")


def remove_drawn(folder: Path) -> None:
    """Delete the page and pictures of a case's folder: they say what was true of its results before."""
    for pattern in _DRAWN_FROM_RESULTS:
        for path in folder.glob(pattern):
            path.unlink()


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not there, or holds files of the user
        folder.rmdir()


def input_fields(path: Path, volume: Volume, facts: VolumeFacts) -> dict[str, Any]:
    """``input`` of metrics.json."""
    geometry = volume.geometry
    return {
        "path_sha256": hashlib.sha256(str(path.resolve()).encode()).hexdigest(),
        "size": list(geometry.size),
        "spacing": list(geometry.spacing_mm),
        "origin": list(geometry.origin_mm),
        "direction": list(geometry.direction),
        "intensity_range": list(facts.intensity_range),
        "format": facts.file_format,
        "modality": facts.modality,
        "voxels_sha256": voxels_sha256(volume.array),
    }


def model_fields(model: Model) -> dict[str, Any]:
    """``model`` of metrics.json."""
    return {
        "architecture": model.architecture,
        "trainer": model.trainer_name,
        "configuration": model.configuration_name,
        "fold": list(model.folds),
        "sha256": model.sha256,
        "labels": model.labels,
        "spacing": list(model.spacing_mm),
        "patch_size": list(model.patch_size),
    }


def target_fields(plan: CasePlan, part_voxels: int | None) -> dict[str, Any]:
    """``target`` of metrics.json.

    Args:
        part_voxels: of the one part that is explained; None where all is.
    """
    values = plan.score.target.label_values
    return {
        "label": values[0] if len(values) == 1 else list(values),
        "name": plan.score.target.name,
        "kind": plan.request.target.kind,
        "score": plan.score.score,
        **_part_fields(plan, part_voxels),
    }


def _part_fields(plan: CasePlan, voxels: int | None) -> dict[str, Any]:
    """``part`` of ``target``; nothing where all of the target is explained."""
    part = plan.request.target.part
    if part is None:
        return {}
    return {"part": {"unit": part.unit, "point_mm_ras": list(part.point_mm_ras), "voxels": voxels}}


def environment_fields(device: torch.device, scan_backend: str | None) -> dict[str, Any]:
    """``environment`` of metrics.json."""
    return {
        "package": UMambaXAILogic.__version__,
        "torch": torch.__version__,
        "device": str(device),
        "scan_backend": scan_backend,
        "threads": torch.get_num_threads(),
    }
