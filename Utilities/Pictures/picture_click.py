"""The picture of Documentation/click-to-explain.md: a whole prediction, and two parts of it, as the demo model sees it.

    python Utilities/Pictures/picture_click.py [--results FOLDER] [--out Resources/Screenshots]

FOLDER keeps what ``umamba-xai explain`` wrote, so that drawing again takes seconds; without it the target sample is
explained three times (a minute on two cores).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import picture_result as drawing

from UMambaXAILogic.scene.picture_scene import build_picture_scene
from UMambaXAILogic.scene.result_view.views import projection_view
from UMambaXAILogic.scene.sample_case import SAMPLES

SAMPLE = SAMPLES["target"]
_TILE = (500, 430)
#: Folder of a result -> title of its tile, and what was clicked.
_CLICKS: dict[str, tuple[str, list[str]]] = {
    "whole": ("The whole prediction", []),
    "segment": ("A vessel segment, clicked", ["--at=10.90,9.59,0.19", "--part", "segment"]),
    "spot": ("A false vessel, clicked", ["--at=0.95,-27.93,11.63"]),
}


def main() -> int:
    """Draw it; 0 when it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="keep the explained cases here, or take them from here")
    parser.add_argument("--out", type=Path, default=drawing.OUT, help="folder for the picture")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.results or Path(temporary)
        tiles = []
        for name, (title, clicked) in _CLICKS.items():
            if not (folder / name / "metrics.json").is_file():
                explain(folder / name, clicked)
            tiles.append(drawing.titled(draw(folder / name), title))
        drawing.write(options.out / "click-to-explain.png", drawing.beside(tiles))
    return 0


def explain(folder: Path, clicked: list[str]) -> None:
    """Explain all of the sample, or the part of it that was clicked."""
    command = [sys.executable, "-m", "UMambaXAILogic.cli", "explain", str(SAMPLE.volume), "--gt", str(SAMPLE.truth)]
    subprocess.run([*command, "--model", "demo", "--out", str(folder), *clicked], check=True)


def draw(folder: Path) -> drawing.Picture:
    """The attention as a projection, from where the vessels are seen well."""
    scene = build_picture_scene(folder, SAMPLE.volume, SAMPLE.truth)
    view = drawing.open_three_d(scene, projection_view(scene.application.scene), _TILE)
    picture = drawing.draw_shown(scene, {"projection": view}, {"attention": "projection"})["projection"]
    view.close()
    scene.application.close()
    return picture


if __name__ == "__main__":
    sys.exit(main())
