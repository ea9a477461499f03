"""Prediction and ground truth on slices, as outlines or fills, and in 3-D where nothing else stands for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..colors import PREDICTION, PREDICTION_OUTLINE, Color
from ..segments import CLOSED_SURFACE
from ..stepwise import do_all
from .nodes import SEGMENTATION, TRUTH, ResultNodes
from .state import CLOUD, CONTOURS, FILL, OFF, OUTLINE, OVERLAY, SURFACE, ViewState

_FILL_OPACITY = 0.4
#: In pixels: where both outlines run together, the prediction's lies inside the wider one of the ground truth.
_PREDICTION_WIDTH, _TRUTH_WIDTH = 2, 3
#: Of the ground truth around a cloud: grey, because translucent cyan over amber turns olive.
GHOST_COLOR: Color = (0.86, 0.88, 0.92)
_GHOST_OPACITY = 0.18
_GHOST = "ghost"


def show_prediction(nodes: ResultNodes, state: ViewState) -> None:
    """Show the prediction as ``state`` says; in 3-D unless its coloured surface or the errors are there."""
    do_all(prepare_masks(nodes, state))
    node = nodes.needed(SEGMENTATION)
    display = node.GetDisplayNode()
    _on_slices(display, state.prediction, _PREDICTION_WIDTH)
    display.SetVisibility3D(_prediction_is_in_3d(state))
    segmentation = node.GetSegmentation()
    if segmentation.GetNumberOfSegments() == 1:  # the colours of several labels tell them apart
        segment_id = segmentation.GetNthSegmentID(0)
        if prediction_color(state) != PREDICTION:
            display.SetSegmentOverrideColor(segment_id, *prediction_color(state))
        else:
            display.UnsetSegmentOverrideColor(segment_id)


def show_truth(nodes: ResultNodes, state: ViewState) -> None:
    """Show the ground truth as ``state`` says; in 3-D as a ghost around the cloud, plainly where it stands alone."""
    node = nodes.get(TRUTH)
    if node is None:
        return
    do_all(prepare_masks(nodes, state))
    display = node.GetDisplayNode()
    _on_slices(display, state.truth, _TRUTH_WIDTH)
    display.SetVisibility3D(_truth_stands_alone(state))
    ghost = nodes.get(_GHOST)
    if _truth_is_a_ghost(state):
        ghost = ghost or _add_ghost(nodes, node)
        ghost.SetVisibility(True)
    elif ghost is not None:
        ghost.SetVisibility(False)


def prepare_masks(nodes: ResultNodes, state: ViewState) -> Iterator[None]:
    """Make the surfaces that ``state`` shows in 3-D and that are not there yet."""
    if _prediction_is_in_3d(state):
        yield from prepare_surfaces(nodes, SEGMENTATION)
    if nodes.get(TRUTH) is not None and (_truth_stands_alone(state) or _truth_is_a_ghost(state)):
        yield from prepare_surfaces(nodes, TRUTH)


def prepare_surfaces(nodes: ResultNodes, role: str) -> Iterator[None]:
    """Make the closed surfaces of a segmentation that has none yet."""
    segmentation = nodes.needed(role).GetSegmentation()
    if segmentation.GetNumberOfSegments() and not segmentation.ContainsRepresentation(CLOSED_SURFACE):
        segmentation.CreateRepresentation(CLOSED_SURFACE)
        yield


def _prediction_is_in_3d(state: ViewState) -> bool:
    return state.prediction != OFF and SURFACE not in state.attention and not state.errors


def _truth_is_a_ghost(state: ViewState) -> bool:
    return state.truth != OFF and CLOUD in state.attention


def _truth_stands_alone(state: ViewState) -> bool:
    others = {CLOUD, SURFACE} & set(state.attention) or state.prediction != OFF or state.errors
    return state.truth != OFF and not others


def prediction_color(state: ViewState) -> Color:
    """The colour of a prediction of one label, wherever it is drawn: as outline, its own amber is lost on attention."""
    on_attention = state.prediction == OUTLINE and bool({OVERLAY, CONTOURS} & set(state.attention))
    return PREDICTION_OUTLINE if on_attention else PREDICTION


def truth_is_partly_drawn(state: ViewState) -> bool:
    """Whether 3-D shows of the ground truth what the prediction missed, because the rest coincides with it."""
    predicted = SURFACE in state.attention or state.prediction != OFF
    return state.truth != OFF and predicted and CLOUD not in state.attention


def _on_slices(display: Any, mode: str, width: int) -> None:
    display.SetVisibility(mode != OFF)
    display.SetVisibility2DFill(mode == FILL)
    display.SetVisibility2DOutline(True)  # of fills too: where two lie on each other, their borders tell them apart
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
        display.SetSegmentOverrideColor(segmentation.GetNthSegmentID(index), *GHOST_COLOR)
    nodes.set(_GHOST, display)
    return display
