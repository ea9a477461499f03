"""Cohorts whose every voxel is known: measured as real cases are, written as a real cohort is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from UMambaXAILogic.engine.alignment import CaseMeasurement
from UMambaXAILogic.engine.alignment.slices import slices_csv
from UMambaXAILogic.engine.cohort.case_state import FinishedCase
from UMambaXAILogic.engine.cohort.store import CasePlace, CohortStore
from UMambaXAILogic.engine.domain.measure import measure_domain
from UMambaXAILogic.engine.volume import Geometry, Volume

SHAPE = (6, 10, 10)
THRESHOLDS = (0.2, 0.3, 0.4)
MAIN = {"method": "seg-xres-cam", "pool": 1, "pool_mode": "max"}
OTHERS = (
    {"method": "seg-xres-cam", "pool": 2, "pool_mode": "max"},
    {"method": "seg-grad-cam", "pool": None, "pool_mode": None},
)
LAYERS = ("encoder.1", "decoder.0", "decoder.1")


@dataclass
class Known:
    """One case by its voxels; ``None`` where there is nothing.

    Args:
        attention: layer or method name -> map; "mean" is the judged one. Empty: nothing was explained.
        excess: takes the place of what was measured, so that tests can set p-values.
    """

    name: str
    pm: np.ndarray
    gt: np.ndarray | None
    attention: dict[str, np.ndarray] = field(default_factory=dict)
    excess: dict[str, Any] = field(default_factory=dict)
    failed: str | None = None
    warnings: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


def known_case(
    name: str,
    seed: int,
    truth: float = 0.3,
    agreement: float = 0.8,
    focus: float = 0.5,
    empty_slices: int = 2,
    **options,
) -> Known:
    """A random case: ``agreement`` of the voxels are predicted right, ``focus`` draws attention to the prediction."""
    random = np.random.default_rng(seed)
    gt = random.random(SHAPE) < truth
    gt[:empty_slices] = False
    pm = np.where(random.random(SHAPE) < agreement, gt, random.random(SHAPE) < 0.1)
    pm[0] = False  # one true negative at least

    def attention() -> np.ndarray:
        return (random.random(SHAPE) * (focus * pm + (1 - focus))).astype(np.float32)

    names = ("mean", "mean_without_last", *LAYERS, *(_label(method) for method in OTHERS))
    return Known(name, pm, gt, {name: attention() for name in names}, **options)


def _label(method: dict[str, Any]) -> str:
    return method["method"] if method["pool"] is None else f"{method['method']}, pool {method['pool']}"


def metrics_of(case: Known, threshold: float) -> tuple[dict[str, Any], str]:
    """metrics.json and slices.csv of a case, measured by the package."""
    geometry = Geometry(size=SHAPE[::-1], spacing_mm=(1.0, 1.0, 1.0))
    measured = CaseMeasurement(case.pm, case.gt, None, geometry, THRESHOLDS, threshold)
    methods = []
    if case.attention:
        measured.add_mean(case.attention["mean"])
        measured.add_mean_without_last_layer(case.attention["mean_without_last"])
        for layer in LAYERS:
            measured.add_layer(layer, case.attention[layer])
        methods = [{**MAIN, **measured.mean_alignment()}]
        methods += [{**other, **measured.other_mean_alignment(case.attention[_label(other)])} for other in OTHERS]
    result = measured.result()
    fields = result.fields
    if fields["excess_alignment"] is not None:
        fields["excess_alignment"] |= case.excess
    values = np.where(case.pm, 300, 40) + np.random.default_rng(0).normal(0, 5, SHAPE)
    volume = Volume(values.astype(np.float32), geometry, is_phantom=True)
    domain = measure_domain(volume, case=case.name, vessels=case.gt, modality="CT")
    metrics = {
        "schema_version": 1,
        "case": case.name,
        "phantom": True,
        "input": {"modality": "CT", "format": "nifti"},
        "model": {"sha256": case.settings.get("model_sha256", "a" * 64), "architecture": "UMambaEnc"},
        "target": {"label": 1, "name": "vessel", "kind": "prediction"},
        "attribution": {**MAIN, "preset": None, "passes": {"windows": 1, "explained_windows": 1}} if methods else None,
        **fields,
        "methods": methods,
        "domain": domain.to_json(),
        "warnings": [{"code": code, "message": code} for code in case.warnings],
        "timing": dict.fromkeys(("read", "preprocess", "segment", "explain", "metrics", "total"), 1.0),
        "peak_memory_mb": {"host": 100.0, "device": None},
        "environment": {"package": "0.0.0", "device": "cpu", "scan_backend": "numba"},
    }
    return metrics, slices_csv(result.slices)


@pytest.fixture(scope="session")
def write_cohort(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes known cases as a cohort's folder."""

    def write(name: str, cases: Sequence[Known], threshold: float = 0.3, unfinished: int = 0, **settings: Any) -> Path:
        place = tmp_path_factory.mktemp("cohort")
        folder, scratch = place / name, place / "scratch"
        folder.mkdir()
        scratch.mkdir()
        facts = {
            "name": name,
            "cases": len(cases) + unfinished,
            "model": {"architecture": "UMambaEnc", "sha256": "a" * 64},
            "settings": {"thresholds": list(THRESHOLDS), "reporting_threshold": threshold, "step": 0.5, **settings},
            "methods": [MAIN, *OTHERS],
        }
        store = CohortStore(folder, scratch, facts)
        for number, case in enumerate(cases, 1):
            row = CasePlace(number, case.name, None)
            if case.failed is not None:
                store.add_failed(row, 2, "input", case.failed)
                continue
            metrics, slices = metrics_of(case, threshold)
            store.add_done(row, 1, FinishedCase(metrics, slices))
        store.publish(finished=not unfinished)
        store.close()
        return folder

    return write


@pytest.fixture(scope="session")
def known() -> Callable[..., Known]:
    """``known_case``."""
    return known_case


@pytest.fixture(scope="session")
def nothing_predicted() -> Callable[[str], Known]:
    """A case with truth, without prediction and so without attention."""

    def make(name: str) -> Known:
        case = known_case(name, 99)
        return Known(name, np.zeros_like(case.pm), case.gt)

    return make


@pytest.fixture(scope="session")
def measured() -> Callable[[Known, float], tuple[dict[str, Any], str]]:
    """``metrics_of``."""
    return metrics_of
