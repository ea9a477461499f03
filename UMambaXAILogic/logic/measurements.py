"""What needs no segmentation: the statistics of a volume, and the devices that could compute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.device_list import DeviceList
from UMambaXAILogic.scene.import_domain import DomainImport
from UMambaXAILogic.scene_calls.devices import DeviceListImport, devices_call
from UMambaXAILogic.scene_calls.domain import domain_call
from UMambaXAILogic.scene_calls.job import SceneJob
from UMambaXAILogic.scene_calls.results import DomainStatisticsResult

from .door import Door


class MeasurementCalls(Door):
    """Calls that measure, and segment nothing."""

    def computeDomainStatistics(
        self,
        volumeNode: Any,
        maskNode: Any = None,
        profile: str | Path | None = None,
        *,
        maskSegments: Sequence[str] | str | None = None,
        modality: str | None = None,
        replace: bool = True,
    ) -> DomainStatisticsResult:
        """Measure intensities, resolution, noise and vessel diameters of a volume. **Blocks**; no dialogs.

            result = logic.computeDomainStatistics(volumeNode, profile="demo")
            result.outOfRange, result.tableNode, result.row["noise"]["air"]["std"]

        Args:
            volumeNode: a scalar volume; its parent transforms are applied.
            maskNode: segmentation or label volume of the vessels, for their diameters and contrast.
            profile: what to compare with: a stored reference profile (``umamba-xai profile``), the result folder of a
                cohort, or a model (trained folder, zip, ``"demo"``), of which the profile it carries is taken. None:
                nothing.
            maskSegments: names or ids of the segments that are vessels, ``"all"``, or None where there is only one.
            modality: ``"CT"`` or ``"MR"``; None: what the volume's DICOM tags say, or else the profile's.
            replace: remove the nodes of an earlier measurement of this volume.

        Returns:
            The statistics, the comparison, and the nodes that were added below the volume in the subject hierarchy.

        Raises:
            UsageError, ModelError, InputError: what is wrong with the options, profile or nodes, and what to do.
            NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        asked = domain_call(volumeNode, maskNode, profile, maskSegments, modality, replace, self._scene)
        return self._worker.run(asked)

    def startComputeDomainStatistics(
        self,
        volumeNode: Any,
        maskNode: Any = None,
        profile: str | Path | None = None,
        *,
        maskSegments: Sequence[str] | str | None = None,
        modality: str | None = None,
        replace: bool = True,
    ) -> SceneJob[DomainImport, DomainStatisticsResult]:
        """As ``computeDomainStatistics``, but returns at once; see ``startSegmentAndExplain`` for the job."""
        asked = domain_call(volumeNode, maskNode, profile, maskSegments, modality, replace, self._scene)
        return self._worker.start(asked)

    def listDevices(self) -> DeviceList:
        """What can compute here: each GPU with its name and free memory, and the CPU. **Blocks** for some seconds.

            for device in logic.listDevices().devices:
                print(device.name, device.description, device.free_memory_mb)

        Raises:
            NotInstalledError, WorkerCrashedError: it cannot be asked.
        """
        return self._worker.run(devices_call)

    def startListDevices(self) -> SceneJob[DeviceListImport, DeviceList]:
        """As ``listDevices``, but returns at once; see ``startSegmentAndExplain`` for the job."""
        return self._worker.start(devices_call)
