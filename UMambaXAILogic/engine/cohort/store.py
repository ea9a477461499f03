"""The files of a cohort as a whole: tables that grow while the cohort runs, profile and summary."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import UMambaXAILogic

from ..atomic import write_text
from ..json_text import json_text
from .case_state import FinishedCase
from .columns import ALIGNMENT, CASES, DONE, FAILED, SLICES, alignment_rows, case_row, slice_rows
from .growing_table import GrowingTable
from .profile_rows import ProfileRows
from .request import CASES_FOLDER
from .totals import CohortTotals

SUMMARY_NAME, PROFILE_NAME = "summary.json", "profile.json"
SUMMARY_VERSION = 1
KIND = "umamba-xai cohort"
_SHORTEST_PERIOD_S = 2.0
#: Publishing copies the tables. Where the next time is put off by so many times what the last one took, it takes a
#: twentieth of the run at most, however large the tables become.
_PERIOD_PER_PUBLICATION = 20.0


@dataclass(frozen=True)
class CasePlace:
    """A case's place in the cohort.

    Args:
        number: of its row in the manifest, from 1.
        case: its name.
        domain: of the manifest, or None.
    """

    number: int
    case: str
    domain: str | None


class CohortStore:
    """Takes in cases as they end, and publishes what there is.

    Args:
        folder: of the cohort.
        scratch: an existing folder on the same disk; what is in it may be lost.
        facts: what summary.json says beside counts: ``cases``, ``model``, ``settings`` and so on.
        clock: seconds.
    """

    def __init__(
        self,
        folder: Path,
        scratch: Path,
        facts: Mapping[str, Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._facts = {**facts, "finished": False}
        self._clock = clock
        self._cases = GrowingTable(folder / "cases.parquet", CASES, scratch)
        self._alignment = GrowingTable(folder / "alignment.parquet", ALIGNMENT, scratch)
        self._slices = GrowingTable(folder / "slices.parquet", SLICES, scratch)
        self._profile = ProfileRows(scratch, self._facts["name"])
        self._due_s = clock()
        self.totals = CohortTotals()

    def add_done(self, place: CasePlace, attempts: int, finished: FinishedCase) -> None:
        """Take in the results of a case.

        Raises:
            KeyError, ValueError: its files are not those of this version.
            OSError: the disk is full.
        """
        row = {**_state(place, DONE, attempts), **case_row(finished.metrics)}
        self._alignment.append(alignment_rows(finished.metrics, place.domain))
        self._slices.append(slice_rows(finished.slices_csv, place.case, place.domain))
        self._profile.append({**finished.metrics["domain"], "case": place.case})
        self._cases.append([row])
        self.totals.add_done(row)

    def add_failed(self, place: CasePlace, attempts: int, code: str | None, reason: str | None) -> None:
        """Take in a case without results."""
        row = {**_state(place, FAILED, attempts), "code": code, "reason": reason}
        self._cases.append([row])
        self.totals.add_failed(row)

    def publish_if_due(self) -> None:
        """Publish, if the last time was long enough ago.

        Raises:
            OSError: the disk is full.
        """
        if self._clock() >= self._due_s:
            with contextlib.suppress(PermissionError):  # on Windows while a program reads a table: next time, then
                self._publish_tables()

    def publish(self, finished: bool) -> dict[str, Path | None]:
        """Publish everything at the end of a run.

        Args:
            finished: no case is left to be computed.

        Returns:
            The files by name; ``profile`` is None without a case that is done.

        Raises:
            OSError: the disk is full, or a file is held open by another program.
        """
        self._facts["finished"] = finished
        self._publish_tables()
        profile = self._folder / PROFILE_NAME
        if not self._profile.write(profile):
            profile.unlink(missing_ok=True)
        return {
            "cases": self._cases.path,
            "alignment": self._alignment.path,
            "slices": self._slices.path,
            "profile": profile if profile.exists() else None,
            "summary": self._folder / SUMMARY_NAME,
        }

    def note(self, **facts: Any) -> None:
        """Add to what summary.json says."""
        self._facts.update(facts)

    def summary(self) -> dict[str, Any]:
        """The contents of summary.json."""
        counts = self.totals.to_json()
        return {
            "schema_version": SUMMARY_VERSION,
            "kind": KIND,
            **self._facts,
            "unfinished": self._facts["cases"] - self.totals.done - self.totals.failed,
            **counts,
            "updated": datetime.now(UTC).isoformat(timespec="seconds"),
            "environment": {"package": UMambaXAILogic.__version__, "python": platform.python_version()},
        }

    def close(self) -> None:
        """Let go of scratch files."""
        for table in (self._cases, self._alignment, self._slices):
            table.close()

    def _publish_tables(self) -> None:
        began = self._clock()
        # Cases last: a case that is in it is in the others.
        for table in (self._alignment, self._slices, self._cases):
            table.publish()
        write_text(self._folder / SUMMARY_NAME, json_text(self.summary()))
        ended = self._clock()
        self._due_s = ended + max(_SHORTEST_PERIOD_S, _PERIOD_PER_PUBLICATION * (ended - began))


def _state(place: CasePlace, status: str, attempts: int) -> dict[str, Any]:
    return {
        "number": place.number,
        "case": place.case,
        "domain": place.domain,
        "status": status,
        "attempts": attempts,
        "folder": f"{CASES_FOLDER}/{place.case}",
    }
