"""One volume: segment and explain it, judge and compare its maps, show them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.request import REPORTING_THRESHOLD
from UMambaXAILogic.scene.heat_map import DEFAULT_OPACITY, hide_from_slices, set_threshold, show_on_slices
from UMambaXAILogic.scene.input_volumes import input_volumes
from UMambaXAILogic.scene.run_nodes import INPUT_REFERENCE
from UMambaXAILogic.scene.sample_case import SampleCase, load_sample_case
from UMambaXAILogic.scene_calls.case import case_call
from UMambaXAILogic.scene_calls.job import SceneJob
from UMambaXAILogic.scene_calls.options import options_from
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult

from .door import Door


class CaseCalls(Door):
    """Calls about one volume."""

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
