"""What an audit found, and how much it looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .reported_tables import ReportedTable

#: No data give these numbers.
CONTRADICTION = "contradiction"
#: No pooled counts give these numbers; averages over cases or slices may, and do not compare with pooled ones.
AVERAGING = "averaging"
#: Name of the averaging that the identities of counts hold for.
POOLED = "pooled"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something that cannot be.

    Args:
        table: key of the table, "9 and 10" where two are involved.
        cohort: whose rows; None where all are concerned.
        kind: ``contradiction`` or ``averaging``.
        text: a sentence with the numbers.
    """

    table: str
    cohort: str | None
    kind: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """Row of ``audit.findings`` in report.json."""
        return {"table": self.table, "cohort": self.cohort, "kind": self.kind, "text": self.text}


#: One identity that was tested: what is wrong, or None where it holds.
Check = Finding | None


@dataclass(frozen=True)
class AuditResult:
    """Everything an audit found.

    Args:
        checked: number of identities that were tested.
        findings: those that do not hold, in the order of the tables.
    """

    checked: int
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, checks: Iterable[Check]) -> AuditResult:
        """Count the checks and keep the findings."""
        tested = list(checks)
        return cls(len(tested), tuple(check for check in tested if check is not None))

    def to_json(self) -> dict[str, Any]:
        """Field ``audit`` of report.json."""
        return {"checked": self.checked, "findings": [finding.to_json() for finding in self.findings]}


def tested(table: str, cohort: str | None, kind: str, texts: Sequence[str]) -> Iterator[Check]:
    """One identity: a finding for each text, or that it holds."""
    if not texts:
        yield None
    for text in texts:
        yield Finding(table, cohort, kind, text)


def known(row: Row, *columns: str) -> bool:
    """Whether a row has numbers in all these columns."""
    return all(row.get(column) is not None for column in columns)


def row_groups(table: ReportedTable) -> list[tuple[str, str | None, list[Row]]]:
    """Rows of one cohort and one way of averaging (None: not stated)."""
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in table.rows:
        if row.get("cohort") is not None:
            groups.setdefault((row["cohort"], row.get("averaging")), []).append(row)
    return [(cohort, averaging, rows) for (cohort, averaging), rows in groups.items()]
