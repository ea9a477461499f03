"""Prediction and ground truth on slices, as outlines or fills, and in 3-D where nothing else stands for them."""

from __future__ import annotations

from typing import Any

from ..colors import PREDICTION_OUTLINE, Color
from .nodes import SEGMENTATION, TRUTH, ResultNodes
from .state import CLOUD, CONTOURS, FILL, OFF, OUTLINE, OVERLAY, SURFACE, ViewState

_FILL_OPACITY = 0.5
#: In pixels: where both outlines run together, the prediction's lies inside the wider one of the ground truth.
_PREDICTION_WIDTH, _TRUTH_WIDTH = 2, 3
#: Of the ground truth around a cloud: grey, because translucent cyan over amber turns olive.
_GHOST_COLOR: Color = (0.86, 0.88, 0.92)
_GHOST_OPACITY = 0.18
_GHOST = "ghost"


def show_prediction(nodes: ResultNodes, state: ViewState) -> None:
    """Show the prediction as ``state`` says; in 3-D unless its coloured surface or the errors are there."""
    node = nodes.needed(SEGMENTATION)
    display = node.GetDisplayNode()
    _on_slices(display, state.prediction, _PREDICTION_WIDTH)
    display.SetVisibility3D(state.prediction != OFF and SURFACE not in state.attention and not state.errors)
    if display.GetVisibility() and display.GetVisibility3D():
        node.CreateClosedSurfaceRepresentation()
    segmentation = node.GetSegmentation()
    if segmentation.GetNumberOfSegments() == 1:  # the colours of several labels tell them apart
        segment_id = segmentation.GetNthSegmentID(0)
        if state.prediction == OUTLINE and {OVERLAY, CONTOURS} & set(state.attention):  # amber would be lost there
            display.SetSegmentOverrideColor(segment_id, *PREDICTION_OUTLINE)
        else:
            display.UnsetSegmentOverrideColor(segment_id)


def show_truth(nodes: ResultNodes, state: ViewState) -> None:
    """Show the ground truth as ``state`` says; in 3-D as a ghost around the cloud, plainly where it stands alone."""
    node = nodes.get(TRUTH)
    if node is None:
        return
    display = node.GetDisplayNode()
    _on_slices(display, state.truth, _TRUTH_WIDTH)
    cloud = CLOUD in state.attention
    others = cloud or SURFACE in state.attention or state.prediction != OFF or state.errors
    display.SetVisibility3D(state.truth != OFF and not others)
    if state.truth != OFF and (cloud or not others):
        node.CreateClosedSurfaceRepresentation()
    ghost = nodes.get(_GHOST)
    if state.truth != OFF and cloud:
        ghost = ghost or _add_ghost(nodes, node)
        ghost.SetVisibility(True)
    elif ghost is not None:
        ghost.SetVisibility(False)


def truth_is_partly_drawn(state: ViewState) -> bool:
    """Whether 3-D shows of the ground truth what the prediction missed, because the rest coincides with it."""
    predicted = SURFACE in state.attention or state.prediction != OFF
    return state.truth != OFF and predicted and CLOUD not in state.attention


def _on_slices(display: Any, mode: str, width: int) -> None:
    display.SetVisibility(mode != OFF)
    display.SetVisibility2DFill(mode == FILL)
    display.SetVisibility2DOutline(mode == OUTLINE)
    display.SetAllSegmentsOpacity2DFill(_FILL_OPACITY, True)
    display.SetSliceIntersectionThickness(width)


def _add_ghost(nodes: ResultNodes, truth: Any) -> Any:
    """A second display of the ground truth, for 3-D only."""
    display = nodes.scene.AddNewNodeByClass("vtkMRMLSegmentationDisplayNode", nodes.name("ground truth ghost"))
    truth.AddAndObserveDisplayNodeID(display.GetID())
    display.SetVisibility2D(False)
    display.SetVisibility3D(True)
    display.SetOpacity3D(_GHOST_OPACITY)
    segmentation = truth.GetSegmentation()
    for index in range(segmentation.GetNumberOfSegments()):
        display.SetSegmentOverrideColor(segmentation.GetNthSegmentID(index), *_GHOST_COLOR)
    nodes.set(_GHOST, display)
    return display
