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
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import slicer

from UMambaXAILogic.engine.errors import InputError, NotInstalledError
from UMambaXAILogic.engine.request import REPORTING_THRESHOLD
from UMambaXAILogic.interaction import Command, Job, Runner, SubprocessRunner, worker_command
from UMambaXAILogic.scene.export_volume import check_volume_node, export_volume
from UMambaXAILogic.scene.ground_truth import export_ground_truth
from UMambaXAILogic.scene.heat_map import DEFAULT_OPACITY, hide_from_slices, set_threshold, show_on_slices
from UMambaXAILogic.scene.import_results import INPUT_REFERENCE, GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.region import export_region
from UMambaXAILogic.scene_job import SceneJob, SegmentAndExplainResult
from UMambaXAILogic.scene_options import Options, build_request, options_from


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
        job = self._makeJob(SubprocessRunner(), volumeNode, model, groundTruthNode, threshold, options)
        job.start()
        try:
            job.wait()
        finally:
            job.cancel()
        if job.error is not None:
            raise job.error
        assert job.result is not None
        return job.result

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
        job = self._makeJob(self._make_runner(), volumeNode, model, groundTruthNode, threshold, options)
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

    def _makeJob(
        self,
        runner: Runner,
        volume_node: Any,
        model: str | Path,
        ground_truth_node: Any,
        threshold: float,
        given: dict[str, Any],
    ) -> SceneJob:
        options = options_from(given)
        check_volume_node(volume_node)
        if not self._environment.is_ready:
            raise NotInstalledError(
                "The packages that compute (torch, nnunetv2) are not installed for UMambaXAI yet.",
                "Open the UMambaXAI module and let it install them: they go into a folder of their own.",
            )
        work_folder = Path(tempfile.mkdtemp(prefix="umamba-xai-"))
        try:
            return self._prepare(runner, volume_node, model, ground_truth_node, threshold, options, work_folder)
        except BaseException:
            shutil.rmtree(work_folder, ignore_errors=True)
            raise

    def _prepare(
        self,
        runner: Runner,
        volume_node: Any,
        model: str | Path,
        ground_truth_node: Any,
        threshold: float,
        options: Options,
        folder: Path,
    ) -> SceneJob:
        grid = export_volume(volume_node, folder / "volume.nrrd")
        ground_truth = _export_ground_truth(ground_truth_node, volume_node, folder / "ground_truth.nrrd", options)
        region = None
        if options.regionNode is not None:
            region = export_region(options.regionNode, volume_node, folder / "region.nrrd", options.regionSegments)
        request = build_request(volume_node.GetName(), model, threshold, options, folder, ground_truth, region)
        (folder / "request.json").write_text(request.to_json(), encoding="utf-8")
        scene = self._scene or volume_node.GetScene()
        volume_id = volume_node.GetID()

        def make_import(job: Job) -> ResultImport:
            return ResultImport(
                scene,
                ImportRequest(
                    volume_id=volume_id,
                    grid=grid,
                    files=job.files,
                    model=_model_name(model),
                    method=options.method,
                    threshold=threshold,
                    ground_truth=ground_truth,
                    replace=options.replace,
                ),
            )

        job = Job(self._environment.worker_command(folder / "request.json"), runner)
        return SceneJob(job, runner, make_import, folder)


def _export_ground_truth(node: Any, volume_node: Any, path: Path, options: Options) -> GroundTruthFile | None:
    if node is None:
        return None
    segment_labels = export_ground_truth(
        node, volume_node, path, options.groundTruthSegments, options.resampleGroundTruth
    )
    labels = None if options.groundTruthLabels is None else tuple(options.groundTruthLabels)
    return GroundTruthFile(path, segment_labels or labels)


def _model_name(model: str | Path) -> str:
    return Path(model).name.removesuffix(".zip")


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
