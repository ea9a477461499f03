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
                       `name` is one of drop_beyond_segmentation, drop_explained_by_segmentation,
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

SCHEMA_VERSION = 1
REPORT_JSON = "report.json"
