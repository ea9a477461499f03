"""Pictures of the panel for the tutorial, from what its tests leave behind; run them first.

python -m pytest Testing/Python/panel -k try_it
python Utilities/Pictures/picture_panel.py [--out Resources/Screenshots]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
#: What the tests call them -> what the tutorial does.
PICTURES = {"tutorial-ready": "panel-ready", "tutorial-done": "panel-done", "tutorial-parts": "panel-parts"}
_MARGIN = 10


def main() -> int:
    """Crop and write them; 1 where one is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=Path, default=REPOSITORY / "test-output" / "panel", help="the tests' pictures")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "Resources" / "Screenshots", help="folder to write to")
    options = parser.parse_args()
    for name, wanted in PICTURES.items():
        source, path = options.tests / f"{name}.png", options.out / f"{wanted}.png"
        if not source.is_file():
            print(f"{source} is missing: run the tests first.", file=sys.stderr)
            return 1
        with Image.open(source) as picture:
            kept = without_empty_end(picture.convert("RGB"))
        kept.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{path}: {kept.width} x {kept.height}, {path.stat().st_size / 1000:.0f} kB")
    return 0


def without_empty_end(picture: Image.Image) -> Image.Image:
    """The picture without the rows at its end in which nothing is drawn."""
    pixels = np.asarray(picture)
    drawn = np.flatnonzero((pixels != pixels[-1, -1]).any((1, 2)))
    return picture.crop((0, 0, picture.width, min(picture.height, int(drawn[-1]) + _MARGIN)))


if __name__ == "__main__":
    sys.exit(main())
