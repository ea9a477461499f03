"""The page of one cohort: every case with its scores, and what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...alignment.verdict import VERDICT_TEXT
from ...atomic import write_text
from ...page.case_page import PAGE_NAME
from ...page.document import PHANTOM_BADGE, document
from ...page.words import TONE, whole
from ...statistics import mean_interval
from ..cohort_results import CohortResults, read_cohort
from .origin_section import titled
from .scale import Scale, fixed_scale
from .strip_chart import Strip, strip_chart
from .table_html import boxed_table, head_cells, interval_html, number_text

_MEASURES = (
    ("dice", "Dice"),
    ("xai_gt_iou", "XAI-GT IoU"),
    ("xai_pm_iou", "XAI-PM IoU"),
    ("gap", "Gap"),
    ("in_pm_excess", "In-PM excess"),
)
_DIGITS = 3


def build_cohort_page(folder: Path) -> Path:
    """Write ``index.html`` into a cohort's folder, from what is finished by now.

    Args:
        folder: that ``cohort`` wrote, or is writing.

    Returns:
        The path of ``index.html``. Cases whose own page has been made are links to it.

    Raises:
        InputError: not a cohort's folder, or no case is finished.
        OSError: the folder cannot be written.
    """
    results = read_cohort(Path(folder))
    body = "".join(
        [
            _header(results),
            titled("means", "Over all cases", _means(results)),
            titled("all-cases", "Cases", _cases(results)),
            titled("failed", "Failed cases", _failed(results.failed)),
        ]
    )
    page = results.folder / PAGE_NAME
    write_text(
        page, document(f"{results.name} - UMambaXAI", f'<div class="parts">{body}</div>', styles=("report.css",))
    )
    return page


def _header(results: CohortResults) -> str:
    badge = f"<p>{PHANTOM_BADGE}</p>" if results.is_phantom else ""
    counts = f"{whole(len(results.cases))} cases finished, {whole(len(results.failed))} failed"
    if results.unfinished:
        counts += f", {whole(results.unfinished)} not finished yet"
    notes = "".join(f"<li>{escape(message)}</li>" for _, message in results.warnings)
    listed = f'<ul class="warnings">{notes}</ul>' if notes else ""
    return f'<header><h1>{escape(results.name)}</h1>{badge}<p class="soft">{counts}</p>{listed}</header>'


def _means(results: CohortResults) -> str:
    cells, charts = [], []
    for key, title in _MEASURES:
        known = [(case["case"], case[key]) for case in results.cases if case[key] is not None]
        mean = None
        if key != "in_pm_excess":  # a factor: its arithmetic mean says little
            mean = mean_interval([value for _, value in known]).to_json()
            cells.append(f'<div class="tile"><span>{title}</span><b>{interval_html(mean, _DIGITS)}</b></div>')
        scale: Scale | None = fixed_scale(0, 1, 0.2) if key in ("dice", "xai_gt_iou", "xai_pm_iou") else None
        line = {"gap": 0.0, "in_pm_excess": 1.0}.get(key)
        strips = {"source": Strip("cases", known, mean)}
        charts.append(
            strip_chart(f"cohort-{key.replace('_', '-')}", f"{title} of every case", title, strips, scale, line)
        )
    words = f"Means over cases with 95 % intervals; attention counts from {results.threshold:g} up."
    return (
        f'<p class="soft">{words}</p><div class="tiles">{"".join(cells)}</div>'
        f'<figure class="plots"><div>{"".join(charts)}</div></figure>'
    )


def _cases(results: CohortResults) -> str:
    head = head_cells(("Case", "text"), *((title, "number") for _, title in _MEASURES), ("Verdict", "text"))
    rows = "".join(_row(results.folder, case) for case in results.cases)
    words = (
        '<p class="note">The page of a single case, with slices to scroll through, is made by <code>umamba-xai view'
        "</code> with the case's folder; its name here is then a link.</p>"
    )
    return words + boxed_table("all-cases-title", "numbers", head, rows)


def _row(folder: Path, case: Mapping[str, Any]) -> str:
    name = escape(case["case"])
    page = Path(case["folder"]) / PAGE_NAME
    if (folder / page).is_file():
        name = f'<a href="{quote(page.as_posix())}">{name}</a>'
    cells = "".join(
        f'<td class="number{" na" if case[key] is None else ""}">{number_text(case[key], _DIGITS)}</td>'
        for key, _ in _MEASURES
    )
    verdict = case["verdict"]
    return (
        f'<tr><th scope="row" class="text">{name}</th>{cells}'
        f'<td class="text"><strong class="tone-{TONE[verdict]}">{escape(VERDICT_TEXT[verdict])}</strong></td></tr>'
    )


def _failed(failed: Sequence[Mapping[str, Any]]) -> str:
    if not failed:
        return "<p>None.</p>"
    head = head_cells(("Case", "text"), ("Reason", "text"), ("Attempts", "number"))
    rows = "".join(
        f'<tr><th scope="row" class="text">{escape(case["case"])}</th>'
        f'<td class="text">{escape(case["reason"] or "")}</td><td class="number">{whole(case["attempts"])}</td></tr>'
        for case in failed
    )
    return boxed_table("failed-title", "words", head, rows)
