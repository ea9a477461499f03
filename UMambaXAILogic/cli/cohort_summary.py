"""What a user reads when a cohort is done: a screenful of summary.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.page.words import number

if TYPE_CHECKING:
    from UMambaXAILogic.engine.cohort.request import CohortResult

_MEANS = {"dice": "Dice", "xai_gt_iou": "XAI-GT IoU", "xai_pm_iou": "XAI-PM IoU", "gap": "Gap"}


def summary(result: CohortResult) -> str:
    """Counts, means over cases, verdicts, warnings and files of a cohort, as text."""
    return "\n".join(_lines(result))


def _lines(result: CohortResult) -> Iterator[str]:
    facts = result.summary
    phantoms = ", phantoms" if facts["phantom"] else ""
    yield f"{facts['name']}: {facts['done']} of {facts['cases']} cases done, {facts['failed']} failed{phantoms}"
    if facts["dice_pooled"] is not None:
        yield _line("Dice", f"{number(facts['dice_pooled'])} pooled over the voxels of all cases")
    for name, title in _MEANS.items():
        mean = facts["case_mean"][name]
        if mean["cases"]:
            at = "" if name == "dice" else f" (attention >= {facts['threshold']:g})"
            yield _line(title, f"{number(mean['mean'])} mean of {mean['cases']} cases{at}")
    for key, title in (("verdict_cases", "Verdicts"), ("warnings_cases", "Warnings")):
        if facts[key]:
            yield _line(title, ", ".join(f"{name} ({count})" for name, count in facts[key].items()))
    for path in result.files.values():
        if path is not None:
            yield _line("File", str(path))


def _line(title: str, text: str) -> str:
    return f"  {title:<13} {text}"
