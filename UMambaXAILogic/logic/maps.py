"""Attention maps that are there already: judge and compare them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from UMambaXAILogic.scene.result_view import ResultView
from UMambaXAILogic.scene_calls.badges import Badges, BadgesImport, badges_call
from UMambaXAILogic.scene_calls.comparison import MapComparison, compare
from UMambaXAILogic.scene_calls.deletion import DeletionCurve, DeletionImport, deletion_call, deletion_options
from UMambaXAILogic.scene_calls.job import SceneJob
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult

from .door import Door


class MapCalls(Door):
    """Calls about the maps of results."""

    def judge(self, result: SegmentAndExplainResult | ResultView, model: str | Path = "demo", **inputs: Any) -> Badges:
        """Find out whether a result's attention map deserves belief. **Blocks**; no dialogs.

            for badge in logic.judge(result, model="demo"):
                print(badge["name"], badge["passed"], badge["text"])

        The volume is segmented and explained anew; the badges go into the result's metrics and its colour legend. Asked
        again, nothing is computed.

        Args:
            result: of ``segmentAndExplain``, or loaded from a cohort; or the ``ResultView`` of a result that a scene
                was saved with.
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
        self, result: SegmentAndExplainResult | ResultView, model: str | Path = "demo", **inputs: Any
    ) -> SceneJob[BadgesImport, Badges]:
        """As ``judge``, but returns at once; see ``startSegmentAndExplain`` for the job."""
        return self._worker.start(badges_call(result, model, **inputs))

    def deletionCurve(
        self, result: SegmentAndExplainResult | ResultView, model: str | Path = "demo", **options: Any
    ) -> DeletionCurve:
        """Remove the voxels that a map puts first, step by step, and see what is left of the score. **Blocks**.

            curve = logic.deletionCurve(result, model="demo")
            print(curve.verdict, curve.area, curve.referenceAreas)

        The volume is segmented anew; after that only windows that a removal changes are predicted again. The chart and
        its tables lie with the result's other nodes; they take the place of an earlier curve of the result.

        Args:
            result: says what is scored: of ``segmentAndExplain``, loaded from a cohort, or the ``ResultView`` of a
                result that a scene was saved with.
            model: that the result was made by.
            options: the fields of ``scene_calls.deletion.DeletionOptions``: whose map it is, how many points, what it
                is compared with, and what of the result's inputs cannot be found in the scene by itself.

        Raises:
            InputError: there is no such map, or volume, region or model are not those of the result.
            UsageError: an option is not known or out of its range.
            ModelError, NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        return self._worker.run(deletion_call(result, model, deletion_options(options)))

    def startDeletionCurve(
        self, result: SegmentAndExplainResult | ResultView, model: str | Path = "demo", **options: Any
    ) -> SceneJob[DeletionImport, DeletionCurve]:
        """As ``deletionCurve``, but returns at once, and the chart grows point by point.

        See ``startSegmentAndExplain`` for the job; ``job.plotted`` comes with each batch of points. Cancelled, it takes
        its points with it and leaves an earlier curve.
        """
        return self._worker.start(deletion_call(result, model, deletion_options(options)))

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
