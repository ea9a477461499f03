"""Metrics and slices as tables and a chart that people can trust."""

from __future__ import annotations

import csv
import math

import pytest
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from UMambaXAILogic.engine.alignment.categories import DICE_ABOVE
from UMambaXAILogic.scene.category_bands import CATEGORIES_DICE_ABOVE
from UMambaXAILogic.scene.plots import add_slice_chart, chart_title
from UMambaXAILogic.scene.tables import add_alignment_table, add_metrics_table, add_slices_table, metric_rows

METRICS = {
    "segmentation": {"dice": 0.81254, "recall": 0.5, "iou": None, "pm_voxels": 22911, "gt_voxels": None},
    "alignment": [
        {
            "reference": "gt",
            "layer": "mean",
            "threshold": 0.3,
            "iou": 0.4,
            "f1": 0.5714,
            "precision": 1.0,
            "recall": None,
        },
        {
            "reference": "pm",
            "layer": "encoder.1",
            "threshold": 0.3,
            "iou": 0.1,
            "f1": 0.2,
            "precision": 0.3,
            "recall": 0.4,
        },
    ],
    "gap": -0.125,
    "verdict": {
        "name": "diffuse",
        "text": "Diffuse attention",
        "paper_rule": "diffuse",
        "reasons": ["both are low"],
        "cutoffs": {"low": 0.2},
    },
    "attribution": {"method": "seg-xres-cam", "layers": ["encoder.1", "decoder.0"]},
    "warnings": [{"code": "not_hu", "message": "Values do not look like HU."}],
}
SLICES = """slice,position_s_mm,pm_voxels,gt_voxels,dice,xai_gt_f1,xai_pm_f1,category
3,-10.5,120,110,0.75,0.5,0.6,good
4,-9.75,0,,,,0.25,
"""


@pytest.fixture
def slices():
    return list(csv.DictReader(SLICES.splitlines()))


def cells(node) -> list[list[str]]:
    rows, columns = range(node.GetNumberOfRows()), range(node.GetNumberOfColumns())
    return [[node.GetCellText(row, column) for column in columns] for row in rows]


def test_metrics_are_words_and_numbers_with_na_for_what_cannot_be_computed(scene):
    rows = cells(add_metrics_table(scene, "Metrics", METRICS))
    assert ["Segmentation", "Dice", "0.813"] in rows
    assert ["Segmentation", "IoU", "n/a"] in rows
    assert ["Segmentation", "Centreline Dice (clDice)", "n/a"] in rows
    assert ["Segmentation", "Predicted voxels", "22 911"] in rows
    assert ["Attention >= 0.3 and ground truth", "Recall", "n/a"] in rows
    assert ["Diagnosis", "Gap: IoU with prediction - IoU with ground truth", "-0.125"] in rows
    assert ["Diagnosis", "Verdict", "Diffuse attention"] in rows
    assert ["Diagnosis", "Reason", "both are low"] in rows
    assert ["Diagnosis", "Cut-off: low", "0.2"] in rows
    assert ["Segmentation", "Recall", "0.500"] in rows
    assert ["Warning", "not_hu", "Values do not look like HU."] in rows
    assert not any("encoder.1" in group for group, _, _ in rows)  # single layers have a table of their own


def test_nothing_predicted_has_rows_too():
    rows = metric_rows({"segmentation": {"pm_voxels": 0}, "attribution": None, "verdict": None, "warnings": []})
    assert ("Segmentation", "Predicted voxels", "0") in rows
    assert ("Explanation", "Method", "n/a") in rows


def test_alignment_has_a_row_for_every_layer_and_threshold(scene):
    node = add_alignment_table(scene, "Alignment", METRICS)
    table = node.GetTable()
    assert [table.GetColumnByName("layer").GetValue(row) for row in (0, 1)] == ["mean", "encoder.1"]
    assert table.GetColumnByName("iou").GetValue(1) == pytest.approx(0.1)
    assert math.isnan(table.GetColumnByName("recall").GetValue(0))


def test_slices_are_numbers_under_readable_headers(scene, slices):
    node = add_slices_table(scene, "Slices", slices)
    table = node.GetTable()
    assert table.GetColumnByName("slice").GetValue(1) == 4
    assert table.GetColumnByName("position_s_mm").GetValue(0) == pytest.approx(-10.5)
    assert table.GetColumnByName("dice").GetValue(0) == pytest.approx(0.75)
    assert math.isnan(table.GetColumnByName("dice").GetValue(1))
    assert table.GetColumnByName("category").GetValue(1) == "n/a"
    assert node.GetUseColumnTitleAsColumnHeader()
    assert node.GetColumnTitle("position_s_mm") == "S (mm)"


def test_the_chart_has_a_fixed_range_and_two_lines_that_stay_apart(scene, slices):
    table = add_slices_table(scene, "Slices", slices)
    chart, series = add_slice_chart(scene, "Chart", table, has_ground_truth=True)
    assert not chart.GetYAxisRangeAuto()
    assert chart.GetYAxisRange() == (0.0, 1.0)
    dice, f1 = series[:2]
    assert (dice.GetYColumnName(), f1.GetYColumnName()) == ("dice", "xai_gt_f1")
    assert dice.GetXColumnName() == f1.GetXColumnName() == "position_s_mm"
    assert dice.GetColor() != f1.GetColor()
    assert dice.GetLineStyle() != f1.GetLineStyle()
    assert dice.GetMarkerStyle() == slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone != f1.GetMarkerStyle()
    columns = {table.GetColumnName(index) for index in range(table.GetNumberOfColumns())}
    assert {dice.GetXColumnName(), dice.GetYColumnName(), f1.GetYColumnName()} <= columns


def test_the_lines_lie_on_bands_of_the_categories_of_dice(scene, slices):
    table = add_slices_table(scene, "Slices", slices)
    chart, (dice, f1, heights, *bands) = add_slice_chart(scene, "Chart", table, has_ground_truth=True)
    shown = [chart.GetNthPlotSeriesNode(index) for index in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [node.GetName() for node in shown] == [*(node.GetName() for node in (*bands, dice, f1))]  # bands below
    assert CATEGORIES_DICE_ABOVE == DICE_ABOVE
    assert [band.GetName() for band in bands] == ["perfect", "good", "bad", "worst"]
    columns = [vtk_to_numpy(heights.GetTable().GetColumnByName(band.GetYColumnName())) for band in bands]
    assert [(column.min(), column.max()) for column in columns] == [(0.85, 1), (0.65, 0.85), (0.4, 0.65), (0, 0.4)]
    across = vtk_to_numpy(heights.GetTable().GetColumnByName("position_s_mm"))
    assert (across.min(), across.max()) == (-10.5, -9.75) == chart.GetXAxisRange()
    assert len({band.GetColor() for band in bands}) == 4


def test_markers_that_would_run_together_are_left_out(scene, slices):
    many = [{**slices[0], "slice": str(index), "position_s_mm": str(0.5 * index)} for index in range(41)]
    for rows, marked in ((many[:40], True), (many, False)):
        table = add_slices_table(scene, "Slices", rows)
        _, (_, f1, *_) = add_slice_chart(scene, "Chart", table, has_ground_truth=True)
        assert (f1.GetMarkerStyle() != slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone) == marked


def test_the_title_says_whose_scores_these_are_and_what_counts_as_attention(scene, slices):
    assert chart_title("demo, dea", {"verdict": {"cutoffs": {"threshold": 0.3}}}) == "demo, dea, attention from 0.3"
    assert chart_title("demo, dea", {"verdict": None}) == "demo, dea"
    table = add_slices_table(scene, "Slices", slices)
    assert add_slice_chart(scene, "Chart", table, True, "demo, dea")[0].GetTitle() == "demo, dea"


def test_a_case_without_slices_has_an_empty_chart(scene):
    chart, series = add_slice_chart(scene, "Chart", add_slices_table(scene, "Slices", []), has_ground_truth=True)
    assert len(series) == chart.GetNumberOfPlotSeriesNodes() == 2
    assert chart.GetXAxisRangeAuto()


def test_without_ground_truth_the_chart_shows_the_prediction(scene, slices):
    _, series = add_slice_chart(scene, "Chart", add_slices_table(scene, "Slices", slices), has_ground_truth=False)
    assert [one.GetYColumnName() for one in series] == ["xai_pm_f1"]
