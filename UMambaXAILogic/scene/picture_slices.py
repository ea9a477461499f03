"""The slice picture: the axial, coronal and sagittal plane with the most attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .captions import LINE_FACTOR, add_color_bar, add_key, add_text
from .colors import ATTENTION_KEY, GROUND_TRUTH, PREDICTION_OUTLINE, Color, attention_color_node
from .grid import image_array, local_grid
from .heat_map import show_on_slices
from .picture_scene import PictureScene
from .views import SliceView, View

_LARGE, _SMALL, _GAP = 900, 446, 8
_STRIP, _MARGIN = 170, 40
_TITLE_SIZE, _TEXT_SIZE = 30, 22
_OPACITY = 0.6
#: Width of the layers among which a plane is chosen: about that of a CT slice.
_BIN_MM = 1.0
_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))


def draw_slices(scene: PictureScene) -> npt.NDArray[np.uint8]:
    """Axial, coronal and sagittal planes with attention, prediction and ground truth; (height, width, 3)."""
    key = _prepare(scene)
    point = most_attention(scene)
    header = int(115 + LINE_FACTOR * _TEXT_SIZE * len(key))
    width, height = _LARGE + _GAP + _SMALL + _STRIP, header + _LARGE
    page = View(width, height)
    page.renderer.SetBackground(0.08, 0.09, 0.11)
    which = "with the most attention" if scene.result.attention_node is not None else "through the middle"
    add_text(page.renderer, f"Planes {which}", _MARGIN, height - 40, _TITLE_SIZE, bold=True)
    add_text(page.renderer, scene.subtitle, _MARGIN, height - 80, _TEXT_SIZE)
    add_key(page.renderer, key, _MARGIN, height - 85 - LINE_FACTOR * _TEXT_SIZE * len(key), _TEXT_SIZE)
    if scene.result.attention_node is not None:
        colors = attention_color_node(scene.application.scene)
        add_color_bar(page.renderer, colors, "Attention", (width - _STRIP + 30, 250, width - 30, 700), _TEXT_SIZE)
    picture = page.draw()
    page.close()
    right = _LARGE + _GAP
    for orientation, size, left, top in (
        ("Axial", _LARGE, 0, header),
        ("Coronal", _SMALL, right, header),
        ("Sagittal", _SMALL, right, header + _LARGE - _SMALL),
    ):
        picture[top : top + size, left : left + size] = _draw_plane(scene, orientation, size, point)
    return picture


def _prepare(scene: PictureScene) -> list[tuple[str, Color]]:
    for node in scene.display_nodes():
        node.GetDisplayNode().SetVisibility(False)
    key: list[tuple[str, Color]] = []
    if scene.result.attention_node is not None:
        key.append((f"Attention of at least {scene.threshold:g}", ATTENTION_KEY))
    segmentation = scene.result.segmentation_node.GetSegmentation()
    for index in range(segmentation.GetNumberOfSegments()):
        segmentation.GetNthSegment(index).SetColor(PREDICTION_OUTLINE)
    if segmentation.GetNumberOfSegments():
        key.append(("Prediction", PREDICTION_OUTLINE))
        _show_outline(scene.result.segmentation_node, 1)
    if scene.truth_node is not None:
        key.append(("Ground truth", GROUND_TRUTH))
        _show_outline(scene.truth_node, 2)
    return key


def _show_outline(node: Any, thickness: int) -> None:
    display = node.GetDisplayNode()
    display.SetVisibility(True)
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(True)
    display.SetSliceIntersectionThickness(thickness)


def _draw_plane(scene: PictureScene, orientation: str, size: int, point: npt.NDArray) -> npt.NDArray[np.uint8]:
    view = SliceView(scene.application, f"{orientation} picture", orientation, size, size)
    attention = scene.result.attention_node
    if attention is not None:
        show_on_slices(scene.application.scene, scene.volume_node, attention, _OPACITY)
    else:
        view.logic.GetSliceCompositeNode().SetBackgroundVolumeID(scene.volume_node.GetID())
    bounds = np.zeros(6)
    scene.volume_node.GetRASBounds(bounds)
    extent = np.diff(bounds.reshape(3, 2), axis=1).ravel()
    to_ras = np.array([[view.node.GetSliceToRAS().GetElement(row, column) for column in range(3)] for row in range(3)])
    half_view = np.abs(to_ras.T)[:2] @ extent
    center = to_ras.T @ bounds.reshape(3, 2).mean(1)
    center[2] = (to_ras.T @ point)[2]
    view.show(to_ras @ center, 1.02 * half_view.max())
    letters = max(18, size // 30)
    inset = 0.9 * letters
    for axis, (x, y) in enumerate(((size - inset, size / 2), (size / 2, size - inset))):
        add_text(view.renderer, _letter(to_ras[:, axis]), x, y, letters, align="center", backed=True)
        add_text(view.renderer, _letter(-to_ras[:, axis]), size - x, size - y, letters, align="center", backed=True)
    millimetres = to_ras[:, 2] @ point
    name = _LETTERS[int(np.argmax(np.abs(to_ras[:, 2])))][int(to_ras[:, 2].sum() * millimetres > 0)]
    add_text(
        view.renderer,
        f"{orientation}  {name} {abs(millimetres):.1f} mm",
        0.5 * letters,
        size - inset,
        letters,
        backed=True,
    )
    picture = view.draw()
    view.close()
    return picture


def _letter(direction: npt.NDArray) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return _LETTERS[axis][int(direction[axis] > 0)]


def most_attention(scene: PictureScene) -> npt.NDArray[np.float64]:
    """R, A and S coordinates (mm) of the sagittal, coronal and axial plane with most shown attention.

    Without a map: of the volume's middle.
    """
    grid = local_grid(scene.volume_node)
    attention = scene.result.attention_node
    values = None if attention is None else image_array(attention.GetImageData())
    if values is None or not (values >= scene.threshold).any():
        return (grid.ijk_to_ras @ [*((np.array(grid.size) - 1) / 2), 1.0])[:3]
    k, j, i = np.nonzero(values >= scene.threshold)
    points = grid.ijk_to_ras[:3, :3] @ np.stack([i, j, k]) + grid.ijk_to_ras[:3, 3:]
    weights = values[k, j, i]
    best = []
    for coordinates in points:
        edges = np.arange(coordinates.min(), coordinates.max() + 2 * _BIN_MM, _BIN_MM)
        mass, _ = np.histogram(coordinates, edges, weights=weights)
        best.append(edges[int(np.argmax(mass))] + _BIN_MM / 2)
    return np.array(best)
