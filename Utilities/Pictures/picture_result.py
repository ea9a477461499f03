"""Pictures of a result for README and tutorial, drawn by Slicer's display code: the source sample, the demo model.

    python Utilities/Pictures/picture_result.py [--result FOLDER] [--out Resources/Screenshots]

FOLDER keeps what ``umamba-xai explain`` wrote, so that drawing again takes seconds; without it the case is explained
anew (a minute on two cores).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from vtk.util.numpy_support import vtk_to_numpy

from UMambaXAILogic.scene.captions import add_text
from UMambaXAILogic.scene.picture_3d import draw_attention
from UMambaXAILogic.scene.picture_chart import draw_chart
from UMambaXAILogic.scene.picture_scene import PictureScene, build_picture_scene
from UMambaXAILogic.scene.picture_slices import draw_slices, most_attention
from UMambaXAILogic.scene.result_view.views import projection_view, three_d_view
from UMambaXAILogic.scene.sample_case import SAMPLES
from UMambaXAILogic.scene.surface import segment_surface
from UMambaXAILogic.scene.views import SliceView, ThreeDView, View

OUT = Path(__file__).resolve().parents[2] / "Resources" / "Screenshots"
SAMPLE = SAMPLES["source"]
_WIDTH = 1000
_LARGEST_BYTES = 700_000
_TOWARDS = (0.35, -0.9, -0.3)
_GAP = 6
_TILE = (500, 400)
_OFF: Mapping[str, Any] = {"attention": (), "prediction": "off", "truth": "off", "errors": False, "threshold": 0.3}
#: Title of a tile -> the view that shows it, and what is shown.
_TILES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Fill": ("axial", {"attention": "overlay", "truth": "outline"}),
    "Contours": ("axial", {"attention": "contours"}),
    "Surface": ("3d", {"attention": "surface", "truth": "outline"}),
    "Cloud": ("3d", {"attention": "cloud"}),
    "MIP": ("projection", {"attention": "projection"}),
    "TP / FP / FN": ("3d", {"errors": True}),
}

Picture = npt.NDArray[np.uint8]


def main() -> int:
    """Draw all; 0 when they are there and small enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--result", type=Path, help="keep the explained case here, or take it from here")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.result or Path(temporary) / "result"
        if not (folder / "metrics.json").is_file():
            explain(folder)
        pictures = {"attention-3d": draw_attention, "attention-slices": draw_slices}
        pictures |= {"result-layout": draw_layout, "result-views": draw_views}
        sizes = []
        for name, draw in pictures.items():
            scene = build_picture_scene(folder, SAMPLE.volume, SAMPLE.truth)  # anew, because drawing recolours nodes
            sizes.append(write(options.out / f"{name}.png", draw(scene)))
            scene.application.close()
    return 0 if max(sizes) <= _LARGEST_BYTES else 1


def explain(folder: Path) -> None:
    """Segment & Explain the sample with the demo model."""
    command = [sys.executable, "-m", "UMambaXAILogic.cli", "explain", str(SAMPLE.volume), "--gt", str(SAMPLE.truth)]
    subprocess.run([*command, "--model", "demo", "--out", str(folder)], check=True)


def write(path: Path, picture: Picture) -> int:
    """Write it ``_WIDTH`` pixels wide; returns its size in bytes."""
    image = Image.fromarray(picture)
    if image.width > _WIDTH:
        image = image.resize((_WIDTH, round(image.height * _WIDTH / image.width)), Image.Resampling.LANCZOS)
    image.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {image.width} x {image.height}, {size / 1000:.0f} kB")
    return size


def draw_layout(scene: PictureScene) -> Picture:
    """The result layout without its table: 3-D beside axial; sagittal, coronal and the chart below."""
    unit, above, below = 16, 620, 380
    views = {
        "3d": open_three_d(scene, three_d_view(scene.application.scene), (52 * unit, above)),
        "Axial": _slice_view(scene, "Axial", (48 * unit, above)),
        "Sagittal": _slice_view(scene, "Sagittal", (28 * unit, below)),
        "Coronal": _slice_view(scene, "Coronal", (28 * unit, below)),
    }
    drawn = draw_shown(scene, views, {"attention": ("overlay", "surface"), "prediction": "outline", "truth": "outline"})
    chart = draw_chart(scene.result.chart_node, 44 * unit - _GAP, below)
    picture = _stacked([beside([drawn["3d"], drawn["Axial"]]), beside([drawn["Sagittal"], drawn["Coronal"], chart])])
    for view in views.values():
        view.close()
    return picture


def draw_views(scene: PictureScene) -> Picture:
    """Every way to show the result, a titled tile each."""
    views = {
        "axial": _slice_view(scene, "Axial", _TILE),
        "3d": open_three_d(scene, three_d_view(scene.application.scene), _TILE),
        "projection": open_three_d(scene, projection_view(scene.application.scene), _TILE),
    }
    tiles = []
    for title, (where, shown) in _TILES.items():
        tiles.append(titled(draw_shown(scene, {where: views[where]}, shown)[where], title))
    for view in views.values():
        view.close()
    return _stacked([beside(tiles[:3]), beside(tiles[3:])])


def draw_shown(scene: PictureScene, views: Mapping[str, View], shown: Mapping[str, Any]) -> dict[str, Picture]:
    """The views as they are when that is shown and nothing else."""
    scene.truth_node.GetDisplayNode().SetVisibility(False)  # the result has a copy of its own
    scene.result.view.show(**{**_OFF, **shown})
    pictures = {}
    for name, view in views.items():
        if isinstance(view, ThreeDView):
            view.draw()  # the first picture of a volume rendering resets the camera
            width, height = view.window.GetSize()
            frame = (20, 45, int(0.73 * width), height - 75)  # keys above, the legend beside
            view.look(_vessel_points(scene), _TOWARDS, frame)
        pictures[name] = view.draw()
    return pictures


def _vessel_points(scene: PictureScene) -> npt.NDArray[np.float64]:
    node = scene.result.truth_node
    surface = segment_surface(node, [node.GetSegmentation().GetNthSegmentID(0)])
    return vtk_to_numpy(surface.GetPoints().GetData()).astype(float)


def open_three_d(scene: PictureScene, node: Any, size: tuple[int, int]) -> ThreeDView:
    return ThreeDView(scene.application, *size, node)


def _slice_view(scene: PictureScene, orientation: str, size: tuple[int, int]) -> SliceView:
    """The plane with most attention, as wide as the view."""
    width, height = size
    view = SliceView(scene.application, orientation, orientation, width, height)
    view.logic.GetSliceCompositeNode().SetBackgroundVolumeID(scene.volume_node.GetID())
    bounds = np.zeros(6)
    scene.volume_node.GetRASBounds(bounds)
    center, extent = bounds.reshape(3, 2).mean(1), np.diff(bounds.reshape(3, 2), axis=1).ravel()
    axis, across = {"Axial": (2, 0), "Coronal": (1, 0), "Sagittal": (0, 1)}[orientation]
    center[axis] = most_attention(scene)[axis]
    view.show(center, extent[across] * height / width)
    return view


def titled(picture: Picture, title: str) -> Picture:
    height, width, _ = picture.shape
    strip = View(width, 34)
    strip.renderer.SetBackground(0.08, 0.09, 0.11)
    add_text(strip.renderer, title, 12, 17, 20, bold=True)
    head = strip.draw()
    strip.close()
    return np.concatenate([head, picture])


def beside(pictures: list[Picture]) -> Picture:
    gap = np.full((pictures[0].shape[0], _GAP, 3), 60, np.uint8)
    parts = [part for picture in pictures for part in (gap, picture)][1:]
    return np.concatenate(parts, 1)


def _stacked(pictures: list[Picture]) -> Picture:
    width = min(picture.shape[1] for picture in pictures)
    gap = np.full((_GAP, width, 3), 60, np.uint8)
    parts = [part for picture in pictures for part in (gap, picture[:, :width])][1:]
    return np.concatenate(parts)


if __name__ == "__main__":
    sys.exit(main())
