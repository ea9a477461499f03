"""What the panel's buttons begin, by name, and what the others say while one of them is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import job as jobs
from .words import Translate, untranslated

if TYPE_CHECKING:
    from .state import PanelState

#: Names as ``PanelController.begin`` takes them.
RUN, MEASURE, JUDGE, BENCHMARK = "run", "measure", "judge", "benchmark"
DELETION, DICOM, SAM = "deletion", "dicom", "sam"


def why_wait(state: PanelState, _: Translate = untranslated) -> str:
    """Why nothing can be begun now, and what to do; empty where nothing is at work."""
    if not state.is_busy:
        return ""
    if state.job_state == jobs.CANCELLING:
        return _("Wait a moment: what was at work is being cancelled.")
    if state.is_about_packages:
        return _("Wait until the work on the packages has ended, or cancel it.")
    words = {
        RUN: _("Wait until Segment & Explain has ended, or cancel it."),
        MEASURE: _("Wait until the volume is measured, or cancel that."),
        JUDGE: _("Wait until the map is judged, or cancel that."),
        BENCHMARK: _("Wait until the benchmark has ended, or cancel it."),
        DELETION: _("Wait until the deletion curve is drawn, or cancel it."),
        DICOM: _("Wait until the DICOM objects are written, or cancel that."),
        SAM: _("Wait until the SAM has ended, or cancel it."),
    }
    return words.get(state.activity, _("Wait until what runs now has ended, or cancel it."))


def is_own(state: PanelState, activities: tuple[str, ...]) -> bool:
    """Whether what was begun last is one of ``activities``, and no work on the packages before it."""
    return state.activity in activities and not state.is_about_packages
