"""The published numbers of arXiv 2512.13977, to stand beside ours: reference material, never expected results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from ..resources import resource_path
from .reported_tables import ReportedTable, published_tables

#: The published names of the cohorts, and the names of ours that they are shown beside.
_COHORTS = {"S": "source", "T": "target"}
#: What a published method is called here.
_METHODS = {"seg-xres-cam pool 1": "seg-xres-cam, pool 1", "seg-xres-cam pool 2": "seg-xres-cam, pool 2"}


@cache
def paper_source() -> str:
    """Where the numbers stand in print."""
    return str(_content()["source"])


def paper_rows(key: str) -> tuple[Mapping[str, Any], ...]:
    """Published rows of a table, with the cohorts called source and target; none for a table that was not published.

    Args:
        key: of ``reported_tables.TABLE_KEYS``.
    """
    table = _tables().get(key)
    return tuple(_named(row) for row in table.rows) if table else ()


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    named = dict(row)
    if named["cohort"] is not None:
        named["cohort"] = _COHORTS[named["cohort"]]
    if "method" in named:
        named["method"] = _METHODS.get(named["method"], named["method"])
    return named


@cache
def _tables() -> dict[str, ReportedTable]:
    return published_tables(_content())


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(resource_path("paper_tables.json").read_text(encoding="utf-8"))
    return content
