"""Cases worth looking at: what they are an example of, their numbers, and slices with overlays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ...attention_colors import attention_colors
from ...page.pictures import CONTOURS, GROUND_TRUTH_COLOR, PREDICTION_COLOR
from .case_pictures import CasePicture
from .plot import key_svg
from .table_html import number_text, plain

_KINDS = {"best": "Best", "worst": "Worst", "most_spurious": "Most spurious"}
#: Instead of "most spurious", where attention is not shown to avoid the truth.
_LARGEST_GAP = "Largest gap"
_MEASURES = (
    ("dice", "Dice"),
    ("xai_gt_iou", "XAI-GT IoU"),
    ("xai_pm_iou", "XAI-PM IoU"),
    ("gap", "gap"),
    ("in_pm_excess", "in-PM excess"),
)


@dataclass(frozen=True)
class ShownCase:
    """A case with its pictures.

    Args:
        entry: of ``cases_to_look_at``.
        pictures: empty where the case's files are not at hand.
        remarks: what is missing from the pictures, in sentences.
    """

    entry: Mapping[str, Any]
    pictures: Sequence[CasePicture]
    remarks: Sequence[str]


def cases_content(cases: Sequence[ShownCase], significance: float) -> str:
    """All cases, source first, with one legend for the overlays.

    Args:
        significance: level of the test of in-PM excess alignment.
    """
    if not cases:
        return "<p>None were chosen: no case has both a score and an attention map.</p>"
    words = "<p>Seen from the feet: the patient's right is on the left. Slices are chosen by their scores.</p>"
    return words + _legend() + "".join(_case(case, significance) for case in cases)


def _legend() -> str:
    contours = ", ".join(f"{level:g}" for level in CONTOURS)
    colors = [f"rgb({255 * r:.0f} {255 * g:.0f} {255 * b:.0f})" for r, g, b in attention_colors(9)]
    return (
        '<ul class="legend overlays">'
        f'<li><span class="swatch" style="background:{PREDICTION_COLOR}"></span>prediction</li>'
        f'<li><span class="swatch ring" style="border-color:{GROUND_TRUTH_COLOR}"></span>outline: ground truth</li>'
        f'<li><span class="ramp" style="background:linear-gradient(to right,{",".join(colors)})"></span>'
        f"contours: attention of {contours}</li></ul>"
    )


def _case(case: ShownCase, significance: float) -> str:
    entry = case.entry
    side = entry["cohort"]
    name = str(entry["case"])
    kind = _KINDS[entry["kind"]]
    if entry["kind"] == "most_spurious" and not _avoids_truth(entry, significance):
        kind = _LARGEST_GAP
    numbers = [f"{title} {number_text(entry[key], 2)}" for key, title in _MEASURES if entry[key] is not None]
    if entry["p_value"] is not None:
        numbers.append(f"p {number_text(entry['p_value'], 3)}")
    pictures = "".join(_picture(picture, name) for picture in case.pictures)
    remarks = "".join(f'<p class="note">{plain(remark)}</p>' for remark in case.remarks)
    return (
        f'<div class="case"><h3>{key_svg(side)}{kind} of the {side}: {escape(name)}</h3>'
        f'<p>{plain(entry["why"])} <span class="soft">{", ".join(numbers)}.</span></p>'
        f'<div class="case-pictures">{pictures}</div>{remarks}</div>'
    )


def _avoids_truth(entry: Mapping[str, Any], significance: float) -> bool:
    excess, p_value = entry["in_pm_excess"], entry["p_value"]
    return excess is not None and excess < 1 and p_value is not None and p_value <= significance


def _picture(picture: CasePicture, name: str) -> str:
    words = f"Slice of {name} with {picture.why}: {picture.facts}"
    return (
        f'<figure><img src="{picture.uri}" alt="{escape(words)}"><figcaption><b>{escape(picture.why)}</b><br>'
        f"{escape(picture.facts)}</figcaption></figure>"
    )
