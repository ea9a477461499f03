"""Two cohorts' results -> tables, verdict, report: the whole story on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..atomic import write_text
from ..domain.comparison import compare_profiles
from ..domain.profile import Profile, read_profile
from ..errors import InputError, UsageError
from ..json_text import json_text
from ..progress import Reporter
from ..statistics import GroupComparison
from .alignment_tables import alignment_table, gap_table, layer_table, method_table
from .anonymise import CaseNames
from .averages import COHORTS, Measures
from .cohort_measures import measure_cohort
from .cohort_results import CohortResults, read_cohort
from .cohort_verdict import judge_cohort
from .comparability import choose_threshold, comparison_warnings, require_threshold
from .comparison_tables import compare_cohorts, difference_table, excess_table
from .domain_tables import domain_tables
from .options import DiagnosisOptions
from .pair_verdict import judge_pair
from .report import REPORT_JSON, report_json
from .segmentation_tables import category_table, joint_table, segmentation_table
from .table import Table


@dataclass(frozen=True)
class Diagnosis:
    """What a diagnosis left behind.

    Args:
        folder: that was written to.
        files: ``report_json`` and ``report_html``.
        report: the contents of report.json.
    """

    folder: Path
    files: dict[str, Path]
    report: dict[str, Any]


def diagnose(
    source: Path,
    target: Path,
    output: Path,
    options: DiagnosisOptions | None = None,
    reporter: Reporter | None = None,
) -> Diagnosis:
    """Compare two cohorts' results and write report.json and report.html.

    Args:
        source: a cohort's folder, such as that of the hospital whose images a model was trained on.
        target: another's.
        output: folder for the report; created if missing.
        options: choices; None: the defaults.
        reporter: hears of progress and warnings, and is asked whether to stop.

    Raises:
        UsageError: an option does not fit the cohorts, or the output cannot be written.
        InputError: a folder holds no cohort's results, or the cohorts cannot be compared.
        CancelledError: the user cancelled.
    """
    options, reporter = options or DiagnosisOptions(), reporter or Reporter()
    results = {
        "source": read_cohort(source, options.source_name),
        "target": read_cohort(target, options.target_name),
    }
    if (output / "cases.parquet").exists():
        raise UsageError(
            f"The output {output} is the folder of a cohort's results.", "Name another; it is created if missing."
        )
    _make_folder(output)
    report = diagnose_results(results, options, reporter)
    reporter.check_cancelled()
    from .page.build import REPORT_HTML, build_report  # draws with packages that the numbers do not need

    path = output / REPORT_JSON
    (output / REPORT_HTML).unlink(missing_ok=True)  # an earlier page is of other numbers
    write_text(path, json_text(report))
    page = build_report(report, source, target, output, reporter)
    reporter.progress(1.0)
    return Diagnosis(output, {"report_json": path, "report_html": page}, report)


def diagnose_results(
    results: Mapping[str, CohortResults], options: DiagnosisOptions, reporter: Reporter
) -> dict[str, Any]:
    """The contents of report.json.

    Args:
        results: of the cohorts, by ``source`` and ``target``.
        options: choices.
        reporter: hears of progress and warnings, and is asked whether to stop.

    Raises:
        UsageError, InputError, CancelledError: as ``diagnose``.
    """
    source, target = (results[cohort] for cohort in COHORTS)
    warnings = [
        (code, f"{cohort.capitalize()}: {message}") for cohort in COHORTS for code, message in results[cohort].warnings
    ]
    threshold = choose_threshold(source, target, options.threshold)
    warnings += comparison_warnings(source, target, options.paired)
    measures = {}
    for number, cohort in enumerate(COHORTS):
        reporter.check_cancelled()
        measures[cohort] = measure_cohort(results[cohort], threshold, options)
        reporter.progress(0.3 * (number + 1))
    require_threshold(measures, threshold)
    comparisons = compare_cohorts(measures, options)
    reporter.check_cancelled()
    phase1, reason = _phase1(source, target, options, warnings)
    if phase1 is None:
        warnings.append(("no_domain_statistics", reason))
    reporter.progress(0.8)
    tables = domain_tables(phase1, reason, options.paper) + _phase2_tables(measures, comparisons, options)
    verdicts = {cohort: judge_cohort(measures[cohort], f"the {cohort} cohort", options.cutoffs) for cohort in COHORTS}
    verdict = judge_pair(comparisons, verdicts["source"], verdicts["target"], options.cutoffs, threshold)
    for code, message in warnings:
        reporter.warning(code, message)
    return report_json(measures, comparisons, verdict, tables, phase1, warnings, options)


def _phase2_tables(
    measures: Measures, comparisons: Mapping[str, GroupComparison], options: DiagnosisOptions
) -> list[Table]:
    return [
        method_table(measures, options),
        segmentation_table(measures, options),
        category_table(measures, options),
        alignment_table("gt", measures, options),
        alignment_table("pm", measures, options),
        joint_table(measures, options),
        difference_table(comparisons, options),
        layer_table(measures, options),
        gap_table(measures, options),
        excess_table(measures),
    ]


def _phase1(
    source: CohortResults, target: CohortResults, options: DiagnosisOptions, warnings: list[tuple[str, str]]
) -> tuple[dict[str, Any] | None, str]:
    """JSON of the comparison of the cohorts' profiles, or None and why; cases without statistics are warned of."""
    missing = [results.name for results in (source, target) if results.profile_file is None]
    if missing:
        return None, f"No profile.json in {' and '.join(missing)}: it is written when a cohort ends."
    try:
        names = CaseNames(options.anonymise)
        profiles = [_profile(results, names) for results in (source, target)]
        for cohort, results, profile in zip(COHORTS, (source, target), profiles, strict=True):
            missing_cases = len(results.cases) - len(profile.rows)
            if missing_cases:
                message = (
                    f"{cohort.capitalize()}: {missing_cases} of {len(results.cases)} finished cases are not in "
                    "profile.json, which is written when a cohort ends: phase 1 is about the others."
                )
                warnings.append(("domain_statistics_incomplete", message))
        return compare_profiles(profiles[0], profiles[1], seed=options.seed).to_json(), ""
    except InputError as error:
        return None, f"The domain statistics cannot be compared: {error.message}"


def _profile(results: CohortResults, names: CaseNames) -> Profile:
    """A cohort's profile with the names that the report may show: remarks of the comparison name cases.

    An earlier run may have left rows of cases that are not in the tables (any more); phase 1 is about theirs.
    """
    assert results.profile_file is not None
    done = {case["case"] for case in results.cases}
    try:
        profile = read_profile(results.profile_file)
        rows = tuple(replace(row, case=names.shown(row.case)) for row in profile.rows if row.case in done)
        return replace(profile, name=results.name, rows=rows)
    except InputError as error:  # the report tells of it, and shows no path
        raise InputError(error.message.replace(str(results.profile_file), f"of {results.name}")) from error


def _make_folder(output: Path) -> None:
    if output.exists() and not output.is_dir():
        raise UsageError(f"The output {output} is a file.", "Name a folder; it is created if missing.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The output folder {output} cannot be made: {error.strerror or error}.",
            "Choose another folder, or ask for write access.",
        ) from error
