"""Where prediction and ground truth agree and differ: on slices exactly, in 3-D beyond one voxel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..colors import GROUND_TRUTH
from ..errors_display import (
    add_error_segmentation,
    add_missed_segmentation,
    beyond_one_voxel,
    error_labels,
)
from ..grid import Grid, local_grid, parent_to_world, union
from ..label_export import ALL_SEGMENTS, segments_on_grid
from ..labelled_part import labelled_part
from ..stepwise import do_all
from .masks import prepare_surfaces, truth_is_partly_drawn
from .nodes import ERRORS, MISSED, SEGMENTATION, TRUTH, VOLUME, ResultNodes
from .state import SURFACE, ViewState
from .target import target_segments


@dataclass(frozen=True)
class Masks:
    """Prediction of the target and ground truth, where there can be any.

    Args:
        predicted, truth: (k, j, i) on a part of ``grid``.
        grid: the volume's local one.
        first_kji: index on ``grid`` of their first voxel.
    """

    predicted: npt.NDArray[np.bool_]
    truth: npt.NDArray[np.bool_]
    grid: Grid
    first_kji: tuple[int, int, int]


_FN, _FP = 0, 1  # of the segments that ``add_missed_segmentation`` adds


def show_errors(nodes: ResultNodes, state: ViewState) -> None:
    """Show TP, FP and FN, or in 3-D only what was missed of a ground truth that is shown; computed on first use."""
    if nodes.get(TRUTH) is None:
        return
    do_all(prepare_errors(nodes, state))
    if state.errors:
        _show_exact(nodes, state)
    elif nodes.get(ERRORS) is not None:
        nodes.get(ERRORS).GetDisplayNode().SetVisibility(False)
    if state.errors or truth_is_partly_drawn(state):
        _show_beyond(nodes, state)
    elif nodes.get(MISSED) is not None:
        nodes.get(MISSED).GetDisplayNode().SetVisibility(False)


def prepare_errors(nodes: ResultNodes, state: ViewState) -> Iterator[None]:
    """Compute what ``show_errors`` needs and is not there yet."""
    if nodes.get(TRUTH) is None:
        return
    masks = cache(partial(_masks, nodes))
    if state.errors and nodes.get(ERRORS) is None:
        errors_node(nodes, masks)
        yield
    if state.errors and SURFACE not in state.attention:
        yield from prepare_surfaces(nodes, ERRORS)
    if (state.errors or truth_is_partly_drawn(state)) and nodes.get(MISSED) is None:
        missed_node(nodes, masks)
        yield
        yield from prepare_surfaces(nodes, MISSED)


def errors_node(nodes: ResultNodes, masks: Callable[[], Masks] | None = None) -> Any:
    """The TP, FP and FN segments; computed, and hidden, where there are none yet.

    Args:
        masks: what gives prediction and ground truth; None: they are read from the scene.
    """

    def make(name: str) -> Any:
        found = _masks(nodes) if masks is None else masks()
        labels = error_labels(found.predicted, found.truth)
        return add_error_segmentation(nodes.scene, name, labels, found.grid, nodes.needed(VOLUME), found.first_kji)

    return nodes.made(ERRORS, make, "TP, FP, FN")


def missed_node(nodes: ResultNodes, masks: Callable[[], Masks] | None = None) -> Any:
    """The missed and false vessels beyond one voxel; computed, and hidden, where there are none yet."""

    def make(name: str) -> Any:
        found = _masks(nodes) if masks is None else masks()
        labels = beyond_one_voxel(found.predicted, found.truth)
        return add_missed_segmentation(nodes.scene, name, labels, found.grid, nodes.needed(VOLUME), found.first_kji)

    return nodes.made(MISSED, make, "missed and false vessels")


def _show_exact(nodes: ResultNodes, state: ViewState) -> None:
    node = nodes.needed(ERRORS)
    display = node.GetDisplayNode()
    display.SetVisibility(True)
    found = node.GetSegmentation().GetNthSegmentID(0)
    # The crust of a voxel's difference stays out of 3-D, and so does what the coloured surface shows already.
    for index in range(node.GetSegmentation().GetNumberOfSegments()):
        segment_id = node.GetSegmentation().GetNthSegmentID(index)
        display.SetSegmentVisibility3D(segment_id, segment_id == found and SURFACE not in state.attention)


def _show_beyond(nodes: ResultNodes, state: ViewState) -> None:
    node = nodes.needed(MISSED)
    display = node.GetDisplayNode()
    display.SetVisibility(True)
    missed, false = (node.GetSegmentation().GetNthSegmentID(index) for index in (_FN, _FP))
    display.SetSegmentVisibility(false, state.errors and SURFACE not in state.attention)
    if state.errors:
        display.UnsetSegmentOverrideColor(missed)
    else:  # here it is the ground truth that is shown, in its own colour
        display.SetSegmentOverrideColor(missed, *GROUND_TRUTH)


def _masks(nodes: ResultNodes) -> Masks:
    """From the scene: the user may have corrected either."""
    volume, segmentation, truth = nodes.needed(VOLUME), nodes.needed(SEGMENTATION), nodes.needed(TRUTH)
    grid = local_grid(volume)
    world = grid.moved(parent_to_world(segmentation))
    ids = target_segments(nodes)
    box = union(labelled_part(segmentation, world), labelled_part(truth, world))
    part = world.part(box)
    predicted = segments_on_grid(segmentation, ids, part, "prediction") if ids else np.zeros(part.size[::-1], np.uint8)
    return Masks(
        predicted=predicted.view(bool),
        truth=segments_on_grid(truth, ALL_SEGMENTS, part, "ground truth").view(bool),
        grid=grid,
        first_kji=(box[0].start, box[1].start, box[2].start),
    )
