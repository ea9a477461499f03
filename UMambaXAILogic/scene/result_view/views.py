"""The 3-D views of a result: its own, and that of the projection. A user's other views stay as they are."""

from __future__ import annotations

from typing import Any

import slicer

from ..result_layout_description import PROJECTION_TAG, THREE_D_TAG


def three_d_view(scene: Any) -> Any:
    """The result's own 3-D view, made on first use: dark, without box and letters, with cube and scale bar."""
    node = scene.GetSingletonNode(THREE_D_TAG, "vtkMRMLViewNode")
    if node is None:
        node = _add_view(scene, THREE_D_TAG, "3D")
        node.SetBackgroundColor(0.16, 0.18, 0.22)
        node.SetBackgroundColor2(0.08, 0.09, 0.11)
    return node


def projection_view(scene: Any) -> Any:
    """The view of the maximum intensity projection, made on first use: black."""
    node = scene.GetSingletonNode(PROJECTION_TAG, "vtkMRMLViewNode")
    if node is None:
        node = _add_view(scene, PROJECTION_TAG, "MIP")
        node.SetBackgroundColor(0.0, 0.0, 0.0)
        node.SetBackgroundColor2(0.0, 0.0, 0.0)
    return node


def three_d_views(scene: Any) -> list[Any]:
    """All 3-D views of the scene."""
    return _of_class(scene, "vtkMRMLViewNode")


def all_views(scene: Any) -> list[Any]:
    """All 3-D and slice views of the scene."""
    return [*three_d_views(scene), *_of_class(scene, "vtkMRMLSliceNode")]


def _of_class(scene: Any, kind: str) -> list[Any]:
    count = scene.GetNumberOfNodesByClass(kind)
    return [scene.GetNthNodeByClass(index, kind) for index in range(count)]


def _add_view(scene: Any, tag: str, label: str) -> Any:
    node = scene.CreateNodeByClass("vtkMRMLViewNode")
    node.UnRegister(None)
    node.SetSingletonTag(tag)
    node.SetName(tag)
    node.SetLayoutName(tag)
    node.SetLayoutLabel(label)
    node.SetBoxVisible(False)
    node.SetAxisLabelsVisible(False)
    node.SetUseDepthPeeling(False)  # software renderers turn it into coloured garbage
    kind = slicer.vtkMRMLViewNode
    node.SetOrientationMarkerType(kind.OrientationMarkerTypeCube)
    node.SetOrientationMarkerSize(kind.OrientationMarkerSizeSmall)
    node.SetRulerType(kind.RulerTypeThin)
    return scene.AddNode(node)
