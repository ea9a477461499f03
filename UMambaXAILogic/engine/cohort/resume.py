"""What an earlier run into the same folder left: finished cases are taken over, other settings are refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import UsageError
from ..fingerprint import request_settings
from ..progress import Reporter
from ..unfinished import LOCK_NAME, remove_unfinished
from .case_state import any_metrics, finished_case, read_status
from .store import CasePlace, CohortStore
from .task import CaseTask

_LISTED_CASES = 5


def take_over(
    tasks: Mapping[CasePlace, CaseTask], model_sha256: str, restart: bool, store: CohortStore, reporter: Reporter
) -> dict[CasePlace, CaseTask]:
    """Put finished cases into the tables.

    Args:
        tasks: all cases of the manifest.
        model_sha256: of the model that is asked for.
        restart: compute cases again that were computed with other settings.
        store: takes finished cases.
        reporter: hears of cases whose files have changed, and is asked whether to stop.

    Returns:
        The cases that must be computed.

    Raises:
        UsageError: cases were computed with other settings, and ``restart`` was not asked for.
    """
    pending: dict[CasePlace, CaseTask] = {}
    others: dict[str, list[str]] = {}
    for place, task in tasks.items():
        reporter.check_cancelled()
        folder = task.request.output
        finished = finished_case(folder, task.fingerprint)
        if finished is not None:
            # A process may be killed after its last file was there and before the folder is left, or the count written.
            tidy_up_unless_used(folder)
            store.add_done(place, max(1, read_status(folder).attempts), finished)
            continue
        pending[place] = task
        metrics = any_metrics(folder)
        if metrics is None:
            continue
        differences = _differences(metrics, request_settings(task.request), model_sha256)
        if differences:
            others[place.case] = differences
        else:
            reporter.warning("input_changed", f"The files of {place.case} have changed: it is computed again.")
    if others and not restart:
        raise _other_settings(others)
    return pending


def tidy_up(folders: Iterable[Path]) -> None:
    """Remove what processes that were killed left in their cases' folders; only when no process works there."""
    for folder in folders:
        remove_unfinished(folder)
        with contextlib.suppress(OSError):
            (folder / LOCK_NAME).unlink(missing_ok=True)


def tidy_up_unless_used(folder: Path) -> None:
    """Remove what a killed process left in a case's folder; a process that works there holds the folder's lock."""
    if (folder / LOCK_NAME).exists():
        with contextlib.suppress(OSError, Timeout), FileLock(folder / LOCK_NAME, timeout=0, is_singleton=False):
            tidy_up([folder])


def _differences(metrics: Mapping[str, Any], settings: Mapping[str, Any], model_sha256: str) -> list[str]:
    """What a result was computed with, against what is asked now; empty if only its files differ."""
    before = metrics["request"].get("settings") or {}
    found = [
        f"{name} was {before.get(name)!r} and is {settings.get(name)!r} now"
        for name in {**settings, **before}
        if before.get(name) != settings.get(name)
    ]
    if metrics["model"]["sha256"] != model_sha256:
        found.append(f"the model was {metrics['model']['sha256'][:12]}... and is {model_sha256[:12]}... now (SHA-256)")
    return found


def _other_settings(others: Mapping[str, list[str]]) -> UsageError:
    names = list(others)
    listed = ", ".join(names[:_LISTED_CASES]) + (", ..." if len(names) > _LISTED_CASES else "")
    count = "1 case" if len(names) == 1 else f"{len(names)} cases"
    differences = "".join(f"  {difference}\n" for difference in others[names[0]])
    return UsageError(
        f"{count} in this folder were computed with other settings ({listed}):\n{differences}",
        "Choose another folder for these settings, or compute the cases again (in a terminal --restart, in Python "
        "restart=True).",
    )
