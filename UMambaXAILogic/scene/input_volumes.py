"""The volumes of a scene that somebody may want segmented."""

from __future__ import annotations

from typing import Any

from .run_nodes import RUN_ATTRIBUTE


def input_volumes(scene: Any) -> list[Any]:
    """Images in the order of the scene: no label maps, no colour or vector volumes, no maps that were made here.

    Hidden nodes are left out; a volume without voxels is not, so that whoever runs over all of them hears of it.
    """
    nodes = scene.GetNodesByClass("vtkMRMLScalarVolumeNode")
    nodes.UnRegister(None)
    found = (nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems()))
    return [
        node
        for node in found
        if node.GetClassName() == "vtkMRMLScalarVolumeNode"  # label maps and vectors are kinds of it
        and node.GetAttribute(RUN_ATTRIBUTE) is None
        and not node.GetHideFromEditors()
    ]
