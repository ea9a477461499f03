"""``umamba-xai audit``."""

from __future__ import annotations

import json

import pytest

from UMambaXAILogic.cli.main import main
from UMambaXAILogic.engine.resources import resource_path


def test_the_papers_slips_are_listed_and_are_no_error(capsys):
    assert main(["audit", str(resource_path("paper_tables.json"))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("56 checks in 11 tables") and lines[-1].endswith("7 found.")
    assert any(line.startswith("Table 9, S: contradiction: XAI-GT at 0.3: precision 0.6655") for line in lines)


def test_findings_are_printed_as_json_where_asked(capsys):
    assert main(["audit", str(resource_path("paper_tables.json")), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 7


def test_consistent_tables_have_no_contradiction(capsys, tmp_path):
    path = tmp_path / "ours.csv"
    path.write_text("table,cohort,threshold,iou,f1\n9,ours,0.3,0.50,0.667\n")
    assert main(["audit", str(path)]) == 0
    assert capsys.readouterr().out == "1 checks in 1 tables (9): no contradiction.\n"


def test_a_file_without_tables_is_unusable_input(capsys, tmp_path):
    (tmp_path / "x.json").write_text("{}")
    assert main(["audit", str(tmp_path / "x.json")]) == 3
    assert "has none of the tables" in capsys.readouterr().err


def test_the_metrics_of_a_case_are_audited_too(capsys, tmp_path):
    row = {
        "reference": "gt",
        "threshold": 0.3,
        "layer": "mean",
        "iou": 0.5,
        "f1": 0.7,
        "precision": None,
        "recall": None,
    }
    metrics = {"schema_version": 1, "alignment": [row], "gap": None, "verdict": {"cutoffs": {"threshold": 0.3}}}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    assert main(["audit", str(tmp_path / "metrics.json")]) == 0
    assert "XAI-GT at 0.3: F1 0.7 contradicts IoU 0.5" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content",
    [
        {"schema_version": 1, "alignment": [{}], "verdict": {}, "gap": None},
        {"schema_version": 1, "tables": {"9": {"rows": [5]}}},
        {"schema_version": 1, "tables": {"9": 7}},
        {"schema_version": 1, "tables": {"9": {"rows": [{"cohort": "ours", "iou": "abc"}]}}},
    ],
)
def test_damaged_results_are_unusable_input(capsys, tmp_path, content):
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert main(["audit", str(tmp_path / "x.json")]) == 3
    assert "x.json" in capsys.readouterr().err
