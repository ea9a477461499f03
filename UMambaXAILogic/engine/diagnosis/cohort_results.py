"""A cohort's folder, as ``cohort`` wrote it or is writing it: what can be used of it, and what one must know."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..cohort.columns import ALIGNMENT, CASES, DONE, FAILED, SLICES
from ..errors import InputError

_CASES, _ALIGNMENT, _SLICES = "cases.parquet", "alignment.parquet", "slices.parquet"
_PROFILE, _SUMMARY = "profile.json", "summary.json"
_REMEDY = "Name a folder that 'umamba-xai cohort --out' wrote."

#: Columns of a case that must be the same in all of a cohort, and what they are called.
_SAME_IN_ALL = {
    "threshold": "reporting thresholds",
    "method": "attribution methods",
    "pool": "pooling windows",
    "pool_mode": "pooling modes",
    "model_sha256": "models",
    "target": "targets",
    "target_kind": "kinds of explained voxels",
}


@dataclass(frozen=True)
class CohortResults:
    """What a cohort's folder holds; cases in memory, slices and alignment on disk.

    Args:
        folder: of the cohort.
        name: how the report calls it.
        cases: rows of ``cases.parquet`` that are done, in the order of the manifest.
        failed: rows that failed.
        unfinished: cases of the manifest that are neither.
        facts: of summary.json: ``model``, ``settings``, ``methods`` and ``environment``; None where it is missing.
        warnings: (code, message) pairs.
    """

    folder: Path
    name: str
    cases: tuple[Mapping[str, Any], ...]
    failed: tuple[Mapping[str, Any], ...]
    unfinished: int
    facts: Mapping[str, Any]
    warnings: tuple[tuple[str, str], ...]

    @property
    def threshold(self) -> float:
        """The reporting threshold the cases were measured with."""
        return float(self.cases[0]["threshold"])

    @property
    def with_ground_truth(self) -> list[Mapping[str, Any]]:
        """Cases whose segmentation can be scored; the truth may be empty."""
        return [case for case in self.cases if case["gt_voxels"] is not None]

    @property
    def scored(self) -> list[Mapping[str, Any]]:
        """Cases that tables 9 and 10 are made of: those with ground truth, or all where no case has one.

        Both tables must be about the same cases, or what differs between them is the cases.
        """
        return self.with_ground_truth or list(self.cases)

    @property
    def is_phantom(self) -> bool:
        """Some of the cases were generated."""
        return any(case["phantom"] for case in self.cases)

    @property
    def alignment_file(self) -> Path:
        """Rows per case, method, layer, reference and threshold."""
        return self.folder / _ALIGNMENT

    @property
    def slices_file(self) -> Path:
        """Rows per case and slice."""
        return self.folder / _SLICES

    @property
    def profile_file(self) -> Path | None:
        """Domain statistics of the finished cases; None where they are missing."""
        path = self.folder / _PROFILE
        return path if path.is_file() else None


def read_cohort(folder: Path, name: str | None = None) -> CohortResults:
    """Read a cohort's cases and check that its tables can be used together.

    Args:
        folder: that ``cohort`` wrote, or is writing.
        name: for the report; None: the one that the run gave it.

    Raises:
        InputError: not a cohort's folder, a damaged table, no finished case, or cases computed with other settings.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", _REMEDY)
    if not (folder / _CASES).is_file():
        if (folder / "metrics.json").is_file():
            raise InputError(f"{folder} holds the results of one case.", f"{_REMEDY} A cohort of one case will do.")
        raise InputError(f"{folder} holds no {_CASES}: it is not a cohort's folder.", _REMEDY)
    for file, schema in ((_CASES, CASES), (_ALIGNMENT, ALIGNMENT), (_SLICES, SLICES)):
        _check_columns(folder / file, schema)
    rows = sorted(pq.read_table(folder / _CASES).to_pylist(), key=lambda row: (row["number"] or 0, row["case"]))
    done = tuple(row for row in rows if row["status"] == DONE)
    failed = tuple(row for row in rows if row["status"] == FAILED)
    summary = _read_json(folder / _SUMMARY)
    unfinished = max(0, _manifest_cases(summary, len(rows)) - len(rows))
    if not done:
        state = f"{len(failed)} failed and {unfinished} are unfinished" if rows or unfinished else "it has no case"
        raise InputError(f"No case of the cohort {folder} is done: {state}.", "Run the cohort first, or look at why.")
    _refuse_mixed_settings(folder, done)
    return CohortResults(
        folder=folder,
        name=name or str((summary or {}).get("name") or folder.resolve().name),
        cases=done,
        failed=failed,
        unfinished=unfinished,
        facts={key: (summary or {}).get(key) for key in ("model", "settings", "methods", "environment")},
        warnings=(*_summary_warning(summary), *_warnings(done, failed, unfinished)),
    )


def _check_columns(path: Path, schema: pa.Schema) -> None:
    try:
        found = set(pq.read_schema(path).names)
    except FileNotFoundError as error:
        raise InputError(
            f"The cohort's table {path} is missing.", f"{_REMEDY} Running it again completes it."
        ) from error
    except (OSError, pa.ArrowInvalid) as error:
        reason = str(error).rstrip(".")
        raise InputError(f"The cohort's table {path} cannot be read: {reason}.", "Run the cohort again.") from error
    missing = [name for name in schema.names if name not in found]
    if missing:
        raise InputError(
            f"The cohort's table {path} lacks the columns {', '.join(missing)}: another version wrote it.",
            "Run the cohort again with this version.",
        )


def _refuse_mixed_settings(folder: Path, done: Sequence[Mapping[str, Any]]) -> None:
    for column, words in _SAME_IN_ALL.items():
        # A case without an attention map has no method.
        found = sorted({str(case[column]) for case in done if case[column] is not None})
        if len(found) > 1:
            raise InputError(
                f"The cases of {folder} were computed with several {words}: {', '.join(found)}.",
                "Compute all of them with the same ('umamba-xai cohort --restart').",
            )


def _manifest_cases(summary: Mapping[str, Any] | None, rows: int) -> int:
    cases = (summary or {}).get("cases")
    return cases if isinstance(cases, int) and not isinstance(cases, bool) else rows


def _summary_warning(summary: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if summary is not None:
        return []
    text = f"{_SUMMARY} is missing or damaged: model, settings and the number of unfinished cases are not known."
    return [("summary_missing", text)]


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _warnings(
    done: Sequence[Mapping[str, Any]], failed: Sequence[Mapping[str, Any]], unfinished: int
) -> list[tuple[str, str]]:
    warnings = []
    if unfinished:
        total = len(done) + len(failed) + unfinished
        warnings.append(
            ("cohort_unfinished", f"{unfinished} of {total} cases are not finished: the tables are of the others.")
        )
    if failed:
        cases = "1 case" if len(failed) == 1 else f"{len(failed)} cases"
        warnings.append(("cases_failed", f"{cases} failed: in no table."))
    without = sum(case["gt_voxels"] is None for case in done)
    if without == len(done):
        warnings.append(
            (
                "no_ground_truth",
                "No case has a ground truth: Dice, XAI-GT, slice categories and excess alignment are n/a.",
            )
        )
    elif without:
        warnings.append(
            ("some_without_ground_truth", f"{without} of {len(done)} cases have no ground truth and are in no table.")
        )
    nothing = sum(case["attention_voxels"] is None for case in done)
    if nothing:
        warnings.append(
            (
                "cases_without_attention",
                f"{nothing} of {len(done)} cases have no attention map (nothing was predicted).",
            )
        )
    empty = sum(case["gt_voxels"] == 0 for case in done)
    if empty:
        warnings.append(("ground_truth_empty", f"The ground truth of {empty} cases is empty where it is evaluated."))
    outside = sum("prediction_outside_annotation" in (case["warnings"] or ()) for case in done)
    if outside:
        warnings.append(
            (
                "prediction_outside_annotation",
                f"In {outside} of {len(done)} cases vessels are predicted outside the ground truth's bounding box. If "
                "it covers only part of the vessels, true vessels count as false: give an evaluation region.",
            )
        )
    return warnings
