"""Arithmetic that must hold within and between reported tables: our own, and those of anybody else.

A finding is a contradiction or a mix of averages, never a rounding error. Tables and cells that are missing are no
findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..alignment.audit import audit
from ..errors import InputError
from .alignment_audit import audit_alignment_table, audit_gaps, audit_segmentation, audit_sizes_of_masks
from .audit_result import CONTRADICTION, AuditResult, Check, Finding
from .domain_audit import audit_comparisons, audit_moments
from .range_audit import audit_ranges, possible
from .reported_tables import ReportedTable, read_case_metrics, read_reported_tables
from .share_audit import audit_joint_means, audit_shares


def audit_tables(tables: Mapping[str, ReportedTable]) -> AuditResult:
    """Check every table that is there."""
    return AuditResult.of(_checks(tables))


def audit_file(path: Path) -> tuple[AuditResult, tuple[str, ...]]:
    """Audit reported tables, or the metrics.json of one case.

    Returns:
        The result, and the keys of the tables that were found ("metrics" for a case).

    Raises:
        InputError: as ``read_reported_tables``, or damaged metrics.
    """
    metrics = read_case_metrics(path)
    if metrics is not None:
        try:
            texts = audit(metrics)
            rows = len(metrics["alignment"]) + sum(len(method["alignment"]) for method in metrics.get("methods", ()))
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} looks like the metrics.json of a case, and is damaged: {type(error).__name__} {error}.",
                "Name the file as 'umamba-xai explain' wrote it.",
            ) from error
        findings = tuple(Finding("metrics", None, CONTRADICTION, text) for text in texts)
        return AuditResult(max(rows, len(findings)), findings), ("metrics",)
    tables = read_reported_tables(path)
    return audit_tables(tables), tuple(tables)


def _checks(tables: Mapping[str, ReportedTable]) -> Iterator[Check]:
    yield from audit_ranges(tables)
    tables = possible(tables)
    yield from audit_moments("1", tables)
    yield from audit_comparisons(tables)
    yield from audit_moments("4", tables)
    yield from audit_alignment_table("5", tables)
    yield from audit_segmentation(tables)
    yield from audit_shares("8", tables)
    yield from audit_alignment_table("9", tables)
    yield from audit_alignment_table("10", tables)
    yield from audit_sizes_of_masks(tables)
    yield from audit_shares("11", tables)
    yield from audit_joint_means(tables)
    yield from audit_gaps(tables)
