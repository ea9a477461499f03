"""How far a case is, told by the files in its folder: they survive whatever kills the processes.

A case is done if its metrics.json, which ``run_case`` writes last, carries the fingerprint of what is asked now.
``status.json`` beside it counts how often the case was begun, and keeps the reason where it failed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..atomic import write_text

STATUS_NAME = "status.json"
STATUS_VERSION = 1
#: Schema of metrics.json that the tables are made from.
METRICS_VERSION = 1
BEGUN, DONE, FAILED = "begun", "done", "failed"


@dataclass(frozen=True)
class CaseStatus:
    """The contents of status.json.

    Args:
        status: ``begun``, ``done`` or ``failed``.
        attempts: how often the case was begun, over all runs.
        run: which run began it last.
        starts: how often that run did without a word about the end: such a process was killed, or still computes.
        code: of the failure, as in ``errors``; None else.
        reason: of the failure, as a person reads it; None else.
        traceback: of a failure that is a bug; None else.
        fingerprint: of what was asked.
    """

    status: str = BEGUN
    attempts: int = 0
    run: str = ""
    starts: int = 0
    code: str | None = None
    reason: str | None = None
    traceback: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True)
class FinishedCase:
    """What the tables of a cohort take from a case's folder.

    Args:
        metrics: the contents of metrics.json.
        slices_csv: the text of slices.csv.
    """

    metrics: dict[str, Any]
    slices_csv: str


def read_status(folder: Path) -> CaseStatus:
    """The status of a case; that of a case never begun where there is none, or none that can be read."""
    body = _read_json(folder / STATUS_NAME)
    try:
        if body is None or body.pop("schema_version") != STATUS_VERSION:
            return CaseStatus()
        return CaseStatus(**body)
    except (KeyError, TypeError):
        return CaseStatus()


def starts_in_run(folder: Path, run: str) -> int:
    """How often a run began a case without a word about the end."""
    status = read_status(folder)
    return status.starts if status.run == run else 0


def note_start(folder: Path, run: str, fingerprint: str) -> CaseStatus:
    """Count one more attempt before anything is computed, so that even a process that is killed leaves a trace.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = read_status(folder)
    starts = before.starts + 1 if before.run == run else 1
    status = CaseStatus(BEGUN, before.attempts + 1, run, starts, fingerprint=fingerprint)
    _write(folder, status)
    return status


def note_cancelled(folder: Path, status: CaseStatus) -> None:
    """Write down that an attempt was called off, which is no fault of the case.

    Raises:
        OSError: the folder cannot be written.
    """
    _write(folder, replace(status, starts=status.starts - 1))


def note_done(folder: Path, status: CaseStatus) -> CaseStatus:
    """Write down that an attempt gave a result.

    Raises:
        OSError: the folder cannot be written.
    """
    ended = replace(status, status=DONE)
    _write(folder, ended)
    return ended


def note_failure(folder: Path, status: CaseStatus, code: str, reason: str, traceback: str | None = None) -> CaseStatus:
    """Write down why an attempt gave none.

    Raises:
        OSError: the folder cannot be written.
    """
    ended = replace(status, status=FAILED, code=code, reason=reason, traceback=traceback)
    _write(folder, ended)
    return ended


def finished_case(folder: Path, fingerprint: str) -> FinishedCase | None:
    """The results of a case that is done as it is asked for now; None where it is not."""
    metrics = any_metrics(folder)
    if metrics is None or metrics["request"]["fingerprint"] != fingerprint:
        return None
    if metrics.get("schema_version") != METRICS_VERSION:
        return None
    try:
        return FinishedCase(metrics, (folder / "slices.csv").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def any_metrics(folder: Path) -> dict[str, Any] | None:
    """The contents of metrics.json, whatever was asked for; None where there is none of this package."""
    metrics = _read_json(folder / "metrics.json")
    if metrics is None or not isinstance(metrics.get("request"), dict) or "fingerprint" not in metrics["request"]:
        return None
    return metrics


def _write(folder: Path, status: CaseStatus) -> None:
    body = {"schema_version": STATUS_VERSION, **asdict(status)}
    write_text(folder / STATUS_NAME, json.dumps(body, indent=1) + "\n")


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return body if isinstance(body, dict) else None
