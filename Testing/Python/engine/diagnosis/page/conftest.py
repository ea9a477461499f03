"""The example report with invented cases and slices, as a page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from UMambaXAILogic.engine.diagnosis.page.cohort_detail import CaseValues, CohortDetail
from UMambaXAILogic.engine.diagnosis.page.joint_chart import bin_of
from UMambaXAILogic.engine.diagnosis.page.report_page import report_page

EXAMPLE = Path(__file__).parents[1] / "example_report.json"
LEVEL = {"source": 0.46, "target": 0.11}


@pytest.fixture
def example() -> dict[str, Any]:
    """The contents of the example report.json."""
    return json.loads(EXAMPLE.read_text(encoding="utf-8"))


@pytest.fixture
def make_details() -> Callable[..., dict[str, CohortDetail]]:
    """Invented values of every case and slice."""

    def make(report: dict[str, Any], cases: int = 8, name: str = "phantom") -> dict[str, CohortDetail]:
        rng = np.random.default_rng(0)
        details = {}
        for side, level in LEVEL.items():
            drawn = np.clip(rng.normal((level + 0.3, level, level + 0.15), 0.05, (cases, 3)), 0, 1).tolist()
            values = [CaseValues(f"{name}_{side}_{i}", *some, 0.9) for i, some in enumerate(drawn)]
            slices = np.clip(rng.normal((level + 0.3, level), 0.2, (300, 2)), 0, 1).tolist()
            cells = Counter((bin_of(dice), bin_of(f1)) for dice, f1 in slices)
            details[side] = CohortDetail(report["compared"][side]["name"], values, cells)
        return details

    return make


@pytest.fixture
def write_page(tmp_path, make_details) -> Callable[..., Path]:
    """Writes a report's page without pictures."""

    def write(report: dict[str, Any], cases: str = "<p>None.</p>", **options: Any) -> Path:
        path = tmp_path / "report.html"
        path.write_text(report_page(report, make_details(report, **options), cases), encoding="utf-8")
        return path

    return write
