"""The 3-D pictures: vessels coloured by attention, and where prediction and ground truth differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from .captions import LINE_FACTOR, add_key, add_text
from .colors import FALSE_NEGATIVE, FALSE_POSITIVE, PREDICTION, TRUE_POSITIVE, Color
from .heat_map import add_legend
from .picture_scene import PictureScene
from .surface import segment_surface
from .views import ThreeDView

WIDTH, HEIGHT = 1500, 1100
#: Width of the strip on the right that is left to the legend and the orientation cube.
STRIP = 190
_MARGIN = 40
_TITLE_SIZE, _TEXT_SIZE = 30, 22
#: Looking at the face, slightly from the left and above, so that vessels behind each other come apart.
_TOWARDS = (0.35, -0.9, -0.3)


def draw_attention(scene: PictureScene) -> npt.NDArray[np.uint8]:
    """The prediction's surface coloured by attention, with the vessels it missed; (height, width, 3)."""
    result = scene.result
    shown: dict[Any, list[str]] = {}
    key: list[tuple[str, Color]] = []
    if result.surface_node is not None:
        title = "Predicted vessels, coloured by attention"
        shown[result.surface_node] = []
    elif _segment_ids(result.segmentation_node):
        title = "Predicted vessels (there is no attention map)"
        shown[result.segmentation_node] = _segment_ids(result.segmentation_node)
        key.append(("Prediction", PREDICTION))
    else:
        title = "Nothing was predicted"
    if result.missed_node is not None:
        shown[result.missed_node] = _segment_ids(result.missed_node)[:1]
        key.append(("Missed: ground truth more than 1 voxel away from the prediction", FALSE_NEGATIVE))
    return _draw(scene, shown, title, key, result.surface_node)


def draw_errors(scene: PictureScene) -> npt.NDArray[np.uint8]:
    """Found, false and missed vessels; needs a ground truth; (height, width, 3)."""
    result = scene.result
    shown = {
        scene.errors_node: _segment_ids(scene.errors_node)[:1],
        result.missed_node: _segment_ids(result.missed_node),
    }
    key = [
        ("Found: predicted, and in the ground truth", TRUE_POSITIVE),
        ("False: predicted, more than 1 voxel away from the ground truth", FALSE_POSITIVE),
        ("Missed: in the ground truth, more than 1 voxel away from the prediction", FALSE_NEGATIVE),
    ]
    return _draw(scene, shown, "Found, false and missed vessels", key, None)


def _draw(
    scene: PictureScene,
    shown: dict[Any, list[str]],
    title: str,
    key: Sequence[tuple[str, Color]],
    colored_node: Any,
) -> npt.NDArray[np.uint8]:
    view = ThreeDView(scene.application, WIDTH, HEIGHT)
    _show_only(scene, shown)
    node = view.node
    node.SetBackgroundColor(0.16, 0.18, 0.22)
    node.SetBackgroundColor2(0.08, 0.09, 0.11)
    node.SetOrientationMarkerType(slicer.vtkMRMLViewNode.OrientationMarkerTypeCube)
    node.SetOrientationMarkerSize(slicer.vtkMRMLViewNode.OrientationMarkerSizeSmall)
    node.SetRulerType(slicer.vtkMRMLViewNode.RulerTypeThin)
    key_height = LINE_FACTOR * _TEXT_SIZE * len(key)
    top = HEIGHT - 100 - int(key_height)
    view.look(_points(shown), _TOWARDS, (_MARGIN, 2 * _MARGIN, WIDTH - STRIP, top - _MARGIN // 2))
    legend = None if colored_node is None else add_legend(colored_node)
    add_text(view.renderer, title, _MARGIN, HEIGHT - 40, _TITLE_SIZE, bold=True)
    add_text(view.renderer, scene.subtitle, _MARGIN, HEIGHT - 80, _TEXT_SIZE)
    add_key(view.renderer, key, _MARGIN, HEIGHT - 85 - key_height, _TEXT_SIZE)
    picture = view.draw()
    if legend is not None:
        scene.application.scene.RemoveNode(legend)
    view.close()
    return picture


def _show_only(scene: PictureScene, shown: dict[Any, list[str]]) -> None:
    for node in scene.display_nodes():
        node.GetDisplayNode().SetVisibility(node in shown)
    for node, segment_ids in shown.items():
        if node.IsA("vtkMRMLSegmentationNode"):
            node.CreateClosedSurfaceRepresentation()
            display = node.GetDisplayNode()
            display.SetVisibility3D(True)
            for segment_id in _segment_ids(node):
                display.SetSegmentVisibility(segment_id, segment_id in segment_ids)


def _points(shown: dict[Any, list[str]]) -> npt.NDArray[np.float64]:
    """RAS positions (N, 3) of what is shown; a default box where that is nothing."""
    found = []
    for node, segment_ids in shown.items():
        if node.IsA("vtkMRMLSegmentationNode"):
            surface = segment_surface(node, segment_ids)
        else:
            surface = node.GetPolyData()
        if surface.GetNumberOfPoints():
            found.append(vtk_to_numpy(surface.GetPoints().GetData()))
    return np.concatenate(found).astype(float) if found else np.array([[-50.0] * 3, [50.0] * 3])


def _segment_ids(segmentation_node: Any) -> list[str]:
    segmentation = segmentation_node.GetSegmentation()
    return [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())]
