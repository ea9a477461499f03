"""The verdict in plain words, with the numbers it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from ...page.words import TONE as CASE_TONE
from .plot import key_svg
from .table_html import number_text, plain

#: How the verdict on a pair of cohorts is coloured.
TONE = {
    "drop_beyond_segmentation": "bad",
    "drop_not_beyond_segmentation": "fair",
    "drop_not_attributable": "fair",
    "no_drop": "good",
    "not_available": "none",
}

#: Quantities that stand beside the verdict, and what they say.
_MEASURES = (
    ("dice", "Dice", "prediction against ground truth"),
    ("xai_gt_iou", "XAI-GT IoU", "attention against ground truth"),
    ("xai_pm_iou", "XAI-PM IoU", "attention against prediction"),
    ("gap", "Gap", "XAI-PM minus XAI-GT"),
)
_EXCESS = "log_in_pm_excess"


def verdict_section(report: Mapping[str, Any]) -> str:
    """The first part of the page."""
    verdict = report["verdict"]
    reasons = "".join(f"<li>{plain(reason)}</li>" for reason in verdict["reasons"])
    question = f'<p class="soft">{escape(verdict["question"])}</p>' if verdict["question"] else ""
    return (
        f'<section id="verdict" class="verdict tone-{TONE[verdict["name"]]}"><h2>Verdict</h2>'
        f'<p class="name">{plain(verdict["text"])}</p><p class="headline">{plain(verdict["headline"])}</p>{question}'
        f"{_tiles(report['phase2']['comparison'])}"
        f'<h3>What it rests on</h3><ul class="reasons">{reasons}</ul>{_cohorts(verdict)}{_cutoffs(verdict)}</section>'
    )


def _tiles(comparison: Mapping[str, Any]) -> str:
    """Means over cases in source and target."""
    tiles = [
        _tile(title, words, *(comparison[key][side]["estimate"] for side in ("source", "target")))
        for key, title, words in _MEASURES
        if key in comparison
    ]
    if _EXCESS in comparison:
        logarithms = [comparison[_EXCESS][side]["estimate"] for side in ("source", "target")]
        factors = [None if value is None else math.exp(value) for value in logarithms]
        tiles.append(_tile("In-PM excess", "under 1: attention avoids the true part of the prediction", *factors))
    return f'<div class="tiles pair">{"".join(tiles)}</div>' if tiles else ""


def _tile(title: str, words: str, source: float | None, target: float | None) -> str:
    sides = "".join(
        f'<div class="side">{key_svg(side)}<span class="soft">{side}</span><b>{number_text(value, 2)}</b></div>'
        for side, value in (("source", source), ("target", target))
    )
    return f'<div class="tile"><span>{title}</span>{sides}<small>{words}</small></div>'


def _cohorts(verdict: Mapping[str, Any]) -> str:
    """What is said of each cohort by itself, ours and the published rule side by side."""
    parts = []
    for side in ("source", "target"):
        judged = verdict[side]
        reasons = "".join(f"<li>{plain(reason)}</li>" for reason in judged["reasons"])
        parts.append(
            f'<div class="tile tone-{CASE_TONE[judged["name"]]}"><span>{key_svg(side)}{side}</span>'
            f'<p class="judged">{plain(judged["text"])}</p><ul>{reasons}</ul>'
            f'<p class="soft">The published rule alone: {plain(judged["paper_rule_text"])}.</p></div>'
        )
    return f'<h3>Each cohort by itself</h3><div class="both">{"".join(parts)}</div>'


def _cutoffs(verdict: Mapping[str, Any]) -> str:
    cutoffs = verdict["cutoffs"]
    return (
        f'<p class="note">Cut-offs, all of them settings: IoU of at least {cutoffs["high"]:g} is high, under '
        f"{cutoffs['low']:g} low, a gap is at least {cutoffs['gap']:g}; attention counts from {cutoffs['threshold']:g} "
        f"up; significance {cutoffs['significance']:g}. The published rule calls low XAI-GT with attention on the "
        "prediction spurious; this report does so only if attention inside the prediction also avoids its true part "
        "significantly.</p>"
    )
