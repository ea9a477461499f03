"""What the calls on a scene return: nodes, and what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene.import_domain import ImportedStatistics
from UMambaXAILogic.scene.import_results import ImportedResult
from UMambaXAILogic.scene.result_view import ResultView


@dataclass(frozen=True)
class SegmentAndExplainResult:
    """What one run brought into the scene; None for what there is none of.

    Args:
        segmentationNode: the prediction, one segment a label.
        attentionNode: the attention map, float32 in [0, 1]; None where nothing was predicted.
        metrics: the content of metrics.json.
        metricsTableNode: the metrics in words, "n/a" where a value cannot be computed.
        alignmentTableNode: alignment of every layer at every threshold.
        slicesTableNode: one row a slice.
        slicesChartNode: Dice and F1 over the slices.
        folderItem: the subject hierarchy item of the folder that holds all of these.
        warnings: what the worker wants the user to know, as (code, message).
        volumeNode: what was segmented.
        truthNode: a copy of the ground truth in its own colours; None without one.
        view: shows the result in other ways: ``result.view.show(attention="contours", errors=True)``.
        domainTableNode: intensities, resolution, noise and vessel diameters of the volume.
    """

    segmentationNode: Any
    attentionNode: Any
    metrics: dict[str, Any]
    metricsTableNode: Any
    alignmentTableNode: Any
    slicesTableNode: Any
    slicesChartNode: Any
    folderItem: int
    warnings: list[tuple[str, str]] = field(default_factory=list)
    volumeNode: Any = None
    truthNode: Any = None
    view: ResultView | None = None
    domainTableNode: Any = None

    @property
    def surfaceNode(self) -> Any:
        """The prediction's surface, coloured by attention, hidden until shown; computed when first asked for."""
        return None if self.view is None else self.view.surface_node

    @property
    def missedNode(self) -> Any:
        """Missed and false vessels beyond one voxel, hidden until shown in 3-D; computed when first asked for.

        None without a ground truth.
        """
        return None if self.view is None else self.view.missed_node

    @property
    def contoursNode(self) -> Any:
        """Iso-lines of attention on slices, hidden until shown; computed when first asked for."""
        return None if self.view is None else self.view.contours_node

    @property
    def errorsNode(self) -> Any:
        """True positive, false positive and false negative segments, hidden until shown; computed when first asked for.

        None without a ground truth.
        """
        return None if self.view is None else self.view.errors_node


@dataclass(frozen=True)
class DomainStatisticsResult:
    """What one measurement brought into the scene; None for what there is none of.

    Args:
        row: the volume's statistics, as ``domain`` of metrics.json.
        comparison: where they lie among a profile's cases (``positions`` and what else comparison.json holds); None
            without a profile.
        outOfRange: what a user should know before a model that was trained on the profile's cases sees the volume;
            empty where it lies in range; None without a profile.
        tableNode: the statistics in words, with the profile's lowest and highest values beside them.
        histogramTableNode: shares of the intensities, in percent.
        histogramChartNode: over that table.
        diameterTableNode, diameterChartNode: the same of the vessels' diameters; need a mask.
        folderItem: the subject hierarchy item of the folder that holds all of these.
        warnings: what the worker wants the user to know, as (code, message); ``outOfRange`` is among them.
    """

    row: dict[str, Any]
    comparison: dict[str, Any] | None
    outOfRange: list[str] | None
    tableNode: Any
    histogramTableNode: Any
    histogramChartNode: Any
    diameterTableNode: Any
    diameterChartNode: Any
    folderItem: int
    warnings: list[tuple[str, str]] = field(default_factory=list)


def statistics_result(imported: ImportedStatistics, warnings: list[tuple[str, str]]) -> DomainStatisticsResult:
    """What the doors return of imported statistics."""
    assert imported.row is not None
    assert imported.intensity is not None
    comparison = imported.comparison
    return DomainStatisticsResult(
        row=imported.row,
        comparison=comparison,
        outOfRange=None if comparison is None else [warning["message"] for warning in comparison["warnings"]],
        tableNode=imported.table_node,
        histogramTableNode=imported.intensity.table,
        histogramChartNode=imported.intensity.chart,
        diameterTableNode=None if imported.diameters is None else imported.diameters.table,
        diameterChartNode=None if imported.diameters is None else imported.diameters.chart,
        folderItem=imported.folder_item,
        warnings=warnings,
    )


@dataclass(frozen=True)
class CohortResult:
    """What a cohort's folder holds, and the way to its cases.

    Args:
        folder: the cohort's folder, as ``umamba-xai cohort`` writes it.
        summary: the content of summary.json.
        cases: a row a case with the columns of cases.parquet, as text; an empty text is a value that cannot be
            computed.
        casesTableNode: the columns that people look at first.
        warnings: what the worker wants the user to know, as (code, message).
    """

    folder: Path
    summary: dict[str, Any]
    cases: list[dict[str, str]]
    casesTableNode: Any
    warnings: list[tuple[str, str]]
    _start_loading: Callable[[str, bool], Any] = field(repr=False)

    def loadCase(self, case: str) -> SegmentAndExplainResult:
        """Load a finished case's volume and show its results below it. **Blocks** for a few seconds; no dialogs.

        Args:
            case: its name, as in ``cases``.

        Raises:
            InputError: there is no such case, it has no results, or its files are no longer what they were.
        """
        return self._start_loading(case, True)

    def startLoadCase(self, case: str) -> Any:
        """As ``loadCase``, but returns a job at once; see ``startSegmentAndExplain``."""
        return self._start_loading(case, False)


@dataclass(frozen=True)
class DiagnosisResult:
    """A diagnosis of two cohorts in the scene.

    Args:
        report: the content of report.json.
        headline: the verdict in plain words.
        tableNodes: by the tables' keys in the report: "1" to "5", "7" to "11", "differences" and so on.
    """

    report: dict[str, Any]
    headline: str
    tableNodes: dict[str, Any]


def case_result(imported: ImportedResult, warnings: list[tuple[str, str]]) -> SegmentAndExplainResult:
    """What the doors return of an imported case."""
    return SegmentAndExplainResult(
        segmentationNode=imported.segmentation_node,
        attentionNode=imported.attention_node,
        metrics=imported.metrics,
        metricsTableNode=imported.metrics_table_node,
        alignmentTableNode=imported.alignment_table_node,
        slicesTableNode=imported.slices_table_node,
        slicesChartNode=imported.chart_node,
        folderItem=imported.folder_item,
        warnings=warnings,
        volumeNode=imported.volume_node,
        truthNode=imported.truth_node,
        view=imported.view,
        domainTableNode=imported.domain_table_node,
    )


def view_of(result: SegmentAndExplainResult | ResultView) -> ResultView:
    """The view of a result; raises ``InputError`` where it was removed from the scene."""
    view = result if isinstance(result, ResultView) else result.view
    if view is None or not view.nodes.are_there:
        raise InputError("The result was removed from the scene.", "Run Segment & Explain again.")
    return view
