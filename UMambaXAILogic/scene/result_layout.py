"""The layouts that show a result at a glance, and the way back to the one before."""

from __future__ import annotations

from typing import Any

from .result_view.nodes import CHART, SLICES_TABLE, ResultNodes
from .result_view.views import PROJECTION_TAG, THREE_D_TAG, projection_view, three_d_view

#: From 100 on, ids are free for extensions.
LAYOUT = 5810
LAYOUT_WITH_PROJECTION = 5811
PLOT_TAG = TABLE_TAG = "UMambaXAI"

_LAYOUT_CLASS = "vtkMRMLLayoutNode"
_BEFORE, _SAVED_BEFORE = "UMambaXAI.layoutBefore", "UMambaXAI.layoutSavedBefore"

#: Name, orientation, letter and colour of the application's own slice views.
_SLICES = {
    "Red": ("Axial", "R", "#F34A33"),
    "Yellow": ("Sagittal", "Y", "#EDD54C"),
    "Green": ("Coronal", "G", "#6EB04B"),
}


def register_layouts(scene: Any) -> None:
    """Make the layouts known. Early: a scene that was saved in one opens with an empty window where it is unknown."""
    node = layout_node(scene)
    for number, description in ((LAYOUT, _description(False)), (LAYOUT_WITH_PROJECTION, _description(True))):
        if node.IsLayoutDescription(number):
            node.SetLayoutDescription(number, description)
        else:
            node.AddLayoutDescription(number, description)


def show_layout(nodes: ResultNodes, projection: bool = False) -> None:
    """Show a result's 3-D view, slices, chart and table side by side; remembers the layout that was there before.

    Args:
        projection: with a view for the maximum intensity projection.
    """
    scene = nodes.scene
    register_layouts(scene)
    three_d_view(scene)
    projection_view(scene)
    plot = _own_view(scene, "vtkMRMLPlotViewNode", PLOT_TAG, "P")
    plot.SetDoPropagatePlotChartSelection(False)
    table = _own_view(scene, "vtkMRMLTableViewNode", TABLE_TAG, "T")
    table.SetDoPropagateTableSelection(False)
    plot.SetPlotChartNodeID(_id(nodes.get(CHART)))
    table.SetTableNodeID(_id(nodes.get(SLICES_TABLE)))
    node = layout_node(scene)
    if not is_shown(scene):
        node.SetAttribute(_BEFORE, str(node.GetViewArrangement()))
        node.SetAttribute(_SAVED_BEFORE, str(int(node.GetSaveWithScene())))
    node.SetSaveWithScene(False)  # whoever opens the scene may not have this extension
    node.SetViewArrangement(LAYOUT_WITH_PROJECTION if projection else LAYOUT)


def restore_layout(scene: Any) -> None:
    """Go back to the layout that ``show_layout`` found; nothing happens where the user has chosen another one since."""
    node = layout_node(scene)
    if not is_shown(scene):
        return
    node.SetSaveWithScene(bool(int(node.GetAttribute(_SAVED_BEFORE))))
    node.SetViewArrangement(int(node.GetAttribute(_BEFORE)))


def is_shown(scene: Any) -> bool:
    """Whether one of the result's layouts is the current one."""
    node = layout_node(scene)
    shown = node.GetViewArrangement() in (LAYOUT, LAYOUT_WITH_PROJECTION)
    return shown and node.GetAttribute(_BEFORE) is not None


def layout_node(scene: Any) -> Any:
    """The scene's layout; the application has one in every scene, a script has none before it asks."""
    return scene.GetFirstNodeByClass(_LAYOUT_CLASS) or scene.AddNewNodeByClass(_LAYOUT_CLASS)


def plot_view(scene: Any) -> Any:
    """The view of the chart; None before the layout was shown."""
    return scene.GetSingletonNode(PLOT_TAG, "vtkMRMLPlotViewNode")


def table_view(scene: Any) -> Any:
    """The view of the table; None before the layout was shown."""
    return scene.GetSingletonNode(TABLE_TAG, "vtkMRMLTableViewNode")


def _own_view(scene: Any, kind: str, tag: str, label: str) -> Any:
    existing = scene.GetSingletonNode(tag, kind)
    if existing is not None:
        return existing
    node = scene.CreateNodeByClass(kind)
    node.UnRegister(None)
    node.SetSingletonTag(tag)
    node.SetName(tag)
    node.SetLayoutName(tag)
    node.SetLayoutLabel(label)
    return scene.AddNode(node)


def _description(projection: bool) -> str:
    """Above the 3-D view beside the axial slice, below the other slices, the chart and the table."""
    three_d = _view("vtkMRMLViewNode", THREE_D_TAG, viewlabel="3D")
    if projection:
        mip = _view("vtkMRMLViewNode", PROJECTION_TAG, viewlabel="MIP")
        above = (360, three_d), (300, mip), (340, _slice("Red"))
    else:
        above = (520, three_d), (480, _slice("Red"))
    below = (
        (200, _slice("Yellow")),
        (200, _slice("Green")),
        (350, _view("vtkMRMLPlotViewNode", PLOT_TAG, viewlabel="P")),
        (250, _view("vtkMRMLTableViewNode", TABLE_TAG, viewlabel="T")),
    )
    return _split("vertical", (620, _split("horizontal", *above)), (380, _split("horizontal", *below)))


def _split(direction: str, *items: tuple[int, str]) -> str:
    """Items with their sizes; all have one, because the table folds to a row where any is missing."""
    content = "".join(f'<item splitSize="{size}">{one}</item>' for size, one in items)
    return f'<layout type="{direction}" split="true">{content}</layout>'


def _slice(name: str) -> str:
    orientation, label, color = _SLICES[name]
    return _view("vtkMRMLSliceNode", name, orientation=orientation, viewlabel=label, viewcolor=color)


def _view(kind: str, tag: str, **properties: str) -> str:
    inside = "".join(
        f'<property name="{name}" action="default">{value}</property>' for name, value in properties.items()
    )
    return f'<view class="{kind}" singletontag="{tag}">{inside}</view>'


def _id(node: Any) -> str | None:
    return None if node is None else node.GetID()
