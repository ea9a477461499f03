"""Tables that contradict themselves are found out, and consistent ones are left alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.alignment import Overlap
from UMambaXAILogic.engine.diagnosis.reported_tables import ReportedTable, published_tables, read_reported_tables
from UMambaXAILogic.engine.diagnosis.table_audit import audit_tables
from UMambaXAILogic.engine.resources import resource_path

SEVEN = ("7", "S", "contradiction")
RATIOS = ("iou", "f1", "precision", "recall")


@pytest.fixture
def paper() -> dict:
    return json.loads(resource_path("paper_tables.json").read_text())


def found(content: dict) -> list[tuple[str, str | None, str]]:
    return [(f.table, f.cohort, f.kind) for f in audit_tables(published_tables(content)).findings]


def test_the_shipped_numbers_are_the_specified_ones(paper, reference_data):
    specified = json.loads((reference_data / "spec" / "paper_tables.json").read_text())
    for row in specified["table9_xai_gt"]:
        row.pop("note", None)
    assert paper == specified


def test_exactly_the_slips_of_the_published_tables_are_found():
    result = audit_tables(read_reported_tables(resource_path("paper_tables.json")))
    assert [(f.table, f.cohort, f.kind) for f in result.findings] == [
        ("5", "S", "contradiction"),
        ("5", "T", "averaging"),
        ("9", "S", "contradiction"),
        ("9", "T", "averaging"),
        ("10", "T", "averaging"),
        ("9 and 10", "S", "contradiction"),
        ("9 and 10", "T", "averaging"),
    ]
    texts = [finding.text for finding in result.findings]
    assert texts[0].startswith("seg-xres-cam pool 1: precision 0.6655 and recall 0.6097 contradict IoU 0.4671")
    assert texts[2].startswith("XAI-GT at 0.3: precision 0.6655 and recall 0.6097 contradict IoU 0.4671")
    assert (
        all(f"at {tau} has F1" in texts[3] for tau in (0.2, 0.3, 0.4))
        and "do not compare with the rows of S" in texts[3]
    )
    assert texts[5] == "|PM|/|GT| = 0.8956 at threshold 0.3 contradicts 0.8941 at 0.2, 0.8941 at 0.4"
    assert "1.0537 at threshold 0.2 contradicts 1.1004 at 0.3, 1.0088 at 0.4" in texts[6]


def test_shares_that_sum_to_99_9_are_what_five_rounded_percents_may_sum_to(paper):
    assert sum(row["S"] for row in paper["table8_slice_percent"].values()) == pytest.approx(99.9)
    assert found({"table8": paper["table8_slice_percent"]}) == []


def test_with_the_slip_corrected_the_sources_tables_agree(paper):
    for table in ("table9_xai_gt", "table5_methods_tau_0.3"):
        next(row for row in paper[table] if row["precision"] == 0.6655)["precision"] = 0.6665
    assert {cohort for _, cohort, _ in found(paper)} == {"T"}
    for name in list(paper):
        if isinstance(paper[name], list):
            paper[name] = [row for row in paper[name] if row["domain"] == "S"]
    assert found(paper) == []


@pytest.mark.parametrize(
    ("table", "change", "finding"),
    [
        ("table8_slice_percent", lambda t: t["worst"].update(T=44.8), ("8", "T", "contradiction")),
        ("table11_joint", lambda t: t[0].update(percent=73.0), ("11", "S", "contradiction")),
        ("table11_joint", lambda t: t[4].update(mean_dice=0.3), ("11", None, "contradiction")),
        ("table11_joint", lambda t: t[2].update(mean_f1=0.5), ("11", "S", "contradiction")),
        ("table2_spacing_mm", lambda t: t.update(z_relative_difference=-0.258), ("2", None, "contradiction")),
        ("table3_noise_std_HU", lambda t: t.update(ratio=4.3), ("3", None, "contradiction")),
        ("table4_vessel_diameter_mm", lambda t: t["p99"].update(T=6.1), ("4", "T", "contradiction")),
        ("table4_vessel_diameter_mm", lambda t: t["std"].update(T=3.5), ("4", "T", "contradiction")),
        ("table4_vessel_diameter_mm", lambda t: t["median"].update(S=4.2), ("4", "S", "contradiction")),
        ("figure4_gap_tau_0.3", lambda t: t.update(S=0.0449), ("gap", "S", "contradiction")),
        ("table10_xai_pm", lambda t: t[0].update(f1=0.3784), ("10", "S", "contradiction")),
        ("table10_xai_pm", lambda t: t[1].update(f1=0.1747), ("10", "T", "contradiction")),
        ("table7_dice", lambda t: t.update(dice={"S": 0.97, "T": 0.3}, iou={"S": 0.8, "T": 0.2}), SEVEN),
    ],
)  # fmt: skip
def test_a_slip_in_any_table_is_found(paper, table, change, finding):
    before = found(paper)
    assert finding not in before
    change(paper[table])
    assert finding in found(paper)


CASE = st.tuples(st.integers(1, 60), st.integers(1, 60), st.lists(st.integers(1, 60), min_size=3, max_size=3))


def table_of(key: str, rows: list[tuple[str, float, list[Overlap], str]], digits: int | None) -> ReportedTable:
    """A table of rows (cohort, threshold, overlap of each case, averaging)."""
    made = []
    for cohort, threshold, cases, averaging in rows:
        if averaging == "pooled":
            values = {name: getattr(sum(cases, Overlap(0, 0, 0)), name) for name in RATIOS}
        else:
            values = {}
            for name in RATIOS:
                known = [getattr(case, name) for case in cases if getattr(case, name) is not None]
                values[name] = sum(known) / len(known) if known else None
        if digits is not None:
            values = {name: value if value is None else round(value, digits) for name, value in values.items()}
        made.append({"cohort": cohort, "threshold": threshold, "averaging": averaging, **values})
    half = {} if digits is None else dict.fromkeys(RATIOS, 0.5 * 10**-digits)
    return ReportedTable(key, tuple(made), half)


@given(
    st.lists(st.tuples(*[st.integers(0, 40)] * 5), min_size=1, max_size=5),
    st.sampled_from([None, 2, 3, 4]),
)
def test_tables_computed_from_counts_are_consistent(cases, digits):
    """Whatever the counts, the averaging and the rounding: no finding on 9, 10 and the gap."""
    gt_rows, pm_rows = [], []
    for averaging in ("pooled", "case_mean"):
        for threshold, extra in ((0.2, 7), (0.3, 3), (0.4, 0)):
            gt, pm = [], []
            for both, only_gt, only_pm, gt_alone, outside in cases:
                truth, predicted = both + only_gt + gt_alone + 10, both + only_pm + 10
                attention = both + only_gt + only_pm + outside + extra
                gt.append(Overlap(attention, truth, both + only_gt))
                pm.append(Overlap(attention, predicted, both + only_pm))
            gt_rows.append(("S", threshold, gt, averaging))
            pm_rows.append(("S", threshold, pm, averaging))
    tables = {"9": table_of("9", gt_rows, digits), "10": table_of("10", pm_rows, digits)}
    assert audit_tables(tables).findings == ()
    undeclared = {
        key: ReportedTable(
            key,
            tuple({**row, "averaging": None} for row in table.rows if row["averaging"] == "pooled"),
            table.half_units,
        )
        for key, table in tables.items()
    }
    assert audit_tables(undeclared).findings == ()


def test_averages_under_the_name_of_pooled_counts_are_contradictions():
    cases = [Overlap(10, 100, 9), Overlap(100, 100, 90)]
    named = table_of("9", [("S", 0.3, cases, "case_mean")], 4)
    assert audit_tables({"9": named}).findings == ()
    wrong = ReportedTable("9", tuple({**row, "averaging": "pooled"} for row in named.rows), named.half_units)
    assert {finding.kind for finding in audit_tables({"9": wrong}).findings} == {"contradiction"}
    unnamed = ReportedTable("9", tuple({**row, "averaging": None} for row in named.rows), named.half_units)
    assert [finding.kind for finding in audit_tables({"9": unnamed}).findings] == ["averaging"]


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        ("table9_xai_gt", lambda t: t[0].update(iou=1.7), "iou 1.7 is not between 0 and 1"),
        ("table10_xai_pm", lambda t: t[0].update(f1=-2.0), "f1 -2 is not between 0 and 1"),
        ("table8_slice_percent", lambda t: t["perfect"].update(S=118.4), "perfect: percent 118.4 is not between"),
        ("table4_vessel_diameter_mm", lambda t: t["min"].update(S=-0.5), "min -0.5 is negative"),
    ],
)
def test_numbers_that_cannot_be_are_contradictions_and_nothing_else(paper, table, change, says):
    before = [finding.text for finding in audit_tables(published_tables(paper)).findings]
    change(paper[table])
    new = [f for f in audit_tables(published_tables(paper)).findings if f.text not in before]
    assert says in new[0].text and {finding.kind for finding in new} == {"contradiction"}
    assert len(new) == 1 or table == "table8_slice_percent"  # whose percents do not sum to 100 any more, either


def test_nothing_is_checked_in_empty_tables():
    result = audit_tables({"9": ReportedTable("9", ()), "11": ReportedTable("11", ())})
    assert (result.checked, result.findings) == (0, ())
    assert result.to_json() == {"checked": 0, "findings": []}
