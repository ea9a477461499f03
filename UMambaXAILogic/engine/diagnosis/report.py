"""report.json: everything that a diagnosis found, as one JSON document from which the page is drawn.

Schema 1. Keys of an object are always there; what cannot be computed is null. *Interval* is the JSON of
``statistics.Interval``: estimate, low, high, method ("none", "t", "bca"), few_cases, count, values (listed where there
are fewer than 6 cases, else null). *Table* is the JSON of ``table.Table``; a cell is a text, a number, null or, in a
column of kind "interval", possibly an Interval. "source" and "target" below are always keys with one object each.

::

    schema_version     1
    created            UTC, ISO 8601, seconds
    package            version of this software
    phantom            true if any case of either cohort is a phantom: say so wherever numbers stand
    compared           source, target: {name, cases, done, failed, unfinished, with_gt, nothing_predicted, phantom,
                       anonymised, model: {architecture, trainer, configuration, fold, sha256, labels} or null,
                       settings: {method, pool, pool_mode, layers, preset, score, target, thresholds,
                       reporting_threshold, ...} (what cases.parquet and summary.json know), methods: [text]}
    options            the options of the diagnosis, as they were applied
    verdict            {name, headline, text, reasons: [sentence], cutoffs, paper_rule, question,
                       source: cohort verdict, target: cohort verdict}
                       `headline`: one or two plain sentences for somebody who has not read the paper; show it first.
                       `name` is one of drop_beyond_segmentation, drop_not_beyond_segmentation,
                       drop_not_attributable, no_drop, not_available
                       cohort verdict: {name, text, headline, reasons, cutoffs, paper_rule, paper_rule_text}; `name`
                       and `paper_rule` are the names of ``alignment.verdict``
    phase1             JSON of ``domain.comparison`` or null (no profile); its reason is then in `warnings`
    tables             key -> Table, in the order in which they are shown: "1" ... "5", "7" ... "11", and
                       "differences" (target - source, with interval and test), "layers" (alignment per layer),
                       "gap", "excess". `number` is null for the last four. A table that cannot be made has no rows
                       and says why in `notes`
    phase2             the aggregates behind the tables at full precision: source, target, comparison
    audit              {checked: number of identities, findings: [{table, cohort, text, kind}]}; kind is
                       "contradiction" or "averaging"
    cases_to_look_at   [{cohort: "source" or "target", case, why, kind: "best", "worst" or "most_spurious", dice,
                       xai_gt_iou, xai_pm_iou, gap, in_pm_excess, p_value, folder}]; `folder` is the case's folder
                       relative to its cohort's folder, or null where its name cannot be told (anonymised)
    failed_cases       [{cohort, case, reason, attempts}]
    limits             [sentence], what these numbers cannot say
    warnings           [{code, message}]
    environment        {package, python, numpy, pyarrow, ...} of the diagnosis; source, target: those of the cohorts

Case names are the manifests'. Paths never appear. Where names were replaced by hashes (`anonymised`), `folder` is null
here, and ``anonymise.find_case_folder(cohort_folder, case)`` still finds the case's folder for its pictures.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import UMambaXAILogic

from ..alignment import CONTROL, MEAN_LAYER, MEAN_WITHOUT_LAST_LAYER
from ..statistics import GroupComparison
from .anonymise import CaseNames
from .averages import COHORTS, Measures
from .cohort_measures import CohortMeasures
from .examples import cases_to_look_at
from .limits import limits
from .options import DiagnosisOptions
from .pair_verdict import PairVerdict
from .reported_tables import report_tables
from .table import Table
from .table_audit import audit_tables

SCHEMA_VERSION = 1
REPORT_JSON = "report.json"


def report_json(
    measures: Measures,
    comparisons: Mapping[str, GroupComparison],
    verdict: PairVerdict,
    tables: Sequence[Table],
    phase1: Mapping[str, Any] | None,
    warnings: Sequence[tuple[str, str]],
    options: DiagnosisOptions,
) -> dict[str, Any]:
    """The document; numbers, texts, lists, objects and null only.

    Args:
        measures: of the cohorts, by ``source`` and ``target``.
        comparisons: of the quantities that have one number a case.
        verdict: on the pair.
        tables: in the order in which they are shown.
        phase1: JSON of the comparison of domain statistics; None where it cannot be made.
        warnings: (code, message) pairs.
        options: that were applied.
    """
    names = CaseNames(options.anonymise)
    examples = [
        row for cohort in COHORTS for row in cases_to_look_at(cohort, measures[cohort], names, options.examples)
    ]
    failed = [_failed_case(cohort, row, names) for cohort in COHORTS for row in measures[cohort].results.failed]
    shown_tables = {table.key: table.to_json() for table in tables}
    return {
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "package": UMambaXAILogic.__version__,
        "phantom": any(measures[cohort].results.is_phantom for cohort in COHORTS),
        "compared": {cohort: _compared(measures[cohort], options.anonymise) for cohort in COHORTS},
        "options": options.to_json(),
        "verdict": verdict.to_json(),
        "phase1": phase1,
        "tables": shown_tables,
        "phase2": {
            **{cohort: measures[cohort].to_json() for cohort in COHORTS},
            "comparison": {quantity: found.to_json() for quantity, found in comparisons.items()},
        },
        "audit": audit_tables(report_tables(shown_tables)).to_json(),
        "cases_to_look_at": examples,
        "failed_cases": failed,
        "limits": list(limits(measures, options)),
        "warnings": [{"code": code, "message": message} for code, message in warnings],
        "environment": {
            "package": UMambaXAILogic.__version__,
            "python": platform.python_version(),
            "system": platform.platform(),
            **{name: version(name) for name in ("numpy", "scipy", "pyarrow")},
            **{cohort: _environment(measures[cohort]) for cohort in COHORTS},
        },
    }


def _compared(measures: CohortMeasures, anonymise: bool | None) -> dict[str, Any]:
    results = measures.results
    names = CaseNames(anonymise)
    for case in (*results.cases, *results.failed):
        names.shown(case["case"])
    settings = results.facts["settings"] or {}
    case = results.cases[0]
    explained = next((row for row in results.cases if row["method"] is not None), case)
    return {
        "name": results.name,
        "cases": len(results.cases) + len(results.failed) + results.unfinished,
        "done": len(results.cases),
        "failed": len(results.failed),
        "unfinished": results.unfinished,
        "with_gt": len(results.with_ground_truth),
        "nothing_predicted": sum(row["pm_voxels"] == 0 for row in results.cases),
        "phantom": results.is_phantom,
        "anonymised": names.replaced,
        "modalities": sorted({row["modality"] or "unknown" for row in results.cases}),
        "model": results.facts["model"],
        "settings": {
            **{name: explained[name] for name in ("method", "pool", "pool_mode", "preset", "target", "target_kind")},
            "score": (settings.get("target") or {}).get("score"),
            "layers": [
                layer for layer in measures.layers if layer not in (CONTROL, MEAN_LAYER, MEAN_WITHOUT_LAST_LAYER)
            ],
            "thresholds": measures.thresholds,
            "reporting_threshold": results.threshold,
            **{name: settings.get(name) for name in ("folds", "mirror", "step", "ground_truth_labels")},
        },
        "methods": measures.methods,
    }


def _environment(measures: CohortMeasures) -> dict[str, Any]:
    """Versions and devices that computed a cohort's cases."""
    cases = measures.results.cases
    return {name: sorted({str(case[name]) for case in cases}) for name in ("package", "device", "scan_backend")}


def _failed_case(cohort: str, row: Mapping[str, Any], names: CaseNames) -> dict[str, Any]:
    return {
        "cohort": cohort,
        "case": names.shown(row["case"]),
        "reason": names.shown_text(row["reason"] or "", row["case"]),
        "code": row["code"],
        "attempts": row["attempts"],
    }
