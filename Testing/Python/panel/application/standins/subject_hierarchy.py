"""What the application does to the subject hierarchy by itself: items come and go with the nodes they stand for."""

from __future__ import annotations

import slicer
import vtk

#: Nodes that some plugin of the application lists; all others get an item only from who asks for one.
LISTED = (
    "vtkMRMLVolumeNode",
    "vtkMRMLModelNode",
    "vtkMRMLSegmentationNode",
    "vtkMRMLMarkupsNode",
    "vtkMRMLTransformNode",
    "vtkMRMLTableNode",
    "vtkMRMLTextNode",
    "vtkMRMLPlotChartNode",
    "vtkMRMLPlotSeriesNode",
)


class SubjectHierarchyLogic:
    """Watches a scene."""

    def __init__(self, scene) -> None:
        self._scene = scene
        scene.AddObserver(scene.NodeAddedEvent, _with_node(self._on_added))
        scene.AddObserver(scene.NodeAboutToBeRemovedEvent, _with_node(self._on_about_to_be_removed))
        scene.AddObserver(scene.EndImportEvent, lambda *_: self._add_missing())
        scene.AddObserver(scene.EndBatchProcessEvent, lambda *_: self._on_batch_ended())

    @property
    def _hierarchy(self):
        return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self._scene)

    def _on_added(self, node) -> None:
        if not self._scene.IsImporting() and _is_listed(node):
            self._hierarchy.CreateItem(self._hierarchy.GetSceneItemID(), node)

    def _on_about_to_be_removed(self, node) -> None:
        if self._scene.IsClosing() or node.IsA("vtkMRMLSubjectHierarchyNode"):
            return
        item = self._hierarchy.GetItemByDataNode(node)
        if item:
            self._hierarchy.RemoveItem(item, False, False)

    def _on_batch_ended(self) -> None:
        hierarchy = self._hierarchy
        items: list[int] = []
        hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
        for item in items:
            if not hierarchy.GetItemLevel(item) and hierarchy.GetItemDataNode(item) is None:
                hierarchy.RemoveItem(item, False, False)
        self._add_missing()

    def _add_missing(self) -> None:
        hierarchy = self._hierarchy
        for index in range(self._scene.GetNumberOfNodes()):
            node = self._scene.GetNthNode(index)
            if _is_listed(node) and not hierarchy.GetItemByDataNode(node):
                hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


def _is_listed(node) -> bool:
    return not node.GetHideFromEditors() and any(node.IsA(kind) for kind in LISTED)


def _with_node(method):
    @vtk.calldata_type(vtk.VTK_OBJECT)
    def call(caller, event, node) -> None:
        method(node)

    return call
