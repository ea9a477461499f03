"""From report.json and two cohorts' folders to report.html."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...atomic import write_text
from ...progress import Reporter
from ..anonymise import CaseNames, find_case_folder
from ..cohort_results import read_cohort
from .case_inputs import NO_FOLDER, manifest_cases, read_shown_case
from .case_pictures import case_pictures
from .cases_section import ShownCase, cases_content
from .cohort_detail import read_detail
from .report_page import report_page

REPORT_HTML = "report.html"
SIDES = ("source", "target")


def build_report(
    report: Mapping[str, Any],
    source_folder: Path,
    target_folder: Path,
    out: Path,
    reporter: Reporter | None = None,
) -> Path:
    """Write ``report.html``: one file that holds everything it shows and asks for nothing else.

    Args:
        report: contents of report.json.
        source_folder, target_folder: that ``cohort`` wrote; their tables give the charts a mark for every case, the
            case folders and, where they are still at hand, the volumes give the pictures.
        out: existing folder.
        reporter: is asked whether to stop.

    Returns:
        The path of ``report.html``.

    Raises:
        InputError: a cohort's folder cannot be read.
        CancelledError: the user cancelled.
        OSError: the folder cannot be written.
    """
    reporter = reporter or Reporter()
    folders = {"source": Path(source_folder), "target": Path(target_folder)}
    names = CaseNames(report["options"]["anonymise"])
    threshold = report["verdict"]["cutoffs"]["threshold"]
    exclude = report["options"]["exclude_false_positive"]
    details = {}
    for side in SIDES:
        reporter.check_cancelled()
        results = read_cohort(folders[side], report["compared"][side]["name"])
        details[side] = read_detail(results, threshold, names.shown, exclude)
    manifests = {side: manifest_cases(folders[side]) for side in SIDES}
    shown = []
    for entry in report["cases_to_look_at"]:
        reporter.check_cancelled()
        shown.append(_shown_case(entry, folders[entry["cohort"]], manifests[entry["cohort"]]))
    cases = cases_content(shown, report["verdict"]["cutoffs"]["significance"])
    page = Path(out) / REPORT_HTML
    write_text(page, report_page(report, details, cases))
    return page


def _shown_case(entry: Mapping[str, Any], cohort_folder: Path, manifest: Mapping[str, Any]) -> ShownCase:
    folder = find_case_folder(cohort_folder, entry["case"])
    if folder is None:
        return ShownCase(entry, (), (NO_FOLDER,))
    case, remarks = read_shown_case(folder, manifest.get(folder.name))
    return ShownCase(entry, () if case is None else case_pictures(case), remarks)
