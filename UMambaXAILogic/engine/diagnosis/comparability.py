"""Can two cohorts be compared? What differs between them is named; what makes their tables incomparable is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InputError, UsageError
from .cohort_measures import CohortMeasures
from .cohort_results import CohortResults

_RERUN = "Compute one of the cohorts again with the other's settings."

#: Columns of a case, and what they are called in a warning.
_CASE_COLUMNS = {
    "model_sha256": ("models_differ", "models"),
    "target": ("targets_differ", "targets"),
    "target_kind": ("targets_differ", "kinds of explained voxels"),
    "method": ("methods_differ", "attribution methods"),
    "pool": ("methods_differ", "pooling windows"),
    "pool_mode": ("methods_differ", "pooling modes"),
    "preset": ("methods_differ", "presets"),
}
#: Settings of a request that the case columns or the choice of the threshold speak of already.
_SPOKEN_OF = ("target", "method", "pool", "pool_mode", "preset", "reporting_threshold", "cutoffs", "output_format")


def choose_threshold(source: CohortResults, target: CohortResults, asked: float | None) -> float:
    """The attention threshold that both cohorts are reported and judged at.

    Raises:
        InputError: none is asked for, and the cohorts were run with different ones.
    """
    if asked is not None:
        return asked
    if source.threshold != target.threshold:
        raise InputError(
            f"The source was reported at attention >= {source.threshold:g}, the target at >= {target.threshold:g}: "
            "their slices and excess alignment do not compare.",
            f"{_RERUN} Or name one threshold that both were measured at: excess alignment is then n/a in one of them.",
        )
    return source.threshold


def require_threshold(measures: Mapping[str, CohortMeasures], threshold: float) -> None:
    """Refuse a threshold that a cohort's attention was not measured at.

    Raises:
        UsageError: the message names those it was measured at.
    """
    for cohort, one in measures.items():
        if one.thresholds and threshold not in one.thresholds:
            listed = ", ".join(f"{value:g}" for value in one.thresholds)
            raise UsageError(
                f"The {cohort} was not measured at attention >= {threshold:g}, only at {listed}.",
                "Choose one of these, or run the cohort again.",
            )


def comparison_warnings(source: CohortResults, target: CohortResults, paired: bool) -> list[tuple[str, str]]:
    """(code, message) of everything that differs between the cohorts' runs and may explain a difference by itself.

    Args:
        source, target: the cohorts.
        paired: they are compared case by case.
    """
    warnings = []
    for column, (code, words) in _CASE_COLUMNS.items():
        one, other = (_shared(results, column) for results in (source, target))
        # A cohort in which nothing was predicted has no method.
        both_explained = column in ("model_sha256", "target", "target_kind") or (
            _shared(source, "method") is not None and _shared(target, "method") is not None
        )
        if one != other and both_explained:
            warnings.append((code, f"The cohorts' {words} differ: source {_words(one)}, target {_words(other)}."))
    different = _different_settings(source.facts["settings"], target.facts["settings"])
    if different:
        warnings.append(("settings_differ", f"The cohorts were run with different settings: {'; '.join(different)}."))
    versions = [_environment(results, "package") for results in (source, target)]
    if versions[0] != versions[1]:
        warnings.append(
            (
                "versions_differ",
                f"The cohorts were computed by versions {versions[0]} and {versions[1]} of this software.",
            )
        )
    if source.folder.resolve() == target.folder.resolve():
        warnings.append(("same_folder", "Source and target are the same folder: every difference is 0."))
    elif not paired and _case_names(source) == _case_names(target):
        warnings.append(
            (
                "same_case_names",
                "The cohorts hold the same case names. If these are the same cases, compare them in pairs.",
            )
        )
    return warnings


def _different_settings(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> list[str]:
    if one is None or other is None:
        return []
    names = [name for name in (*one, *(name for name in other if name not in one)) if name not in _SPOKEN_OF]
    return [
        f"{name} {_words(one.get(name))} and {_words(other.get(name))}"
        for name in names
        if one.get(name) != other.get(name)
    ]


def _case_names(results: CohortResults) -> set[str]:
    return {row["case"] for row in (*results.cases, *results.failed)}


def _shared(results: CohortResults, column: str) -> Any:
    return next((case[column] for case in results.cases if case[column] is not None), None)


def _environment(results: CohortResults, name: str) -> Any:
    return (results.facts["environment"] or {}).get(name, results.cases[0]["package"])


def _words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str) and len(value) == 64:
        return value[:12]  # a checksum
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_words(item)}" for name, item in value.items() if item is not None)
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "none"
    return str(value)
