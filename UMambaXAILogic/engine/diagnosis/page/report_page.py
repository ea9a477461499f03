"""report.html: one file with everything that a diagnosis found, for people."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from ...page.document import PHANTOM_BADGE, document
from .cohort_detail import CohortDetail
from .origin_section import (
    audit_section,
    compared_section,
    failed_section,
    limits_section,
    notes_section,
    settings_section,
    titled,
)
from .phase1_section import phase1_content
from .phase2_section import AVERAGING_WORDS, alignment_content, labels_of, segmentation_content
from .verdict_section import verdict_section

#: Anchor and title of every part, in order.
PARTS = (
    ("verdict", "Verdict"),
    ("notes", "Please note"),
    ("compared", "What was compared"),
    ("phase1", "Phase 1: the images"),
    ("segmentation", "Phase 2: segmentation"),
    ("alignment", "Phase 2: attention"),
    ("cases", "Cases worth looking at"),
    ("failed", "Failed cases"),
    ("audit", "Audit of the numbers"),
    ("limits", "Limits"),
    ("settings", "Settings and versions"),
)


def report_page(report: Mapping[str, Any], details: Mapping[str, CohortDetail], cases: str) -> str:
    """The page as HTML.

    Args:
        report: contents of report.json.
        details: by side, ``source`` first.
        cases: HTML of the cases worth looking at.
    """
    names = [report["compared"][side]["name"] for side in ("source", "target")]
    title = f"{names[0]} against {names[1]}"
    body = _PUBLISHED_WORDS if any(table["paper"] for table in report["tables"].values()) else ""
    parts = [
        verdict_section(report),
        notes_section(report["warnings"]),
        compared_section(report["compared"]),
        titled(
            "phase1",
            "Phase 1: the images",
            body + phase1_content(report["phase1"], report["tables"], labels_of(details)),
        ),
        titled("segmentation", "Phase 2: segmentation", AVERAGING_WORDS + segmentation_content(report, details)),
        titled("alignment", "Phase 2: attention", alignment_content(report, details)),
        titled("cases", "Cases worth looking at", cases),
        failed_section(report["failed_cases"]),
        audit_section(report["audit"]),
        limits_section(report["limits"]),
        settings_section(report),
    ]
    content = "".join(parts)
    return document(
        f"Diagnosis: {title} - UMambaXAI",
        f'{_header(report, title)}{_contents(content)}<div class="parts">{content}</div>',
        styles=("report.css",),
    )


_PUBLISHED_WORDS = (
    '<p class="published-words">Rows marked <i>published, other data</i> are numbers that arXiv 2512.13977 printed for '
    "its own data sets. They are shown for reference only; nothing here was expected to equal them.</p>"
)


def _header(report: Mapping[str, Any], title: str) -> str:
    badge = f"<p>{PHANTOM_BADGE}</p>" if report["phantom"] else ""
    created = report["created"][:16].replace("T", " ")
    return (
        f'<header><p class="soft kind">Diagnosis of a generalisation failure</p><h1>{escape(title)}</h1>{badge}'
        f'<p class="soft">Made {escape(created)} UTC by UMambaXAI {escape(report["package"])}</p></header>'
    )


def _contents(content: str) -> str:
    entries = "".join(
        f'<li><a href="#{name}">{title}</a></li>' for name, title in PARTS if f'<section id="{name}"' in content
    )
    return f'<nav aria-label="Contents"><h2>Contents</h2><ol>{entries}</ol></nav>'
