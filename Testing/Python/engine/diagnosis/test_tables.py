"""Every cell of the tables against the voxels themselves: pooled, case mean and slice mean are different numbers."""

from __future__ import annotations

import numpy as np
import pytest

from UMambaXAILogic.engine.diagnosis.cohort_results import read_cohort
from UMambaXAILogic.engine.diagnosis.options import DiagnosisOptions
from UMambaXAILogic.engine.diagnosis.run import diagnose_results
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.statistics import compare_groups, mean_interval

RATIOS = ("iou", "f1", "precision", "recall")


def sizes(measured: np.ndarray, reference: np.ndarray) -> tuple[int, int, int]:
    return int(measured.sum()), int(reference.sum()), int((measured & reference).sum())


def ratios(measured: int, reference: int, common: int) -> dict[str, float | None]:
    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    return {
        "iou": share(common, measured + reference - common),
        "f1": share(2 * common, measured + reference),
        "precision": share(common, measured),
        "recall": share(common, reference),
    }


def pooled(pairs) -> dict[str, float | None]:
    return ratios(*np.sum([sizes(*pair) for pair in pairs], axis=0).tolist())


def means(pairs) -> dict[str, float | None]:
    found = [ratios(*sizes(*pair)) for pair in pairs]
    known = {name: [one[name] for one in found if one[name] is not None] for name in RATIOS}
    return {name: float(np.mean(values)) if values else None for name, values in known.items()}


def by_slice(pairs):
    return [(one[z], other[z]) for one, other in pairs for z in range(one.shape[0])]


@pytest.fixture(scope="module")
def cohorts(known, nothing_predicted):
    """Source cases of very different vessel volume, so that pooled and averaged figures differ; a small target."""
    source = [known(f"s{i}", i, truth=0.05 + 0.05 * i, agreement=0.95 - 0.05 * i) for i in range(7)]
    source += [nothing_predicted("s-empty")]
    target = [known(f"t{i}", 20 + i, truth=0.2, agreement=0.4, focus=0.9, empty_slices=3) for i in range(3)]
    return {"source": source, "target": target}


@pytest.fixture(scope="module")
def report(cohorts, write_cohort):
    results = {side: read_cohort(write_cohort(side, cases)) for side, cases in cohorts.items()}
    return diagnose_results(results, DiagnosisOptions(), Reporter())


def attended(cases, name="mean", threshold=0.3):
    return [(case, case.attention[name] >= np.float32(threshold)) for case in cases if case.attention]


def find(table, **cells):
    rows = [row for row in table["rows"] if all(row[key] == cell for key, cell in cells.items())]
    assert len(rows) == 1, (cells, rows)
    return rows[0]


def estimate(cell):
    return cell["estimate"] if isinstance(cell, dict) else cell


def close(row, expected):
    for name, value in expected.items():
        found = estimate(row[name])
        assert found == (None if value is None else pytest.approx(value, abs=1e-9)), (name, row)


def test_dice_and_iou_of_table_7(report, cohorts):
    for side, cases in cohorts.items():
        pairs = [(case.pm, case.gt) for case in cases]
        table = report["tables"]["7"]
        for averaging, found in (
            ("pooled", pooled(pairs)), ("case_mean", means(pairs)), ("slice_mean", means(by_slice(pairs))),
        ):  # fmt: skip
            row = find(table, cohort=side, averaging=averaging)
            close(row, {"dice": found["f1"], "iou": found["iou"]})
            assert row["cases"] == len(cases)
    rows = [
        find(report["tables"]["7"], cohort="source", averaging=name) for name in ("pooled", "case_mean", "slice_mean")
    ]
    assert len({round(estimate(row["dice"]), 3) for row in rows}) == 3


def test_intervals_of_case_means_are_over_cases(report, cohorts):
    rows = {side: find(report["tables"]["7"], cohort=side, averaging="case_mean")["dice"] for side in cohorts}
    values = {side: [ratios(*sizes(case.pm, case.gt))["f1"] for case in cases] for side, cases in cohorts.items()}
    assert rows["source"] == mean_interval(values["source"]).to_json()
    assert (rows["source"]["method"], rows["source"]["few_cases"], rows["source"]["count"]) == ("t", True, 8)
    assert (rows["target"]["method"], rows["target"]["low"]) == ("none", None)
    assert rows["target"]["values"] == pytest.approx(values["target"])


@pytest.mark.parametrize(("number", "reference"), [("9", "gt"), ("10", "pm")])
def test_alignment_at_every_threshold(report, cohorts, number, reference):
    for side, cases in cohorts.items():
        for threshold in (0.2, 0.3, 0.4):
            pairs = [(attention, getattr(case, reference)) for case, attention in attended(cases, threshold=threshold)]
            table = report["tables"][number]
            row = find(table, cohort=side, threshold=threshold, averaging="pooled")
            close(row, pooled(pairs))
            assert row["cases"] == len(pairs)
            close(find(table, cohort=side, threshold=threshold, averaging="case_mean"), means(pairs))
            if threshold == 0.3:
                close(find(table, cohort=side, threshold=0.3, averaging="slice_mean"), means(by_slice(pairs)))
        assert not [row for row in table["rows"] if row["averaging"] == "slice_mean" and row["threshold"] != 0.3]
    assert "1 of 8 cases of the source have no attention map" in " ".join(table["notes"])


def test_methods_of_table_5(report, cohorts):
    table = report["tables"]["5"]
    assert list(dict.fromkeys(row["method"] for row in table["rows"])) == [
        "seg-xres-cam, pool 1", "seg-xres-cam, pool 2", "seg-grad-cam",
    ]  # fmt: skip
    for side, cases in cohorts.items():
        for method, name in (("seg-xres-cam, pool 1", "mean"), ("seg-grad-cam", "seg-grad-cam")):
            pairs = [(attention, case.gt) for case, attention in attended(cases, name)]
            close(find(table, cohort=side, method=method, averaging="pooled"), pooled(pairs))
            close(find(table, cohort=side, method=method, averaging="case_mean"), means(pairs))


def test_layers_and_the_mean_without_the_last(report, cohorts):
    table = report["tables"]["layers"]
    assert list(dict.fromkeys(row["layer"] for row in table["rows"])) == [
        "mean", "mean_without_last", "encoder.1", "decoder.0", "decoder.1",
    ]  # fmt: skip
    for name in ("mean_without_last", "decoder.0"):
        pairs = [(attention, case.gt) for case, attention in attended(cohorts["source"], name)]
        row = find(table, layer=name, reference="XAI-GT", cohort="source", averaging="case_mean")
        close(row, means(pairs))


def test_gap(report, cohorts):
    for side, cases in cohorts.items():
        found = {
            reference: [
                ratios(*sizes(attention, getattr(case, reference)))["iou"] for case, attention in attended(cases)
            ]
            for reference in ("gt", "pm")
        }
        row = find(report["tables"]["gap"], cohort=side, averaging="case_mean")
        close(row, {"gap": float(np.mean(np.subtract(found["pm"], found["gt"])))})
        pools = {
            reference: pooled([(a, getattr(case, reference)) for case, a in attended(cases)])["iou"]
            for reference in ("gt", "pm")
        }
        close(find(report["tables"]["gap"], cohort=side, averaging="pooled"), {"gap": pools["pm"] - pools["gt"]})


def category(pm: np.ndarray, gt: np.ndarray) -> str:
    """Table 8 as specified."""
    if not gt.any():
        return "false_positive" if pm.any() else "true_negative"
    dice = 2 * (pm & gt).sum() / (pm.sum() + gt.sum())
    return "perfect" if dice > 0.85 else "good" if dice > 0.65 else "bad" if dice > 0.4 else "worst"


def test_slice_categories_of_table_8(report, cohorts):
    for side, cases in cohorts.items():
        per_case = [[category(pm, gt) for pm, gt in by_slice([(case.pm, case.gt)])] for case in cases]
        everything = [name for names in per_case for name in names]
        for name in ("perfect", "good", "bad", "worst", "true_negative", "false_positive"):
            row = find(report["tables"]["8"], cohort=side, category=name)
            assert row["slices"] == everything.count(name)
            assert row["percent"] == pytest.approx(100 * everything.count(name) / len(everything))
            shares = [100 * names.count(name) / len(names) for names in per_case]
            assert estimate(row["percent_case_mean"]) == pytest.approx(np.mean(shares))
        assert "false_positive" in everything and "true_negative" in everything


@pytest.mark.parametrize("exclude", [False, True])
def test_joint_categories_of_table_11(cohorts, write_cohort, exclude):
    results = {side: read_cohort(write_cohort(side, cases)) for side, cases in cohorts.items()}
    options = DiagnosisOptions(joint_dice_cutoff=0.5, joint_f1_cutoff=0.4, exclude_false_positive=exclude)
    table = diagnose_results(results, options, Reporter())["tables"]["11"]
    for side, cases in cohorts.items():
        groups: dict[str, list] = {}
        for case, attention in attended(cases):
            for z in range(attention.shape[0]):
                pm, gt = case.pm[z], case.gt[z]
                if not gt.any() and (exclude or not pm.any()):
                    continue
                dice, f1 = (ratios(*sizes(one, gt))["f1"] for one in (pm, attention[z]))
                words = [
                    "good" if gt.any() and dice >= 0.5 else "bad",
                    "good" if gt.any() and (f1 or 0) >= 0.4 else "bad",
                ]
                groups.setdefault(f"{words[0]} dice, {words[1]} xai", []).append((dice, f1))
        total = sum(map(len, groups.values()))
        for row in [row for row in table["rows"] if row["cohort"] == side]:
            members = groups.get(row["category"], [])
            assert row["count"] == len(members)
            assert row["percent"] == pytest.approx(100 * len(members) / total)
            for column, index in (("mean_dice", 0), ("mean_f1", 1)):
                known = [member[index] for member in members if member[index] is not None]
                assert row[column] == (pytest.approx(np.mean(known)) if known else None)


def test_false_positives_may_be_folded_into_worst(cohorts, write_cohort, report):
    results = {side: read_cohort(write_cohort(f"{side} folded", cases)) for side, cases in cohorts.items()}
    table = diagnose_results(results, DiagnosisOptions(fold_false_positive=True), Reporter())["tables"]["8"]
    before = report["tables"]["8"]
    folded = find(table, cohort="target", category="worst")
    parts = [find(before, cohort="target", category=name) for name in ("worst", "false_positive")]
    assert folded["slices"] == sum(part["slices"] for part in parts)
    assert not [row for row in table["rows"] if row["category"] == "false_positive"]


def test_differences_are_between_case_means(report, cohorts):
    values = {side: [ratios(*sizes(case.pm, case.gt))["f1"] for case in cases] for side, cases in cohorts.items()}
    expected = compare_groups(values["source"], values["target"]).to_json()
    row = find(report["tables"]["differences"], measure="Dice")
    assert row["difference"]["estimate"] == pytest.approx(expected["difference"]["estimate"])
    assert row["p_value"] is None and row["test"] is None  # three cases in the target
    assert "at least 4 cases on each side" in report["tables"]["differences"]["notes"][1]


def test_our_own_tables_pass_the_audit(report):
    assert report["audit"]["findings"] == [] and report["audit"]["checked"] > 60


def test_few_rows_in_memory_give_the_same_tables(report, cohorts, write_cohort, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.diagnosis.alignment_groups.ROWS_IN_MEMORY", 7)
    monkeypatch.setattr("UMambaXAILogic.engine.diagnosis.slice_sums.ROWS_IN_MEMORY", 5)
    results = {side: read_cohort(write_cohort(f"again {side}", cases), side) for side, cases in cohorts.items()}
    again = diagnose_results(results, DiagnosisOptions(), Reporter())["tables"]
    for key in ("8", "9", "10", "layers"):
        for row, before in zip(again[key]["rows"], report["tables"][key]["rows"], strict=True):
            if row.get("averaging") == "slice_mean":  # floats are added in another order
                close(row, {name: before[name] for name in RATIOS})
            else:
                assert row == before
    for row, before in zip(again["11"]["rows"], report["tables"]["11"]["rows"], strict=True):
        assert row["count"] == before["count"]
        assert row["mean_dice"] == (None if before["mean_dice"] is None else pytest.approx(before["mean_dice"]))
