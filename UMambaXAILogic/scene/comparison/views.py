"""Two maps and their difference side by side in slice views that follow each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from UMambaXAILogic.engine.errors import InputError

from ..colors import attention_color_node
from ..grid import image_array, local_grid, parent_to_world
from ..heat_map import DEFAULT_OPACITY, add_legend, set_threshold
from ..result_layout import own_view
from ..result_layout_description import layout_node
from ..result_view.legend import add_carrier, make_legible
from ..result_view.nodes import CONTOURS, ERRORS, SEGMENTATION, TRUTH, VOLUME, ResultNodes, find_results
from ..result_view.views import all_views
from ..users_layout import OWN_LAYOUTS, enter_layout, is_users_layout_known, return_to_users_layout
from .comparison import COLORS, Comparison
from .layout_description import (
    COMPARISON_LAYOUT,
    COMPARISON_VIEWS,
    TABLE_TAG,
    VIEW_A,
    VIEW_B,
    VIEW_DIFFERENCE,
    VIEW_GROUP,
    VIEW_LOOKS,
    register_comparison_layout,
)

_FORMER = "UMambaXAI.layoutBeforeComparison"
_MARGIN = 1.05


def show_side_by_side(comparison: Comparison) -> None:
    """Show A, B and A - B over their volume, with the numbers beside; remembers the layout that was there before.

    Raises:
        InputError: a result or the difference was removed.
    """
    if not comparison.is_whole:
        raise InputError("A result of the comparison was removed from the scene.", "Compare again.")
    scene = comparison.scene
    register_comparison_layout(scene)
    for tag in COMPARISON_VIEWS:
        slice_view(scene, tag)
    table = own_view(scene, "vtkMRMLTableViewNode", TABLE_TAG, "T")
    table.SetDoPropagateTableSelection(False)
    table.SetTableNodeID(comparison.table_node.GetID())
    layout = layout_node(scene)
    if layout.GetViewArrangement() != COMPARISON_LAYOUT:
        layout.SetAttribute(_FORMER, str(layout.GetViewArrangement()))
        place_views(comparison)
    _fill_views(comparison)
    _keep_covers_out(scene)
    enter_layout(layout, COMPARISON_LAYOUT)
    _add_legends(comparison)  # a view draws only legends that are added while it is there


def leave_side_by_side(scene: Any) -> None:
    """Go back to the layout before; nothing happens where the user has chosen another one since."""
    if not is_side_by_side(scene):
        return
    layout = layout_node(scene)
    former = int(layout.GetAttribute(_FORMER))
    for nodes in find_results(scene):
        for display in _displays(nodes):
            display.RemoveAllViewNodeIDs()
        state = nodes.state
        if state is not None and nodes.get(nodes.map_role(state.layer)) is not None:
            set_threshold(nodes.get(nodes.map_role(state.layer)), state.threshold)
    if former in OWN_LAYOUTS:
        layout.SetViewArrangement(former)
    else:
        return_to_users_layout(layout)


def is_side_by_side(scene: Any) -> bool:
    """Whether the comparison's layout is the current one."""
    layout = layout_node(scene)
    return layout.GetViewArrangement() == COMPARISON_LAYOUT and is_users_layout_known(layout)


def slice_view(scene: Any, tag: str) -> Any:
    """A slice view of the comparison, made on first use, before the layout manager would: linked with its like."""
    node = scene.GetSingletonNode(tag, "vtkMRMLSliceNode")
    if node is None:
        label, color = VIEW_LOOKS[tag]
        node = own_view(scene, "vtkMRMLSliceNode", tag, label)
        node.SetLayoutColor(*(int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)))
        node.SetOrientation("Axial")
    node.SetViewGroup(VIEW_GROUP)
    composite = composite_of(scene, tag)
    composite.SetLinkedControl(True)
    composite.SetHotLinkedControl(True)  # while dragging, not only at its end
    return node


def composite_of(scene: Any, tag: str) -> Any:
    """What a view of the comparison shows; made on first use."""
    kind = "vtkMRMLSliceCompositeNode"
    node = scene.GetSingletonNode(tag, kind)
    if node is None:
        node = scene.CreateNodeByClass(kind)
        node.UnRegister(None)
        node.SetSingletonTag(tag)
        node.SetLayoutName(tag)
        node.SetName(f"{tag} composite")
        node = scene.AddNode(node)
    return node


def place_views(comparison: Comparison) -> None:
    """Fit the whole volume into the views, on the slice with the voxel where the two maps together are strongest."""
    first, second = comparison.choices
    bounds = np.zeros(6)
    first.nodes.needed(VOLUME).GetRASBounds(bounds)
    center, extent = bounds.reshape(3, 2).mean(1), np.diff(bounds.reshape(3, 2), axis=1).ravel()
    at = parent_to_world(first.map) @ local_grid(first.map).ijk_to_ras @ [*_strongest(first.map, second.map), 1.0]
    for tag in COMPARISON_VIEWS:
        node = slice_view(comparison.scene, tag)
        to_ras = np.array([[node.GetSliceToRAS().GetElement(row, column) for column in range(3)] for row in range(3)])
        for row in range(3):
            node.GetSliceToRAS().SetElement(row, 3, center[row])
        node.UpdateMatrices()
        node.JumpSliceByOffsetting(*at[:3])
        width, height = node.GetDimensions()[:2]
        across, along = _MARGIN * (np.abs(to_ras.T)[:2] @ extent)
        scale = max(across / width, along / height)
        node.SetFieldOfView(width * scale, height * scale, node.GetFieldOfView()[2])


def _strongest(first: Any, second: Any) -> list[int]:
    """Index (i, j, k) of the voxel with the largest sum of two maps on one grid; plane by plane, to save memory."""
    best, found = -np.inf, [0, 0, 0]
    pairs = zip(image_array(first.GetImageData()), image_array(second.GetImageData()), strict=True)
    for k, (plane, other) in enumerate(pairs):
        together = plane + other
        if together.max() > best:
            j, i = np.unravel_index(int(together.argmax()), together.shape)
            best, found = together.max(), [int(i), int(j), k]
    return found


def _fill_views(comparison: Comparison) -> None:
    scene, threshold = comparison.scene, comparison.agreement.threshold
    first, second = comparison.choices
    for choice in (first, second):
        set_threshold(choice.map, threshold)
    shown = {VIEW_A: first.map, VIEW_B: second.map, VIEW_DIFFERENCE: comparison.difference_node}
    for tag, node in shown.items():
        composite = composite_of(scene, tag)
        composite.SetBackgroundVolumeID(first.nodes.needed(VOLUME).GetID())
        composite.SetForegroundVolumeID(node.GetID())
        composite.SetForegroundOpacity(DEFAULT_OPACITY)


def _keep_covers_out(scene: Any) -> None:
    """What belongs to one map, or would cover both: contours, errors and fills. Outlines of vessels are a help."""
    others = [view.GetID() for view in all_views(scene) if view.GetSingletonTag() not in COMPARISON_VIEWS]
    for nodes in find_results(scene):
        for display in _displays(nodes):
            if display.IsA("vtkMRMLModelDisplayNode") or display.GetVisibility2DFill():
                display.SetViewNodeIDs(others)


def _displays(nodes: ResultNodes) -> list[Any]:
    found = (nodes.get(role) for role in (CONTOURS, ERRORS, SEGMENTATION, TRUTH))
    return [node.GetDisplayNode() for node in found if node is not None]


def _add_legends(comparison: Comparison) -> None:
    scene, threshold = comparison.scene, comparison.agreement.threshold
    first, second = comparison.choices
    attention = attention_color_node(scene)
    below = f"hidden below {threshold:.2f}"
    for tag, colors, lowest, lines in (
        (VIEW_A, attention, 0.0, ("A", *first.name.split(", "), below)),
        (VIEW_B, attention, 0.0, ("B", *second.name.split(", "), below)),
        (VIEW_DIFFERENCE, comparison.get(COLORS), -1.0, ("A - B", "orange: A stronger", "blue: B stronger")),
    ):
        _add_legend(comparison, tag, colors, lowest, "\n".join(lines))


def _add_legend(comparison: Comparison, tag: str, colors: Any, lowest: float, title: str) -> None:
    role = f"legend_carrier.{tag}"
    scene, carrier = comparison.scene, comparison.get(role)
    if carrier is None:
        carrier = add_carrier(scene, f"{comparison.record.GetName()} legend {tag}", colors)
        carrier.GetDisplayNode().SetScalarRange(lowest, 1.0)
        carrier.GetDisplayNode().SetVisibility3D(False)
        comparison.place(carrier)
        comparison.set(role, carrier)
    former = comparison.get(f"legend.{tag}")
    if former is not None:
        scene.RemoveNode(former)
    legend = add_legend(carrier)
    make_legible(legend)
    legend.SetTitleText(title)
    legend.SetViewNodeIDs([slice_view(scene, tag).GetID()])
    comparison.set(f"legend.{tag}", legend)
