"""What the calls on a scene return: nodes, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from UMambaXAILogic.scene.import_results import ImportedResult


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
        surfaceNode: the prediction's surface, coloured by attention.
        contoursNode: iso-lines of attention on slices, hidden at first.
        errorsNode: true positive, false positive and false negative segments, hidden at first; needs a ground truth.
        missedNode: missed and false vessels beyond one voxel, for the 3-D view; needs a ground truth.
        folderItem: the subject hierarchy item of the folder that holds all of these.
        warnings: what the worker wants the user to know, as (code, message).
    """

    segmentationNode: Any
    attentionNode: Any
    metrics: dict[str, Any]
    metricsTableNode: Any
    alignmentTableNode: Any
    slicesTableNode: Any
    slicesChartNode: Any
    surfaceNode: Any
    contoursNode: Any
    errorsNode: Any
    missedNode: Any
    folderItem: int
    warnings: list[tuple[str, str]] = field(default_factory=list)


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
        surfaceNode=imported.surface_node,
        contoursNode=imported.contours_node,
        errorsNode=imported.errors_node,
        missedNode=imported.missed_node,
        folderItem=imported.folder_item,
        warnings=warnings,
    )
