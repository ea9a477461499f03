"""One page that leads to the pages of several cases and puts their headline numbers side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from ..atomic import write_text
from .case_files import read_metrics
from .case_page import PAGE_NAME, tiles, verdict_block
from .document import PHANTOM_BADGE, document, picture_of
from .words import TONE, mean_row, number

_PICTURES = ("view_3d*.png", "slices.png")


def build_demo_page(folder: Path, cases: Sequence[Path], title: str = "UMambaXAI demo") -> Path:
    """Write ``index.html`` into ``folder``.

    Args:
        folder: of the page; links to the cases are relative to it.
        cases: case folders whose pages were built before, in the order in which they are shown.

    Returns:
        The path of ``index.html``.

    Raises:
        InputError: a case folder has no readable metrics.json.
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    everything = [(Path(case), read_metrics(Path(case) / "metrics.json")) for case in cases]
    cards = "".join(_card(folder, case, metrics) for case, metrics in everything)
    body = (
        f"<header><h1>{escape(title)}</h1>"
        '<p class="soft">Each case was segmented, explained and measured. Open a case to scroll through its slices.</p>'
        f'</header><div class="cards">{cards}</div>'
        f"<section style='margin-top:16px'><h2>Side by side</h2>{_comparison([metrics for _, metrics in everything])}"
        "</section>"
    )
    page = folder / PAGE_NAME
    write_text(page, document(title, body))
    return page


def _card(folder: Path, case: Path, metrics: dict) -> str:
    link = quote(Path(os.path.relpath(case / PAGE_NAME, folder)).as_posix())
    name = escape(str(metrics["case"]))
    found = next((path for pattern in _PICTURES for path in sorted(case.glob(pattern))), None)
    picture = ""
    if found is not None:
        picture = f'<a href="{link}"><figure><img src="{picture_of(found)}" alt="Picture of {name}"></figure></a>'
    verdict = metrics["verdict"]["name"]
    badge = f"<p>{PHANTOM_BADGE}</p>" if metrics.get("phantom") else ""
    return (
        f'<section class="verdict tone-{TONE[verdict]}"><h2><a href="{link}">{name}</a></h2>{badge}{picture}'
        f"{verdict_block(metrics['verdict'])}{tiles(metrics)}</section>"
    )


def _comparison(cases: Sequence[dict]) -> str:
    names = "".join(f"<th>{escape(str(metrics['case']))}</th>" for metrics in cases)

    def row(title: str, values: Sequence[float | None], digits: int = 3) -> str:
        cells = "".join(f"<td>{number(value, digits)}</td>" for value in values)
        return f"<tr><th>{title}</th>{cells}</tr>"

    def aligned(reference: str, field: str) -> list[float | None]:
        found = [mean_row(metrics, reference) for metrics in cases]
        return [None if entry is None else entry[field] for entry in found]

    rows = [
        row("Dice", [metrics["segmentation"]["dice"] for metrics in cases]),
        row("XAI-GT IoU", aligned("gt", "iou")),
        row("XAI-GT F1", aligned("gt", "f1")),
        row("XAI-PM IoU", aligned("pm", "iou")),
        row("XAI-PM F1", aligned("pm", "f1")),
        row("Gap", [metrics["gap"] for metrics in cases]),
        row("Seconds in total", [metrics["timing"]["total"] for metrics in cases], 1),
    ]
    head = f"<thead><tr><th></th>{names}</tr></thead>"
    return f'<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'
