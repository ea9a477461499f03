"""Arithmetic that must hold within and between reported tables: our own, and those of anybody else.

A finding is a contradiction or a mix of averages, never a rounding error. Tables and cells that are missing are no
findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .alignment_audit import audit_alignment_table, audit_gaps, audit_segmentation, audit_sizes_of_masks
from .audit_result import AuditResult, Check
from .domain_audit import audit_comparisons, audit_moments
from .reported_tables import ReportedTable
from .share_audit import audit_joint_means, audit_shares


def audit_tables(tables: Mapping[str, ReportedTable]) -> AuditResult:
    """Check every table that is there."""
    return AuditResult.of(_checks(tables))


def _checks(tables: Mapping[str, ReportedTable]) -> Iterator[Check]:
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
