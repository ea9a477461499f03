"""Draw the icons from their sources, 128 x 128 pixels each: the module's, and the extension's for the catalogue.

python Utilities/Icons/draw_icons.py [--out .]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6 import QtCore, QtGui, QtSvg

REPOSITORY = Path(__file__).resolve().parents[2]
PIXELS = 128
#: Source -> picture, both relative to the repository.
ICONS = {
    "UMambaXAI/Resources/Icons/UMambaXAI.svg": "UMambaXAI/Resources/Icons/UMambaXAI.png",
    "Utilities/Icons/UMambaXAI.svg": "UMambaXAI.png",
}


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=REPOSITORY, help="write below this folder")
    folder = parser.parse_args().out
    application = QtGui.QGuiApplication([])
    for source, name in ICONS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not drawn(REPOSITORY / source).save(str(path)):
            raise OSError(f"{path} cannot be written.")
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    application.quit()


def drawn(source: Path) -> QtGui.QImage:
    """The picture, transparent where nothing is drawn."""
    renderer = QtSvg.QSvgRenderer(str(source))
    if not renderer.isValid():
        raise ValueError(f"{source} is no SVG.")
    image = QtGui.QImage(PIXELS, PIXELS, QtGui.QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QtGui.QPainter(image)
    renderer.render(painter, QtCore.QRectF(0, 0, PIXELS, PIXELS))
    painter.end()
    return image


if __name__ == "__main__":
    main()
