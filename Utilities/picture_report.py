"""Pictures of a report for the README, as a browser shows it: the verdict in the light, attention in the dark.

python Utilities/picture_report.py report/report.html --out Resources/Screenshots
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

from check_system_libraries import find_browser
from PIL import Image
from playwright.sync_api import Page, sync_playwright

_LARGEST_BYTES = 150_000
_COLORS = 128


def main() -> int:
    """Draw both pictures; 0 when they are there and small enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="report.html")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    options = parser.parse_args()
    program = find_browser()
    if program is None:
        print("No Chromium or Chrome is found.", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"] if root else [])
        page = browser.new_page(viewport={"width": 1180, "height": 900}, color_scheme="light")
        page.goto(options.report.resolve().as_uri())
        small = _write(page, options.out / "report-verdict.png")
        page.close()
        page = browser.new_page(viewport={"width": 1180, "height": 720}, color_scheme="dark")
        page.goto(options.report.resolve().as_uri())
        page.evaluate("document.querySelector('[aria-labelledby^=alignment-cases]').closest('figure').scrollIntoView()")
        small = _write(page, options.out / "report-attention-dark.png") and small
        browser.close()
    return 0 if small else 1


def _write(page: Page, path: Path) -> bool:
    """Few colours make a small file, and a page of text and charts has few."""
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {size / 1000:.0f} kB")
    return size <= _LARGEST_BYTES


if __name__ == "__main__":
    sys.exit(main())
