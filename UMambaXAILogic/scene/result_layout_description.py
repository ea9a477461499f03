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
    node = layout_node(scene)
    for number, description in ((LAYOUT, _description(False)), (LAYOUT_WITH_PROJECTION, _description(True))):
        if node.IsLayoutDescription(number):
            node.SetLayoutDescription(number, description)
        else:
            node.AddLayoutDescription(number, description)


def layout_node(scene: Any) -> Any:
    """The scene's layout; the application has one in every scene, a script has none before it asks."""
    return scene.GetFirstNodeByClass(_LAYOUT_CLASS) or scene.AddNewNodeByClass(_LAYOUT_CLASS)


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
