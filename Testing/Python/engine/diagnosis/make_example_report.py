"""Writes example_report.json: a document of the schema in engine/diagnosis/report.py, with invented numbers.

python Testing/Python/engine/diagnosis/make_example_report.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from UMambaXAILogic.engine.diagnosis.options import DiagnosisOptions
from UMambaXAILogic.engine.diagnosis.report import SCHEMA_VERSION
from UMambaXAILogic.engine.diagnosis.table import Column, Table, count_column, ratio_columns, text_column
from UMambaXAILogic.engine.statistics import compare_groups, mean_interval

RATIOS = (("iou", "IoU"), ("f1", "F1"), ("precision", "Precision"), ("recall", "Recall"))
random = np.random.default_rng(0)
LEVEL = {"source": 0.46, "target": 0.11}
CASES = {"source": 12, "target": 7}


def drawn(cohort: str, shift: float = 0.0) -> list[float]:
    return np.clip(random.normal(LEVEL[cohort] + shift, 0.06, CASES[cohort]), 0, 1).tolist()


def ratio_row(cohort: str, averaging: str, shift: float = 0.0) -> dict:
    values = {key: drawn(cohort, shift + 0.05 * index) for index, (key, _) in enumerate(RATIOS)}
    if averaging == "case_mean":
        return {key: mean_interval(some).to_json() for key, some in values.items()}
    return {key: float(np.mean(some)) for key, some in values.items()}


def method_table() -> Table:
    rows = [
        {"method": method, "cohort": cohort, "averaging": averaging, "cases": CASES[cohort]}
        | ratio_row(cohort, averaging, shift)
        for method, shift in (("seg-grad-cam", -0.1), ("seg-xres-cam, pool 2", -0.05), ("seg-xres-cam, pool 1", 0.0))
        for cohort in LEVEL
        for averaging in ("pooled", "case_mean")
    ]
    columns = (
        text_column("method", "Method"),
        text_column("cohort", "Cohort"),
        text_column("averaging", "Averaging"),
        count_column("cases", "Cases"),
        *ratio_columns(RATIOS),
    )
    paper = (
        {"method": "seg-xres-cam, pool 1", "cohort": "source", "iou": 0.4671, "f1": 0.6368, "precision": 0.6655,
         "recall": 0.6097},
        {"method": "seg-xres-cam, pool 1", "cohort": "target", "iou": 0.1018, "f1": 0.1832, "precision": 0.1373,
         "recall": 0.3222},
    )  # fmt: skip
    return Table("5", 5, "XAI-GT of the attribution methods at attention >= 0.3", columns, tuple(rows), (), paper)


def segmentation_table() -> Table:
    columns = (
        text_column("cohort", "Cohort"),
        text_column("averaging", "Averaging"),
        count_column("cases", "Cases"),
        *ratio_columns((("dice", "Dice"), ("iou", "IoU"))),
    )
    rows = []
    for cohort in LEVEL:
        for averaging in ("pooled", "case_mean", "slice_mean"):
            row = ratio_row(cohort, averaging, 0.3)
            rows.append(
                {"cohort": cohort, "averaging": averaging, "cases": CASES[cohort], "dice": row["f1"], "iou": row["iou"]}
            )
    paper = ({"cohort": "source", "dice": 0.8604}, {"cohort": "target", "dice": 0.2902})
    return Table("7", 7, "Segmentation against the ground truth", columns, tuple(rows), (), paper)


def category_table() -> Table:
    names = ("perfect", "good", "bad", "worst", "true_negative", "false_positive")
    counts = {"source": (40, 20, 9, 6, 120, 5), "target": (0, 3, 20, 80, 60, 37)}
    columns = (
        text_column("cohort", "Cohort"),
        text_column("category", "Slices"),
        count_column("slices", "Count"),
        Column("percent", "Share", unit="%", digits=1),
        Column("percent_case_mean", "Share, case mean", kind="interval", unit="%", digits=1),
    )
    rows = tuple(
        {
            "cohort": cohort,
            "category": name,
            "slices": count,
            "percent": 100 * count / 200,
            "percent_case_mean": mean_interval(
                (100 * count / 200 + random.normal(0, 1, CASES[cohort])).tolist()
            ).to_json(),
        }
        for cohort in LEVEL
        for name, count in zip(names, counts[cohort], strict=True)
    )
    paper = tuple(
        {"cohort": cohort, "category": name, "percent": percent}
        for cohort, percents in (
            ("source", (18.4, 6.0, 3.2, 1.8, 70.5)),
            ("target", (0.0, 0.9, 5.6, 43.8, 49.7)),
        )
        for name, percent in zip(names, percents, strict=False)
    )
    notes = ("The paper has no false positive slices of their own; it seems to count them as worst.",)
    return Table("8", 8, "Slices by Dice", columns, rows, notes, paper)


def alignment_table(number: int, reference: str) -> Table:
    columns = (
        Column("threshold", "Threshold", digits=2),
        text_column("cohort", "Cohort"),
        text_column("averaging", "Averaging"),
        count_column("cases", "Cases"),
        *ratio_columns(RATIOS),
    )
    rows = tuple(
        {"threshold": threshold, "cohort": cohort, "averaging": averaging, "cases": CASES[cohort]}
        | ratio_row(cohort, averaging, 0.1 if reference == "PM" else 0.0)
        for threshold in (0.2, 0.3, 0.4)
        for cohort in LEVEL
        for averaging in ("pooled", "case_mean", "slice_mean")
        if averaging != "slice_mean" or threshold == 0.3
    )
    return Table(str(number), number, f"XAI-{reference} by threshold", columns, rows)


def joint_table() -> Table:
    columns = (
        text_column("cohort", "Cohort"),
        text_column("category", "Slices"),
        count_column("count", "Count"),
        Column("percent", "Share", unit="%", digits=1),
        Column("mean_dice", "Mean Dice", digits=3),
        Column("mean_f1", "Mean XAI-GT F1", digits=3),
    )
    rows = (
        ("source", "good dice, good xai", 60, 75.0, 0.9055, 0.7081),
        ("source", "good dice, bad xai", 8, 10.0, 0.7141, 0.1147),
        ("source", "bad dice, good xai", 0, 0.0, None, None),
        ("source", "bad dice, bad xai", 12, 15.0, 0.3927, 0.1298),
        ("target", "good dice, good xai", 17, 12.142857, 0.6463, 0.4802),
        ("target", "good dice, bad xai", 9, 6.428571, 0.6427, 0.2435),
        ("target", "bad dice, good xai", 20, 14.285714, 0.4924, 0.4531),
        ("target", "bad dice, bad xai", 94, 67.142857, 0.0681, 0.0325),
    )
    keys = [column.key for column in columns]
    return Table(
        "11", 11, "Slices by Dice and XAI-GT F1", columns, tuple(dict(zip(keys, r, strict=True)) for r in rows)
    )


def layer_table() -> Table:
    columns = (
        text_column("layer", "Layer"),
        text_column("reference", "Against"),
        text_column("cohort", "Cohort"),
        text_column("averaging", "Averaging"),
        count_column("cases", "Cases"),
        *ratio_columns(RATIOS),
    )
    rows = tuple(
        {"layer": layer, "reference": reference, "cohort": cohort, "averaging": averaging, "cases": CASES[cohort]}
        | ratio_row(cohort, averaging, shift)
        for layer, shift in (("mean", 0), ("mean_without_last", -0.03), ("encoder.5", -0.05), ("decoder.4", 0.05))
        for reference in ("XAI-GT", "XAI-PM")
        for cohort in LEVEL
        for averaging in ("pooled", "case_mean")
    )
    return Table("layers", None, "Alignment per layer at attention >= 0.3", columns, rows)


def gap_table() -> Table:
    columns = (
        text_column("cohort", "Cohort"),
        text_column("averaging", "Averaging"),
        count_column("cases", "Cases"),
        *ratio_columns((("xai_gt_iou", "XAI-GT IoU"), ("xai_pm_iou", "XAI-PM IoU"), ("gap", "Gap"))),
    )
    rows = tuple(
        {
            "cohort": cohort,
            "averaging": averaging,
            "cases": CASES[cohort],
            "xai_gt_iou": ratio_row(cohort, averaging)["iou"],
            "xai_pm_iou": ratio_row(cohort, averaging, 0.1)["iou"],
            "gap": ratio_row(cohort, averaging, -0.05)["iou"],
        }
        for cohort in LEVEL
        for averaging in ("pooled", "case_mean")
    )
    paper = ({"cohort": "source", "gap": 0.0549}, {"cohort": "target", "gap": 0.1805})
    return Table("gap", None, "XAI-PM IoU minus XAI-GT IoU at attention >= 0.3", columns, rows, (), paper)


def excess_table() -> Table:
    columns = (
        text_column("cohort", "Cohort"),
        text_column("measure", "Measure"),
        count_column("cases", "Cases"),
        Column("factor", "Geometric mean", kind="interval", digits=3),
        Column("mean_log", "Mean log", kind="interval", digits=3),
        count_column("tested", "Cases tested"),
        count_column("significant", "Significantly under 1"),
        Column("significant_percent", "Share of those tested", unit="%", digits=0),
    )
    rows = []
    for cohort in LEVEL:
        for measure in ("excess alignment", "in-PM excess alignment"):
            log = mean_interval(random.normal(-0.2, 0.2, CASES[cohort]).tolist()).to_json()
            factor = log | {
                key: None if log[key] is None else float(np.exp(log[key])) for key in ("estimate", "low", "high")
            }
            tested = None if measure.startswith("excess") else 6
            rows.append(
                {"cohort": cohort, "measure": measure, "cases": CASES[cohort], "factor": factor, "mean_log": log,
                 "tested": tested, "significant": None if tested is None else 2,
                 "significant_percent": None if tested is None else 100 * 2 / 6}
            )  # fmt: skip
    return Table("excess", None, "Excess alignment at attention >= 0.3", columns, tuple(rows))


def difference_table() -> Table:
    columns = (
        text_column("measure", "Measure"),
        Column("source", "Source", kind="interval", digits=3),
        Column("target", "Target", kind="interval", digits=3),
        Column("difference", "Target - source", kind="interval", digits=3),
        text_column("test", "Test"),
        Column("p_value", "p", digits=4),
    )
    rows = []
    for measure in ("Dice", "XAI-GT IoU", "XAI-PM IoU", "gap", "log excess alignment", "log in-PM excess alignment"):
        found = compare_groups(drawn("source"), drawn("target")).to_json()
        rows.append(
            {"measure": measure} | {key: found[key] for key in ("source", "target", "difference", "test", "p_value")}
        )
    return Table("differences", None, "Between the cohorts, means over cases", columns, tuple(rows))


def phase1_columns(digits: int) -> tuple[Column, ...]:
    return (
        text_column("statistic", "Statistic"),
        text_column("averaging", "Averaging"),
        Column("source", "Source", kind="interval", digits=digits),
        Column("target", "Target", kind="interval", digits=digits),
        Column("difference", "Target - source", kind="interval", digits=digits),
        Column("relative_percent", "Relative", unit="%", digits=1),
        Column("ratio", "Ratio", digits=2),
        Column("p_value", "p", digits=4),
    )


def phase1_tables() -> list[Table]:
    facts = (
        (1, "Intensity in 0-80 HU", (("mean", 41.7, 42.1), ("standard deviation", 17.0, 17.5))),
        (2, "Resolution in mm", (("right-left", 0.457, 0.452), ("anterior-posterior", 0.457, 0.452),
                                 ("superior-inferior", 1.114, 0.715))),
        (3, "Noise in HU", (("air", 2.37, 7.96),)),
        (4, "Vessel diameter in mm", (("mean", 2.43, 2.31), ("median", 2.07, 2.25))),
    )  # fmt: skip
    tables = []
    for number, title, statistics in facts:
        rows = []
        for name, source, target in statistics:
            one = (source + random.normal(0, 0.02 * source, CASES["source"])).tolist()
            other = (target + random.normal(0, 0.02 * target, CASES["target"])).tolist()
            found = compare_groups(one, other)
            rows.append(
                {"statistic": name, "averaging": "case_mean", "source": found.source.to_json(),
                 "target": found.target.to_json(), "difference": found.difference.to_json(),
                 "relative_percent": 100 * (target - source) / source,
                 "ratio": target / source, "p_value": found.p_value}
            )  # fmt: skip
        paper = tuple({"statistic": name, "source": s, "target": t} for name, s, t in statistics)
        columns = phase1_columns(3 if number == 2 else 2)
        tables.append(Table(str(number), number, title, columns, tuple(rows), (), paper))
    return tables


def compared(cohort: str) -> dict:
    model = {"architecture": "UMambaEnc", "trainer": "nnUNetTrainerUMambaEncDemo", "configuration": "3d_fullres",
             "fold": [0], "sha256": "0" * 64, "labels": {"background": 0, "vessel": 1}}  # fmt: skip
    settings = {"method": "seg-xres-cam", "pool": 1, "pool_mode": "max", "layers": ["encoder.5", "decoder.4"],
                "preset": None, "score": "margin", "target": "vessel", "target_kind": "prediction",
                "folds": None, "mirror": False, "step": 0.5, "ground_truth_labels": None, "thresholds": [0.2, 0.3, 0.4],
                "reporting_threshold": 0.3}  # fmt: skip
    return {"name": f"{cohort} phantoms", "cases": CASES[cohort] + 1, "done": CASES[cohort], "failed": 1,
            "unfinished": 0, "with_gt": CASES[cohort], "nothing_predicted": 0, "phantom": True, "anonymised": False,
            "modalities": ["CT"],
            "model": model, "settings": settings,
            "methods": ["seg-grad-cam", "seg-xres-cam, pool 2", "seg-xres-cam, pool 1"]}  # fmt: skip


def report() -> dict:
    tables = [*phase1_tables(), method_table(), segmentation_table(), category_table(), alignment_table(9, "GT"),
              alignment_table(10, "PM"), joint_table(), difference_table(), layer_table(), gap_table(),
              excess_table()]  # fmt: skip
    cutoffs = {"high": 0.4, "low": 0.2, "gap": 0.1, "threshold": 0.3, "significance": 0.05}
    judged = {
        "source": {"name": "anatomically_faithful", "paper_rule": "anatomically_faithful",
                   "text": "Anatomically faithful: the network attends to the vessels",
                   "paper_rule_text": "Anatomically faithful: the network attends to the vessels",
                   "headline": "In the source cohort the network looks where the vessels are.",
                   "reasons": ["XAI-GT IoU 0.460 is high (>= 0.4)."], "cutoffs": cutoffs},
        "target": {"name": "low_xai_gt_from_segmentation_error", "paper_rule": "spurious_correlation",
                   "text": "Low XAI-GT, explained by the segmentation error",
                   "paper_rule_text": "Spurious correlation",
                   "headline": "In the target cohort attention misses vessels, no more than the prediction.",
                   "reasons": ["XAI-GT IoU 0.110 is low (< 0.2).", "Too few cases to decide."], "cutoffs": cutoffs},
    }  # fmt: skip
    return {
        "schema_version": SCHEMA_VERSION,
        "created": "2026-01-01T00:00:00+00:00",
        "package": "0.0.0",
        "phantom": True,
        "compared": {cohort: compared(cohort) for cohort in LEVEL},
        "options": DiagnosisOptions(paper=True).to_json(),
        "verdict": {
            "name": "drop_not_beyond_segmentation",
            "headline": "The network segments the target cohort much worse than the source cohort. Its attention also "
            "meets fewer true vessels there, but no more than the worse segmentation explains.",
            "text": "The drop in alignment is explained by the segmentation error",
            "question": "Does attention meet fewer true vessels in the target cohort than Dice explains?",
            "reasons": ["Dice falls from 0.860 to 0.290 (difference -0.570, 95 % interval -0.620 to -0.510)."],
            "cutoffs": cutoffs,
            "paper_rule": "spurious_correlation",
            **judged,
        },
        "phase1": None,
        "tables": {table.key: table.to_json() for table in tables},
        "phase2": {"source": {}, "target": {}, "comparison": {}},
        "audit": {"checked": 120, "findings": []},
        "cases_to_look_at": [
            {"cohort": cohort, "case": f"phantom_{cohort}_{index:03d}", "kind": kind, "why": why,
             "dice": 0.9 - 0.2 * index,
             "xai_gt_iou": 0.45 - 0.1 * index, "xai_pm_iou": 0.5, "gap": 0.05 + 0.1 * index, "in_pm_excess": 0.9,
             "p_value": 0.2, "folder": f"cases/phantom_{cohort}_{index:03d}"}
            for cohort in LEVEL
            for index, (kind, why) in enumerate((
                ("best", "Highest XAI-GT IoU (0.450)."), ("worst", "Lowest Dice (0.300)."),
                ("most_spurious", "Largest gap (0.250)."),
            ))
        ],  # fmt: skip
        "failed_cases": [{"cohort": "target", "case": "phantom_target_007", "reason": "The volume cannot be read.",
                          "code": "input", "attempts": 2}],
        "limits": ["Fewer than 12 cases in the target cohort: its intervals are rough."],
        "warnings": [{"code": "phantom", "message": "These are phantoms, not patients."}],
        "environment": {
            "package": "0.0.0", "python": "3.11", "system": "Linux", "numpy": "2.0", "scipy": "1.12", "pyarrow": "17",
            **{cohort: {"package": ["0.0.0"], "device": ["cpu"], "scan_backend": ["numba"]} for cohort in LEVEL},
        },
    }  # fmt: skip


def main() -> None:
    path = Path(__file__).with_name("example_report.json")
    path.write_text(json.dumps(report(), indent=1, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
