"""Tables are read with the rounding of their numbers, or refused with a reason."""

from __future__ import annotations

import json

import pytest

from UMambaXAILogic.engine.diagnosis.paper import paper_rows, paper_source
from UMambaXAILogic.engine.diagnosis.reported_tables import read_reported_tables, report_tables
from UMambaXAILogic.engine.diagnosis.table_audit import audit_tables
from UMambaXAILogic.engine.errors import InputError

CSV = """\
table, cohort, threshold, averaging, iou, f1, precision, recall, category, slices, percent
9, ours, 0.3, pooled, 0.50, 0.667, 0.60, 0.750, , ,
9, ours, 0.4, case_mean, 0.40, 0.55, n/a, 0.500, , ,
8, ours, , , , , , , good, 3, 75.0
8, ours, , , , , , , bad, 1, 25.0
"""


def test_csv_lines_become_rows_with_the_rounding_of_their_column(tmp_path):
    (tmp_path / "ours.csv").write_text(CSV)
    tables = read_reported_tables(tmp_path / "ours.csv")
    assert list(tables) == ["9", "8"]
    assert tables["9"].rows[0] == {
        "cohort": "ours", "threshold": 0.3, "averaging": "pooled", "iou": 0.5, "f1": 0.667, "precision": 0.6,
        "recall": 0.75,
    }  # fmt: skip
    assert tables["9"].rows[1]["precision"] is None
    assert tables["9"].half_units["iou"] == 0.005 and tables["9"].rounding("iou", "f1") == 0.005
    assert tables["9"].half_units["f1"] == 0.0005
    assert audit_tables(tables).findings == ()


def test_numbers_in_json_keep_the_digits_they_were_printed_with(tmp_path):
    path = tmp_path / "tables.json"
    path.write_text(
        '{"table9_x": [{"tau": 0.30, "domain": "S", "iou": 0.50, "f1": 0.67}], "table3": {"S": 2.0, "T": 5.00}}'
    )
    tables = read_reported_tables(path)
    assert tables["9"].rows == ({"cohort": "S", "threshold": 0.3, "iou": 0.5, "f1": 0.67},)
    assert tables["9"].half_units["iou"] == 0.005
    assert tables["3"].rows == ({"cohort": "S", "std": 2.0}, {"cohort": "T", "std": 5.0})


def test_intervals_of_a_report_stand_for_their_estimate(tmp_path):
    cell = {"estimate": 0.5, "low": 0.4, "high": 0.6}
    report = {
        "schema_version": 1,
        "tables": {"7": {"rows": [{"cohort": "source", "averaging": "case_mean", "iou": cell}]}},
    }
    assert report_tables(report["tables"])["7"].rows[0]["iou"] == 0.5
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert read_reported_tables(tmp_path / "report.json")["7"].rows[0]["iou"] == 0.5


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.json", "{", "is not JSON"),
        ("a.json", "[1]", "no JSON object"),
        ("a.json", '{"table9": 3}', "neither a list of rows nor an object"),
        ("a.json", '{"table9": [{"iou": "much"}]}', "'much' in column 'iou' of table 9"),
        ("a.json", '{"table9": [{"iou": NaN}]}', "is not JSON"),
        ("a.json", '{"table9": [{"iou": true}]}', "is not a number"),
        ("a.json", '{"table9a": []}', "none of the tables"),
        ("a.json", '{"table9_a": [], "table9_b": []}', "table 9 twice"),
        ("a.csv", "cohort,iou\nours,0.3\n", "no column 'table'"),
        ("a.csv", "table,cohort,iou\n9,ours\n", "Line 2"),
        ("a.csv", "table,cohort,iou\n6,ours,1\n", "a table '6'"),
        ("a.csv", "", "no column 'table'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=says):
        read_reported_tables(tmp_path / name)


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_reported_tables(tmp_path / "missing.json")


def test_published_rows_are_named_like_ours():
    assert "2512.13977" in paper_source()
    assert {row["cohort"] for row in paper_rows("9")} == {"source", "target"}
    assert paper_rows("5")[-1] == {
        "cohort": "target", "threshold": 0.3, "method": "seg-xres-cam, pool 1", "iou": 0.1018, "f1": 0.1832,
        "precision": 0.1373, "recall": 0.3222,
    }  # fmt: skip
    assert paper_rows("6") == ()
