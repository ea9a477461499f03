"""Selecting a slice by its row, and writing a result's numbers to files."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from UMambaXAILogic.scene.export_results import export_metrics, export_tables, table_csv
from UMambaXAILogic.scene.grid import local_grid
from UMambaXAILogic.scene.import_results import ImportRequest, ResultImport
from UMambaXAILogic.scene.slice_cursor import mark_position
from UMambaXAILogic.scene.slice_selection import select_slice
from UMambaXAILogic.scene.tables import add_table, number_column, text_column


@pytest.fixture
def nodes(scene, add_volume, write_result, vessel, oblique_affine):
    prediction, _, attention = vessel
    volume = add_volume(np.zeros(prediction.shape, np.int16), oblique_affine)
    files = write_result(prediction, attention, oblique_affine)
    request = ImportRequest(volume.GetID(), local_grid(volume), files, "demo", "seg-xres-cam", 0.3)
    return ResultImport(scene, request).run().view.nodes


def series_ids(chart) -> list[str]:
    return [chart.GetNthPlotSeriesNodeID(index) for index in range(chart.GetNumberOfPlotSeriesNodes())]


def test_a_row_is_a_slice_and_the_chart_marks_it(scene, nodes):
    before = series_ids(nodes.get("chart"))
    assert select_slice(nodes, 4) == 4
    (cursor,) = set(series_ids(nodes.get("chart"))) - set(before)
    table = scene.GetNodeByID(cursor).GetTableNode().GetTable()
    assert [table.GetColumnByName("position_s_mm").GetValue(row) for row in (0, 1)] == pytest.approx([13.6, 13.6])
    assert [table.GetColumnByName("height").GetValue(row) for row in (0, 1)] == [0, 1]
    count = scene.GetNumberOfNodes()
    assert select_slice(nodes, 7) == 7
    assert table.GetColumnByName("position_s_mm").GetValue(0) == pytest.approx(16.3)
    assert scene.GetNumberOfNodes() == count


def test_rows_that_are_not_there_and_charts_that_are_gone_do_no_harm(scene, nodes):
    assert select_slice(nodes, 99) is None
    assert select_slice(nodes, -1) is None
    scene.RemoveNode(nodes.get("chart"))
    mark_position(nodes, 1.0)
    assert select_slice(nodes, 3) == 3


def test_files_hold_what_the_tables_and_the_run_hold(nodes, tmp_path):
    names = [path.name for path in export_tables(nodes, tmp_path, "case-1-")]
    assert names == ["case-1-metrics.csv", "case-1-slices.csv", "case-1-alignment.csv"]
    rows = list(csv.DictReader((tmp_path / "case-1-slices.csv").open()))
    assert rows[0]["slice"] == "0" and rows[0]["dice"] == ""  # cannot be computed
    assert float(rows[3]["dice"]) == pytest.approx(0.25)
    export_metrics(nodes, tmp_path / "metrics.json")
    assert json.loads((tmp_path / "metrics.json").read_text())["gap"] == 0.25
    with pytest.raises(OSError):
        export_tables(nodes, tmp_path / "missing")


def test_cells_with_commas_quotes_and_line_breaks_survive(scene):
    text = ['a, "b"', "two\nlines"]
    numbers = [1 / 3, math.nan]
    node = add_table(scene, "T", [text_column("text", text), number_column("number", numbers)])
    rows = list(csv.reader(table_csv(node).splitlines(keepends=True)))
    assert rows[0] == ["text", "number"]
    assert [row[0] for row in rows[1:]] == text
    assert float(rows[1][1]) == pytest.approx(1 / 3, rel=1e-9) and rows[2][1] == ""
