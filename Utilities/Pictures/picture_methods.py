"""Pictures for Documentation/methods: every attribution method on one piece of the source phantom, by the demo model.

    python Utilities/Pictures/picture_methods.py [--work FOLDER] [--out Resources/Screenshots/methods]

FOLDER keeps the piece (``piece.nii.gz``, ``piece_vessels.nii.gz``) and what each method made of it, so that drawing
again takes seconds; without it everything is computed anew (minutes).
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image, ImageOps

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.attention_colors import attention_colors
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.page.pictures import GROUND_TRUTH_COLOR
from UMambaXAILogic.engine.volume import PHANTOM_DESCRIPTION

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "Resources" / "Screenshots" / "methods"
SAMPLE = ROOT / "Resources" / "sample_data"
#: First voxel and extent (x, y, z) of a piece with both siphons, the basilar artery and bone, in one window.
_FIRST, _EXTENT = (34, 30, 16), (96, 96, 28)
_SLICE = 16
_MAX_REGIONS = 60
_CONTROL = "layers/attention.control.nii.gz"
_LARGEST_BYTES = 150_000
_GREY_HU = (-150.0, 650.0)
_BACK, _INK, _PHANTOM_INK = "#101318", "#e8ecf2", "#e3a8ff"
_COLORS = ListedColormap(attention_colors())
#: Attention from which on a place is coloured, and where its colour hides most of the image.
_FAINT, _FULL, _OPAQUE = 0.05, 0.4, 0.85

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """What lies under the maps: image in HU and true vessels, (z, y, x), and the width of a pixel in mm."""

    image: Array
    truth: npt.NDArray[np.bool_]
    pixel_mm: float


def main() -> int:
    """Draw all; 0 when every picture is there and small enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="keep the piece and the maps here, or take them from here")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        piece = cut_piece(work)
        maps = {name: explain(work, name) for name in METHOD_FACTS}
        sizes = [write(options.out / f"{name}.png", draw_method(piece, name, found)) for name, found in maps.items()]
    sizes.append(write(options.out / "all-methods.png", draw_overview(piece, maps)))
    return 0 if max(sizes) <= _LARGEST_BYTES else 1


def cut_piece(work: Path) -> Piece:
    """Cut the piece out of the sample case, into ``work``."""
    image = sitk.RegionOfInterest(sitk.ReadImage(str(SAMPLE / "phantom_source.nrrd")), _EXTENT, _FIRST)
    truth = sitk.RegionOfInterest(sitk.ReadImage(str(SAMPLE / "phantom_source_vessels.seg.nrrd")), _EXTENT, _FIRST)
    for name, part in {"piece": image, "piece_vessels": truth}.items():
        part.SetMetaData("ITK_FileNotes", PHANTOM_DESCRIPTION)
        sitk.WriteImage(part, str(work / f"{name}.nii.gz"), True)
    return Piece(
        sitk.GetArrayFromImage(image).astype(float), sitk.GetArrayFromImage(truth) > 0, float(image.GetSpacing()[0])
    )


def explain(work: Path, method: str) -> dict[str, Array]:
    """The method's map of the piece, and its control where it has one, each in [0, 1] by title."""
    folder = work / method
    if not (folder / "metrics.json").is_file():
        regions = {"max_regions": _MAX_REGIONS} if "max_regions" in METHOD_FACTS[method].settings else {}
        run_case(
            Request(
                volume=work / "piece.nii.gz",
                ground_truth=work / "piece_vessels.nii.gz",
                model="demo",
                output=folder,
                method=method,
                method_options=MethodOptions(**regions),
            )
        )
    print(method, json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["attribution"]["passes"])
    files = {METHOD_FACTS[method].title: folder / "attention.nii.gz", "its control": folder / _CONTROL}
    return {title: _read(path) for title, path in files.items() if path.is_file()}


def draw_method(piece: Piece, method: str, maps: Mapping[str, Array]) -> Figure:
    """The slice and the projection from above; of a map with a control, the control's slice between them."""
    panels = len(maps) + 1
    figure, grid = _figure(4.1 * panels + 1.0, 4.75, 1, panels, top=0.915, bottom=0.085)
    for axes, (title, attention) in zip(grid, maps.items(), strict=False):
        _draw(axes, piece, piece.image[_SLICE], piece.truth[_SLICE], attention[_SLICE])
        axes.set_title(f"{title}: one slice", color=_INK, fontsize=12)
    attention = maps[METHOD_FACTS[method].title]
    _draw(grid[-1], piece, piece.image[_SLICE] * 0 + _GREY_HU[0], piece.truth.any(0), attention.max(0))
    grid[-1].set_title("maximum of all slices", color=_INK, fontsize=12)
    return figure


def draw_overview(piece: Piece, maps: Mapping[str, Mapping[str, Array]]) -> Figure:
    """The same slice by every method."""
    figure, grid = _figure(11.2, 6.2, 2, (len(maps) + 1) // 2, top=0.945, bottom=0.065)
    for axes, (method, found) in zip(grid, maps.items(), strict=True):
        title = METHOD_FACTS[method].title
        _draw(axes, piece, piece.image[_SLICE], piece.truth[_SLICE], found[title][_SLICE])
        axes.set_title(title, color=_INK, fontsize=11)
    return figure


def write(path: Path, figure: Figure) -> int:
    """Write it with 64 steps of each primary, which halves the file unseen; returns its size in bytes."""
    memory = io.BytesIO()
    figure.savefig(memory, format="png", facecolor=_BACK)
    image = ImageOps.posterize(Image.open(memory).convert("RGB"), 6)
    image.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {image.width} x {image.height}, {size / 1000:.0f} kB")
    return size


def _read(path: Path) -> Array:
    return np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), dtype=float)


def _figure(width: float, height: float, rows: int, columns: int, top: float, bottom: float) -> tuple[Figure, list]:
    """A dark figure with axes in rows, the key below and the colours of attention at the right; inches."""
    figure = Figure(figsize=(width, height), dpi=100, facecolor=_BACK)
    FigureCanvasAgg(figure)
    right = 1 - 0.95 / width
    margins = {"left": 0.01, "right": right, "top": top, "bottom": bottom, "wspace": 0.03, "hspace": 0.1}
    grid = figure.subplots(rows, columns, gridspec_kw=margins)
    strip = figure.add_axes((right + 0.3 / width, 0.2, 0.14 / width, 0.6))
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), _COLORS), cax=strip, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["0", "0.5", "1"], color=_INK)
    bar.ax.set_title("Attention", color=_INK, fontsize=9, pad=8)
    key = [Line2D([], [], color=GROUND_TRUTH_COLOR, linewidth=2, label="true vessels (ground truth)")]
    figure.legend(handles=key, loc="lower center", frameon=False, labelcolor=_INK, fontsize=10, borderaxespad=0.2)
    return figure, list(np.ravel(grid))


def _draw(axes: Axes, piece: Piece, grey: Array, truth: npt.NDArray[np.bool_], attention: Array) -> None:
    height, width = (count * piece.pixel_mm for count in grey.shape)
    extent = (0.0, width, height, 0.0)
    axes.imshow(grey, cmap="gray", vmin=_GREY_HU[0], vmax=_GREY_HU[1], extent=extent, interpolation="bilinear")
    overlay = _COLORS(attention)
    overlay[..., 3] = np.where(attention >= _FAINT, np.clip(attention / _FULL, 0, 1) * _OPAQUE, 0)
    axes.imshow(overlay, extent=extent, interpolation="nearest")
    x, y = ((np.arange(count) + 0.5) * piece.pixel_mm for count in reversed(grey.shape))
    axes.contour(x, y, truth, levels=[0.5], colors=[GROUND_TRUTH_COLOR], linewidths=1.3)
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axes.text(0.985, 0.015, "PHANTOM", transform=axes.transAxes, ha="right", color=_PHANTOM_INK, weight="bold")
    for place, across, letter in ((0.015, "left", "R"), (0.985, "right", "L")):
        axes.text(place, 0.5, letter, transform=axes.transAxes, ha=across, va="center", color="white", weight="bold")


if __name__ == "__main__":
    sys.exit(main())
