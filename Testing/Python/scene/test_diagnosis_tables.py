"""A diagnosis' tables as table nodes."""

from __future__ import annotations

import json

import pytest

from UMambaXAILogic.engine.diagnosis.table import Column, Table, count_column, text_column
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene.diagnosis_tables import add_diagnosis_tables, read_report

INTERVAL = {"estimate": 0.6123, "low": 0.5211, "high": 0.7, "method": "t", "few_cases": True, "count": 8}


@pytest.fixture
def report():
    columns = (
        text_column("cohort", "Cohort"),
        count_column("cases", "Cases"),
        Column("dice", "Dice", kind="interval", digits=2),
        Column("spacing", "Spacing", unit="mm", digits=3),
    )
    rows = (
        {"cohort": "source", "cases": 8, "dice": INTERVAL, "spacing": 0.457},
        {"cohort": "target", "cases": 3, "dice": {**INTERVAL, "low": None, "high": None}, "spacing": None},
        {"cohort": "both", "cases": 11, "dice": 0.5, "spacing": 1.0},
    )
    tables = {
        "7": Table("7", 7, "Segmentation", columns, rows, ("Case means.",)),
        "gap": Table("gap", None, "Gap", columns, rows[:1]),
        "5": Table("5", 5, "Methods", columns, (), ("Only one method was run.",)),
    }
    return {
        "schema_version": 1,
        "verdict": {"headline": "The drop is explained by the segmentation."},
        "tables": {key: table.to_json() for key, table in tables.items()},
    }


def cells(node) -> list[list[str]]:
    columns = range(node.GetNumberOfColumns())
    return [[node.GetCellText(row, column) for column in columns] for row in range(node.GetNumberOfRows())]


def test_every_table_with_rows_becomes_a_node_with_units_and_intervals(scene, report):
    nodes = add_diagnosis_tables(scene, "A and B", report)
    assert list(nodes) == ["7", "gap"]
    node = nodes["7"]
    assert node.GetName() == "A and B: table 7, Segmentation"
    assert nodes["gap"].GetName() == "A and B: Gap"
    assert [node.GetColumnName(column) for column in range(4)] == ["Cohort", "Cases", "Dice", "Spacing (mm)"]
    assert cells(node) == [
        ["source", "8", "0.61 (0.52 to 0.70, few cases)", "0.457"],
        ["target", "3", "0.61", "n/a"],
        ["both", "11", "0.50", "1.000"],
    ]
    assert node.GetDescription() == "Case means."


def test_a_report_is_read_by_its_folder_or_its_name(report, tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert read_report(tmp_path) == read_report(tmp_path / "report.json") == report


@pytest.mark.parametrize("text", [None, "{", "[]", '{"schema_version": 9, "tables": {}}'])
def test_what_is_no_report_of_this_version_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    with pytest.raises(InputError, match="report"):
        read_report(tmp_path)


def test_the_report_that_a_diagnosis_makes_comes_in_whole(scene, repository):
    example = repository / "Testing" / "Python" / "engine" / "diagnosis" / "example_report.json"
    report = read_report(example)
    nodes = add_diagnosis_tables(scene, "example", report)
    assert {"7", "8", "9", "10", "11"} <= set(nodes)
    for key, node in nodes.items():
        assert node.GetNumberOfRows() == len(report["tables"][key]["rows"])
