"""The door for 3D Slicer's console, its panel, and any script with a MRML scene.

    from UMambaXAILogic.logic import UMambaXAILogic
    logic = UMambaXAILogic()
    result = logic.segmentAndExplain(volumeNode, model="demo", groundTruthNode=groundTruth)
    result.segmentationNode, result.attentionNode, result.metrics

Method names are camelCase because Slicer users call them; everything below this door is PEP 8. The computation runs in
a worker process, so Slicer's own Python needs none of its packages. The same calls work without the application, on the
``slicer-core`` wheel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import slicer

from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.device_list import DeviceList
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.request import REPORTING_THRESHOLD
from UMambaXAILogic.interaction import Runner
from UMambaXAILogic.scene.cohort_results import CaseImport, CohortImport
from UMambaXAILogic.scene.diagnosis_tables import add_diagnosis_tables, read_report
from UMambaXAILogic.scene.heat_map import DEFAULT_OPACITY, hide_from_slices, set_threshold, show_on_slices
from UMambaXAILogic.scene.import_domain import DomainImport
from UMambaXAILogic.scene.input_volumes import input_volumes
from UMambaXAILogic.scene.result_view import ResultView
from UMambaXAILogic.scene.run_nodes import INPUT_REFERENCE
from UMambaXAILogic.scene.sample_case import SampleCase, load_sample_case
from UMambaXAILogic.scene_calls.badges import Badges, BadgesImport, badges_call
from UMambaXAILogic.scene_calls.case import case_call
from UMambaXAILogic.scene_calls.cohort import cases_table_call, cohort_call, load_case_call, manifest_of
from UMambaXAILogic.scene_calls.comparison import MapComparison, compare
from UMambaXAILogic.scene_calls.devices import DeviceListImport, devices_call
from UMambaXAILogic.scene_calls.domain import domain_call
from UMambaXAILogic.scene_calls.job import SceneCall, SceneJob
from UMambaXAILogic.scene_calls.options import Options, cohort_options_from, cohort_template, options_from
from UMambaXAILogic.scene_calls.results import (
    CohortResult,
    DiagnosisResult,
    DomainStatisticsResult,
    SegmentAndExplainResult,
)
from UMambaXAILogic.scene_calls.worker import PythonEnvironment, SceneWorker


class UMambaXAILogic:
    """Segments and explains volumes of a MRML scene.

    Args:
        scene: where results go; None: the volume's own scene.
        runnerFactory: makes the runner of each worker that is started without blocking; None: QProcess in Slicer,
            ``subprocess`` elsewhere (there the job advances while ``job.wait()`` is called).
        environment: the Python that the worker gets; None: the private runtime in Slicer, this Python elsewhere.
    """

    def __init__(
        self,
        scene: Any = None,
        runnerFactory: Callable[[], Runner] | None = None,
        environment: PythonEnvironment | None = None,
    ) -> None:
        self._scene = scene
        self._worker = SceneWorker(runnerFactory, environment)

    def segmentAndExplain(
        self,
        volumeNode: Any,
        model: str | Path = "demo",
        groundTruthNode: Any = None,
        threshold: float = REPORTING_THRESHOLD,
        **options: Any,
    ) -> SegmentAndExplainResult:
        """Segment a volume, explain the segmentation and measure both. **Blocks** until all is done; no dialogs.

        Args:
            volumeNode: a scalar volume, under any linear transform.
            model: trained nnU-Net folder, exported zip, or ``"demo"``.
            groundTruthNode: segmentation or label volume.
            threshold: attention below it is not shown; gap and verdict rest on it.
            options: the fields of ``scene_calls.options.Options``.

        Returns:
            The nodes that were added below the volume in the subject hierarchy, and the metrics.

        Raises:
            UsageError, ModelError, InputError: what is wrong with the options, model or nodes, and what to do.
            NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        asked = case_call(volumeNode, model, groundTruthNode, threshold, options_from(options), self._scene)
        return self._worker.run(asked)

    def startSegmentAndExplain(
        self,
        volumeNode: Any,
        model: str | Path = "demo",
        groundTruthNode: Any = None,
        threshold: float = REPORTING_THRESHOLD,
        **options: Any,
    ) -> SceneJob:
        """As ``segmentAndExplain``, but returns at once.

        Returns:
            The running job: ``job.progress`` (0-1), ``job.cancel()``, the signal ``job.finished``, then ``job.result``
            or ``job.error``. Connect with ``job.finished.connect(function)``; ``function`` receives the job.

        Raises:
            UsageError, InputError, NotInstalledError: what can be refused without looking at every voxel; anything
                else is ``job.error``.
        """
        asked = case_call(volumeNode, model, groundTruthNode, threshold, options_from(options), self._scene)
        return self._worker.start(asked)

    def judge(self, result: SegmentAndExplainResult, model: str | Path = "demo", **inputs: Any) -> Badges:
        """Find out whether a result's attention map deserves belief. **Blocks**; no dialogs.

            for badge in logic.judge(result, model="demo"):
                print(badge["name"], badge["passed"], badge["text"])

        The volume is segmented and explained anew; the badges go into the result's metrics and its colour legend. Asked
        again, nothing is computed.

        Args:
            result: of ``segmentAndExplain``, or loaded from a cohort.
            model: that the result was made by.
            inputs: ``ground_truth_node`` and ``ground_truth_segments`` (of a result that explains an error),
                ``region_node`` and ``region_segments`` (where it was made inside a region that is no box), ``device``.

        Returns:
            Of each badge ``name``, ``passed`` (None: not applicable), ``value``, ``limit`` and ``text``.

        Raises:
            InputError: there is no map, or volume, region or model are not those of the result.
            UsageError, ModelError, NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        return self._worker.run(badges_call(result, model, **inputs))

    def startJudge(
        self, result: SegmentAndExplainResult, model: str | Path = "demo", **inputs: Any
    ) -> SceneJob[BadgesImport, Badges]:
        """As ``judge``, but returns at once; see ``startSegmentAndExplain`` for the job."""
        return self._worker.start(badges_call(result, model, **inputs))

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

    def processCohort(
        self,
        manifest: str | Path,
        model: str | Path = "demo",
        *,
        outputFolder: str | Path,
        threshold: float = REPORTING_THRESHOLD,
        workers: int | None = None,
        threads: int | None = None,
        scheduler: str | None = None,
        restart: bool = False,
        **options: Any,
    ) -> CohortResult:
        """Segment, explain and measure all cases of a manifest. **Blocks** until all are done; no dialogs.

            result = logic.processCohort("manifest.csv", model="demo", outputFolder="results", workers=2)
            explained = result.loadCase(result.cases[0]["case"])
            logic.showOverlay(explained)

        A run that was stopped goes on where it was; cases that are finished are not computed again.

        Args:
            manifest: CSV with the columns case, volume and, if wanted, gt, domain, region, series; paths are relative
                to it.
            model: trained nnU-Net folder, exported zip, or ``"demo"``.
            outputFolder: for the results; created if missing.
            threshold: gap and verdict rest on it.
            workers: processes that compute; None: as many as devices, cores and memory allow.
            threads: CPU threads of one case; None: the cores shared out among the workers.
            scheduler: address of a Dask scheduler that is there already, instead of this machine.
            restart: compute cases again that were computed with other settings, instead of refusing them.
            options: the fields of ``scene_calls.options.Options`` that are not about nodes.

        Returns:
            The folder, the table of cases, and ``loadCase`` to look at one of them. Cases that failed are in the
            table with their reason; they raise nothing.

        Raises:
            UsageError, ModelError, InputError: what is wrong with options, model, manifest or files; all problems of
                manifest and files are listed before the first case is computed.
            NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        template = (model, threshold, cohort_options_from(options))
        asked = self._cohort(manifest, outputFolder, template, workers, threads, scheduler, restart)
        return self._worker.run(asked)

    def startProcessCohort(
        self,
        manifest: str | Path,
        model: str | Path = "demo",
        *,
        outputFolder: str | Path,
        threshold: float = REPORTING_THRESHOLD,
        workers: int | None = None,
        threads: int | None = None,
        scheduler: str | None = None,
        restart: bool = False,
        **options: Any,
    ) -> SceneJob[CohortImport, CohortResult]:
        """As ``processCohort``, but returns at once; ``job.cases`` counts those that have ended.

        See ``startSegmentAndExplain`` for the job. A job that is cancelled keeps the finished cases: the same call goes
        on with the others.
        """
        template = (model, threshold, cohort_options_from(options))
        asked = self._cohort(manifest, outputFolder, template, workers, threads, scheduler, restart)
        return self._worker.start(asked)

    def loadCohort(self, outputFolder: str | Path, manifest: str | Path | None = None) -> CohortResult:
        """The results of a cohort that was processed elsewhere, or before. **Blocks** for a few seconds; no dialogs.

        Args:
            outputFolder: what ``processCohort`` or ``umamba-xai cohort`` wrote, finished or not.
            manifest: that the cohort was made from, where it has been moved since.

        Raises:
            InputError: the folder holds no results of a cohort.
        """
        folder = _absolute(outputFolder)
        loading = self._loading(folder, manifest_of(folder) if manifest is None else _absolute(manifest))
        return self._worker.run(lambda scratch: cases_table_call(folder, scratch, self._sceneNow(), loading))

    def loadDiagnosis(self, reportFolder: str | Path) -> DiagnosisResult:
        """The tables of a diagnosis as table nodes. Needs no worker.

        Args:
            reportFolder: what ``umamba-xai diagnose`` wrote, or its report.json.

        Raises:
            InputError: there is no report, or one of another version.
        """
        path = _absolute(reportFolder)
        report = read_report(path)
        name = (path if path.is_dir() else path.parent).name
        return DiagnosisResult(
            report, report["verdict"]["headline"], add_diagnosis_tables(self._sceneNow(), name, report)
        )

    def loadSampleCase(self, cohort: str = "source") -> SampleCase:
        """A phantom that ships with the extension, and its vessels: something to try everything on, without any file.

            volumeNode, groundTruthNode = logic.loadSampleCase()

        Args:
            cohort: ``"source"``, of which cohort the demo model was trained, or ``"target"``: another scanner, other
                vessels.

        Returns:
            A volume and a segmentation. What of them is in the scene already is not loaded twice.

        Raises:
            UsageError: there is no such cohort.
            NotInstalledError, InputError: the installation is incomplete or damaged.
        """
        return load_sample_case(self._sceneNow(), cohort)

    def compareMaps(
        self,
        resultA: SegmentAndExplainResult | ResultView,
        resultB: SegmentAndExplainResult | ResultView,
        layerA: str = "mean",
        layerB: str = "mean",
        *,
        threshold: float | None = None,
        replace: bool = True,
    ) -> MapComparison:
        """Compare two attention maps of one volume, voxel by voxel. **Blocks** for about a second; needs no worker.

            comparison = logic.compareMaps(resultA, resultB)
            comparison.numbers["pearson"], comparison.differenceNode
            comparison.show()

        Args:
            resultA, resultB: two results of one volume, or one result twice, of which two layers are compared. What
                ``segmentAndExplain`` returned, or the ``ResultView`` of a result that a scene was saved with.
            layerA, layerB: ``"mean"``, or one of ``result.view.layers``.
            threshold: attention from it on counts as high; None: as A is shown.
            replace: remove earlier comparisons on the volume.

        Returns:
            Correlations, overlap and their like, the map A - B and a table; ``show()`` shows them side by side.

        Raises:
            UsageError: no map of that layer, the same map twice, or a threshold outside 0-1.
            InputError: there is no map, or the results belong to different volumes.
        """
        return compare(resultA, resultB, (layerA, layerB), threshold, replace)

    def inputVolumes(self) -> list[Any]:
        """The scene's images that could be segmented, without label maps and without what earlier runs made."""
        return input_volumes(self._sceneNow())

    def showOverlay(
        self, result: SegmentAndExplainResult, opacity: float = DEFAULT_OPACITY, threshold: float | None = None
    ) -> None:
        """Show the attention over its volume on all slice views.

        Args:
            opacity: 0-1.
            threshold: hide attention below it; None: as it is.
        """
        node = result.attentionNode
        if node is None:
            raise InputError("There is no attention map: nothing was predicted.", "Choose another model or volume.")
        if threshold is not None:
            set_threshold(node, threshold)
        show_on_slices(node.GetScene(), node.GetNodeReference(INPUT_REFERENCE), node, opacity)

    def hideOverlay(self, result: SegmentAndExplainResult) -> None:
        """Take the attention off the slice views."""
        if result.attentionNode is not None:
            hide_from_slices(result.attentionNode.GetScene(), result.attentionNode)

    def _cohort(
        self,
        manifest: str | Path,
        output_folder: str | Path,
        template: tuple[str | Path, float, Options],
        workers: int | None,
        threads: int | None,
        scheduler: str | None,
        restart: bool,
    ) -> Callable[[Path], SceneCall[CohortImport, CohortResult]]:
        path, folder = _absolute(manifest), _absolute(output_folder)
        request = CohortRequest(
            manifest=path,
            output=folder,
            template=cohort_template(path, folder, *template),
            workers=workers,
            threads=threads,
            scheduler=scheduler,
            restart=restart,
        )
        loading = self._loading(folder, path)
        return lambda scratch: cohort_call(request, self._sceneNow(), loading)

    def _loading(self, folder: Path, manifest: Path) -> Callable[[str, bool], Any]:
        """What loads one case of a cohort."""

        def load(case: str, blocking: bool) -> Any:
            def asked(scratch: Path) -> SceneCall[CaseImport, SegmentAndExplainResult]:
                return load_case_call(folder, manifest, case, scratch, self._sceneNow())

            return self._worker.run(asked) if blocking else self._worker.start(asked)

        return load

    def _sceneNow(self) -> Any:
        """Where results go that belong to no volume yet."""
        return self._scene or slicer.mrmlScene


def _absolute(path: str | Path) -> Path:
    """As the worker must be told it: it may stand elsewhere."""
    return Path(path).expanduser().absolute()
