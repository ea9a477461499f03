"""Where results lie in the subject hierarchy: in a folder below the input volume."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import slicer

#: Item attribute of the folders that were made here: only these may be removed again.
_RESULT_FOLDER = "UMambaXAI.results"


def add_result_folder(scene: Any, volume_node: Any, name: str) -> int:
    """Add a folder below the volume; returns its item id."""
    hierarchy = subject_hierarchy(scene)
    folder = hierarchy.CreateFolderItem(item_of(hierarchy, volume_node), name)
    hierarchy.SetItemAttribute(folder, _RESULT_FOLDER, "1")
    hierarchy.SetItemExpanded(folder, True)
    return folder


def put_into_folder(scene: Any, folder: int, nodes: Iterable[Any]) -> None:
    """Move nodes into a folder."""
    hierarchy = subject_hierarchy(scene)
    for node in nodes:
        hierarchy.SetItemParent(item_of(hierarchy, node), folder)


def remove_folder(scene: Any, folder: int) -> None:
    """Remove a folder, but not what a user may have moved into it: that moves up to the folder's parent."""
    hierarchy = subject_hierarchy(scene)
    children: list[int] = []
    hierarchy.GetItemChildren(folder, children, False)
    for child in children:
        hierarchy.SetItemParent(child, hierarchy.GetItemParent(folder))
    hierarchy.RemoveItem(folder, False, False)


def remove_item_of(scene: Any, item: int) -> None:
    """Remove the item of a node that was removed; the application has done that already, the wheel does not."""
    hierarchy = subject_hierarchy(scene)
    items: list[int] = []
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    if item in items:
        hierarchy.RemoveItem(item, False, False)


def folder_of(scene: Any, node: Any) -> int:
    """The item id of what a node lies in; where somebody moved it, that is no folder of ours."""
    hierarchy = subject_hierarchy(scene)
    return hierarchy.GetItemParent(item_of(hierarchy, node))


def is_result_folder(scene: Any, item: int) -> bool:
    """Whether an item is a folder that ``add_result_folder`` made."""
    return subject_hierarchy(scene).HasItemAttribute(item, _RESULT_FOLDER)


def subject_hierarchy(scene: Any) -> Any:
    """The scene's subject hierarchy node."""
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def item_of(hierarchy: Any, node: Any) -> int:
    """A node's item; the application makes one for every node, the wheel does not."""
    return hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
