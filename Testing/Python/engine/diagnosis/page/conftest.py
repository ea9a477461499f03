"""The example report with invented cases and slices, as a page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.diagnosis.page.cohort_detail import CaseValues, CohortDetail
from UMambaXAILogic.engine.diagnosis.page.joint_chart import bin_of
from UMambaXAILogic.engine.diagnosis.page.report_page import report_page
from UMambaXAILogic.engine.domain import DomainRow, DomainSettings
from UMambaXAILogic.engine.domain.comparison import compare_profiles
from UMambaXAILogic.engine.domain.profile import Profile

EXAMPLE = Path(__file__).parents[1] / "example_report.json"
LEVEL = {"source": 0.46, "target": 0.11}


@pytest.fixture
def example(domain_row) -> dict[str, Any]:
    """The contents of the example report.json, with a comparison of invented images and of what it rests on."""
    report = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    profiles = []
    for side, noise, spacing in (("source", 2.4, 0.457), ("target", 8.0, 0.452)):
        rows = [
            domain_row(f"{side}_{i}", mean=40.0 + i / 10, noise=noise + i / 10, spacing=spacing, vessels=True)
            for i in range(7)
        ]
        profiles.append(Profile(side, DomainSettings(), tuple(DomainRow.from_json(row) for row in rows)))
    report["phase1"] = compare_profiles(*profiles).to_json()
    for key, (source, target) in {"dice": (0.86, 0.29), "log_in_pm_excess": (0.01, -0.3)}.items():
        report["phase2"]["comparison"][key] = {"source": {"estimate": source}, "target": {"estimate": target}}
    return report


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


def save(array: np.ndarray, path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))


@pytest.fixture(scope="session")
def write_cohort_with_files(write_cohort, measured) -> Callable[..., Path]:
    """A cohort's folder with the folders of its cases, and beside it the manifest and the volumes it names."""

    def write(name: str, cases: list[Any], **options: Any) -> Path:
        manifest = f"../{name}-volumes/manifest.csv"
        folder = write_cohort(name, cases, **options)
        summary = json.loads((folder / "summary.json").read_text())
        (folder / "summary.json").write_text(json.dumps({**summary, "manifest": manifest}))
        volumes = folder / f"../{name}-volumes"
        volumes.mkdir()
        lines = ["case,volume,gt"]
        for case in cases:
            if case.failed is not None:
                continue
            place = folder / "cases" / case.name
            place.mkdir(parents=True)
            metrics, slices = measured(case, 0.3)
            (place / "metrics.json").write_text(json.dumps(metrics))
            (place / "slices.csv").write_text(slices)
            save(case.pm.astype(np.uint8), place / "segmentation.nii.gz")
            if case.attention:
                save(case.attention["mean"], place / "attention.nii.gz")
            file = f"{len(lines)}.nii.gz"
            save(np.where(case.pm, 300, 40).astype(np.int16), volumes / file)
            truth = ""
            if case.gt is not None:
                truth = f"gt-{file}"
                save(case.gt.astype(np.uint8), volumes / truth)
            lines.append(f'"{case.name}",{file},{truth}')
        (volumes / "manifest.csv").write_text("\n".join(lines) + "\n")
        return folder

    return write


@pytest.fixture(scope="session")
def cohorts(known, write_cohort_with_files) -> dict[str, Path]:
    """Eight source cases and seven target cases, of which one failed."""
    source = [known(f"source_{index}", index, agreement=0.95) for index in range(8)]
    target = [known(f"target_{index}", 50 + index, agreement=0.7, focus=0.2) for index in range(7)]
    target[6].failed = "The volume cannot be read."
    return {
        "source": write_cohort_with_files("hospital-a", source),
        "target": write_cohort_with_files("hospital-b", target),
    }
