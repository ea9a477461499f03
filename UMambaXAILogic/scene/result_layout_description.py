"""How the views of a result are arranged, in the words of the application's layout manager.

Imports nothing, because it is needed at the application's start.
"""

from __future__ import annotations

from typing import Any

#: From 100 on, ids are free for extensions.
LAYOUT = 5810
LAYOUT_WITH_PROJECTION = 5811
#: Singleton tags of the result's own views.
THREE_D_TAG = PLOT_TAG = TABLE_TAG = "UMambaXAI"
PROJECTION_TAG = "UMambaXAIProjection"

_LAYOUT_CLASS = "vtkMRMLLayoutNode"

#: Name, orientation, letter and colour of the application's own slice views.
_SLICES = {
    "Red": ("Axial", "R", "#F34A33"),
    "Yellow": ("Sagittal", "Y", "#EDD54C"),
    "Green": ("Coronal", "G", "#6EB04B"),
}


def register_layouts(scene: Any) -> None:
    """Make the layouts known. Early: a scene that was saved in one opens with an empty window where it is unknown."""
    for number, description in ((LAYOUT, _description(False)), (LAYOUT_WITH_PROJECTION, _description(True))):
        add_layout(scene, number, description)


def add_layout(scene: Any, number: int, description: str) -> None:
    """Make a layout known, or known anew."""
    node = layout_node(scene)
    if node.IsLayoutDescription(number):
        node.SetLayoutDescription(number, description)
    else:
        node.AddLayoutDescription(number, description)


def layout_node(scene: Any) -> Any:
    """The scene's layout; the application has one in every scene, a script has none before it asks."""
    return scene.GetFirstNodeByClass(_LAYOUT_CLASS) or scene.AddNewNodeByClass(_LAYOUT_CLASS)


def _description(projection: bool) -> str:
    """Above the 3-D view beside the axial slice, below the other slices, the chart and the table."""
    three_d = view("vtkMRMLViewNode", THREE_D_TAG, viewlabel="3D")
    if projection:
        mip = view("vtkMRMLViewNode", PROJECTION_TAG, viewlabel="MIP")
        above = (360, three_d), (300, mip), (340, _slice("Red"))
    else:
        above = (520, three_d), (480, _slice("Red"))
    below = (
        (200, _slice("Yellow")),
        (200, _slice("Green")),
        (350, view("vtkMRMLPlotViewNode", PLOT_TAG, viewlabel="P")),
        (250, view("vtkMRMLTableViewNode", TABLE_TAG, viewlabel="T")),
    )
    return split("vertical", (620, split("horizontal", *above)), (380, split("horizontal", *below)))


def split(direction: str, *items: tuple[int, str]) -> str:
    """Items with their sizes; all have one, because the table folds to a row where any is missing."""
    content = "".join(f'<item splitSize="{size}">{one}</item>' for size, one in items)
    return f'<layout type="{direction}" split="true">{content}</layout>'


def _slice(name: str) -> str:
    orientation, label, color = _SLICES[name]
    return view("vtkMRMLSliceNode", name, orientation=orientation, viewlabel=label, viewcolor=color)


def view(kind: str, tag: str, **properties: str) -> str:
    """A view with its singleton tag and what it starts with."""
    inside = "".join(
        f'<property name="{name}" action="default">{value}</property>' for name, value in properties.items()
    )
    return f'<view class="{kind}" singletontag="{tag}">{inside}</view>'
