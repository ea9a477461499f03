"""``umamba-xai view``: the page of a result folder, in the browser."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from UMambaXAILogic.engine.errors import InputError

from . import arguments

PAGE = "index.html"


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "view",
        help="show a result folder in the browser",
        description="Open the page of a result folder; it is built where missing and needs no network.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder written by 'explain' or 'demo'")
    parser.add_argument("--volume", metavar="FILE", type=Path, help="the volume, shown below the attention")
    parser.add_argument("--gt", metavar="MASK", type=Path, help="the ground truth, shown as outline")
    parser.add_argument("--no-browser", action="store_true", help="print where the page is, open nothing")
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    page = find_or_build_page(options.folder, options.volume, options.gt)
    if options.no_browser or not webbrowser.open(page.resolve().as_uri()):
        print(page)
    return 0


def find_or_build_page(folder: Path, volume: Path | None, ground_truth: Path | None) -> Path:
    """The page of a result folder; built where there is none, and anew where something to show is named.

    Raises:
        InputError: there are no results in the folder.
    """
    page = folder / PAGE
    if page.is_file() and volume is None and ground_truth is None:
        return page
    if not (folder / "metrics.json").is_file():
        raise InputError(
            f"{folder} holds neither {PAGE} nor metrics.json.", "Name a folder that 'umamba-xai explain --out' wrote."
        )
    from UMambaXAILogic.engine.page import build_case_page

    return build_case_page(folder, volume, ground_truth)
