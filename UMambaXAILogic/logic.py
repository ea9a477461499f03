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

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import slicer

from UMambaXAILogic.engine.errors import InputError, NotInstalledError
from UMambaXAILogic.engine.request import REPORTING_THRESHOLD
from UMambaXAILogic.interaction import Command, Job, Runner, SubprocessRunner, worker_command
from UMambaXAILogic.scene.heat_map import DEFAULT_OPACITY, hide_from_slices, set_threshold, show_on_slices
from UMambaXAILogic.scene.import_domain import DomainImport
from UMambaXAILogic.scene.run_nodes import INPUT_REFERENCE
from UMambaXAILogic.scene_case import case_call
from UMambaXAILogic.scene_domain import domain_call
from UMambaXAILogic.scene_job import SceneCall, SceneJob
from UMambaXAILogic.scene_options import options_from
from UMambaXAILogic.scene_results import DomainStatisticsResult, SegmentAndExplainResult


class PythonEnvironment(Protocol):
    """Which Python the worker gets; in Slicer ``slicer_app.environment.Environment``."""

    @property
    def is_ready(self) -> bool:
        """Whether the worker can be started without installing anything."""
        ...

    def worker_command(self, request: Path | str) -> Command:
        """The command that answers a request file."""
        ...


class ThisPython:
    """The Python that runs now, with its packages: scripts outside Slicer."""

    is_ready = True

    def worker_command(self, request: Path | str) -> Command:
        """See ``PythonEnvironment.worker_command``."""
        return worker_command(request)


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
        self._make_runner = runnerFactory or _default_runner
        self._environment = environment or _default_environment()

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
            options: the fields of ``scene_options.Options``.

        Returns:
            The nodes that were added below the volume in the subject hierarchy, and the metrics.

        Raises:
            UsageError, ModelError, InputError: what is wrong with the options, model or nodes, and what to do.
            NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        asked = case_call(volumeNode, model, groundTruthNode, threshold, options_from(options), self._scene)
        return self._wait(self._job(SubprocessRunner(), asked))

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
            UsageError, InputError, NotInstalledError: what can be refused before the worker starts.
        """
        asked = case_call(volumeNode, model, groundTruthNode, threshold, options_from(options), self._scene)
        job = self._job(self._make_runner(), asked)
        job.start()
        return job

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
        return self._wait(self._job(SubprocessRunner(), asked))

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
        job = self._job(self._make_runner(), asked)
        job.start()
        return job

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

    def _wait(self, job: SceneJob[Any, Any]) -> Any:
        """Run a job to its end on this thread; raises its error."""
        job.start()
        try:
            job.wait()
        finally:
            job.cancel()
        if job.error is not None:
            raise job.error
        return job.result

    def _job(self, runner: Runner, prepare: Callable[[Path], SceneCall[Any, Any]]) -> SceneJob[Any, Any]:
        """A job that is not started yet.

        Args:
            prepare: writes what the worker needs into a folder and says what to ask of it.
        """
        if not self._environment.is_ready:
            raise NotInstalledError(
                "The packages that compute (torch, nnunetv2) are not installed for UMambaXAI yet.",
                "Open the UMambaXAI module and let it install them: they go into a folder of their own.",
            )
        work_folder = Path(tempfile.mkdtemp(prefix="umamba-xai-"))
        try:
            call = prepare(work_folder)
            (work_folder / "request.json").write_text(call.request, encoding="utf-8")
            command = self._environment.worker_command(work_folder / "request.json")
            return SceneJob(Job(command, runner, stages=call.stages), runner, call, work_folder)
        except BaseException:
            shutil.rmtree(work_folder, ignore_errors=True)
            raise


def _default_runner() -> Runner:
    if not _is_application():
        return SubprocessRunner()
    from UMambaXAILogic.slicer_app.process_runner import ProcessRunner

    return ProcessRunner(slicer.app)


def _default_environment() -> PythonEnvironment:
    if not _is_application():
        return ThisPython()
    from UMambaXAILogic.slicer_app.environment import Environment

    return Environment()


def _is_application() -> bool:
    """Whether this is the Slicer application and not the wheel."""
    return hasattr(slicer, "app")
