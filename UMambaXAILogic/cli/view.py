"""``umamba-xai view``: the page of a result folder, in the browser."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from UMambaXAILogic.engine.errors import InputError, UsageError

from . import arguments

PAGE = "index.html"
REPORT = "report.html"


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "view",
        help="show a result folder in the browser",
        description="Open the page of a result folder; it is built where missing and needs no network.",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="folder written by 'explain', 'demo', 'cohort' or 'diagnose'"
    )
    parser.add_argument("--volume", metavar="FILE", type=Path, help="of a case: the volume, shown below the attention")
    parser.add_argument("--gt", metavar="MASK", type=Path, help="of a case: the ground truth, shown as outline")
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

    The page of a cohort is built every time, for a cohort may still be running. A case of a cohort is shown over the
    volume that the manifest names, while it is still there.

    Raises:
        InputError: there are no results in the folder.
        UsageError: a volume or truth is named for something else than a case.
    """
    is_report, is_cohort = (folder / REPORT).is_file(), (folder / "cases.parquet").is_file()
    if (is_report or is_cohort) and (volume is not None or ground_truth is not None):
        raise UsageError(
            f"{folder} holds the results of many cases; --volume and --gt belong to one.", "Name the folder of a case."
        )
    if is_report:
        return folder / REPORT
    if is_cohort:
        from UMambaXAILogic.engine.diagnosis.page.cohort_page import build_cohort_page

        return build_cohort_page(folder)
    page = folder / PAGE
    if page.is_file() and volume is None and ground_truth is None:
        return page
    if not (folder / "metrics.json").is_file():
        raise InputError(
            f"{folder} holds neither {REPORT}, {PAGE}, cases.parquet nor metrics.json.",
            "Name a folder that 'umamba-xai explain', 'cohort' or 'diagnose' wrote.",
        )
    return _build_case_page(folder, volume, ground_truth)


def _build_case_page(folder: Path, volume: Path | None, ground_truth: Path | None) -> Path:
    from UMambaXAILogic.engine.diagnosis.page.case_inputs import manifest_cases, truth_labels
    from UMambaXAILogic.engine.page import build_case_page
    from UMambaXAILogic.engine.page.case_files import read_metrics

    case = folder.resolve()
    row = manifest_cases(case.parent.parent).get(case.name) if volume is None and ground_truth is None else None
    if row is None:
        return build_case_page(folder, volume, ground_truth)
    labels = truth_labels(read_metrics(folder / "metrics.json"))
    try:
        return build_case_page(folder, row.volume, row.ground_truth, labels, row.series_uid)
    except InputError:  # they were replaced since
        return build_case_page(folder)
