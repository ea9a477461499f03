"""A deletion curve as a chart: how it looks while it grows, and which plot view shows it.

Its pictures are left in ``test-output/result-view``: look at them.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import slicer

from UMambaXAILogic.engine.errors import InputError, NotInstalledError
from UMambaXAILogic.scene.deletion_curve import DELETION_CHART, DeletionChart, deletion_chart, deletion_tables
from UMambaXAILogic.scene.deletion_view import hide_deletion, is_deletion_shown, show_deletion
from UMambaXAILogic.scene.plots import BLUE, ORANGE
from UMambaXAILogic.scene.result_layout import is_noted_as_arranged, note_arrangement, plot_view, show_layout
from UMambaXAILogic.scene.result_view.nodes import CHART

ORDER = (0, 10, 5, 2, 7, 1, 3, 4, 6, 8, 9)
COLUMNS = ("removed", "voxels", "score", "relative", "surviving")


def values(curve: str, place: int) -> dict[str, float | None]:
    removed = 5 * (place / 10) ** 2
    left = {"map": math.exp(-1.6 * removed) - 0.06, "random": 1 - 0.02 * removed, "frangi": math.exp(-0.4 * removed)}
    return dict(zip(COLUMNS, (removed, 300 * removed, 5 * left[curve], left[curve], max(0, left[curve])), strict=True))


def points(count: int) -> list:
    return [(curve, values(curve, place)) for place in ORDER[:count] for curve in ("map", "random", "frangi")]


def body() -> dict:
    curves = []
    for curve in ("map", "random", "frangi"):
        rows = [values(curve, place) for place in range(11)]
        curves.append({"name": curve, "area": 0.5, **{name: [row[name] for row in rows] for name in COLUMNS}})
    return {"curves": curves, "verdict": {"name": "carries", "text": "It carries the score."}}


@pytest.fixture
def nodes(result):
    return result().view.nodes


@pytest.fixture
def chart(nodes) -> DeletionChart:
    return DeletionChart(nodes, "mean")


@pytest.fixture
def picture(repository):
    from UMambaXAILogic.scene.picture_chart import draw_chart
    from UMambaXAILogic.scene.pictures import write_png
    from UMambaXAILogic.scene.views import check_rendering

    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")

    def draw(name: str, node) -> np.ndarray:
        drawn = draw_chart(node, 430, 270)
        folder = repository / "test-output" / "result-view"
        folder.mkdir(parents=True, exist_ok=True)
        write_png(folder / f"{name}.png", drawn)
        return drawn

    return draw


def share(picture: np.ndarray, color) -> float:
    return float((np.abs(picture / 255 - np.array(color)) < 0.05).all(-1).mean())


def test_half_and_whole_it_covers_the_same_axes(nodes, chart, picture):
    chart.take(points(4))
    drawn = deletion_chart(nodes)
    axes = drawn.GetXAxisRange(), drawn.GetYAxisRange()
    half = picture("deletion-half", drawn)
    series = drawn.GetNthPlotSeriesNode(0)
    assert not any(node.GetSaveWithScene() for node in (drawn, series, series.GetTableNode()))
    chart.finish(body())
    assert all(node.GetSaveWithScene() for node in (drawn, series, series.GetTableNode()))
    assert deletion_chart(nodes) is drawn is nodes.get(DELETION_CHART)
    assert (drawn.GetXAxisRange(), drawn.GetYAxisRange()) == axes
    whole = picture("deletion-whole", drawn)
    for image in (half, whole):
        assert share(image, BLUE) > 0.001 and share(image, ORANGE) > 0.001


def test_points_in_any_order_are_drawn_from_left_to_right(nodes, chart):
    chart.take(points(2))
    chart.take(points(11)[6:])
    table = deletion_chart(nodes).GetNthPlotSeriesNode(0).GetTableNode()
    column = table.GetTable().GetColumnByName("removed")
    found = [column.GetValue(row) for row in range(column.GetNumberOfValues())]
    assert len(found) == 11 and found == sorted(found)
    assert table.GetColumnTitle("relative") == "Score left"


def test_a_line_comes_with_its_second_point(nodes, chart):
    chart.take(points(1))
    drawn = deletion_chart(nodes)
    assert drawn.GetNumberOfPlotSeriesNodes() == 0
    chart.take(points(2)[3:4])
    assert [drawn.GetNthPlotSeriesNode(index).GetName() for index in range(2)] == ["Map", "Map: segmented"]
    assert drawn.GetNumberOfPlotSeriesNodes() == 2


def test_where_there_are_no_relative_scores_only_what_is_segmented_is_drawn(nodes, chart):
    chart.take([(curve, one | {"relative": None}) for curve, one in points(4)])
    drawn = deletion_chart(nodes)
    assert drawn.GetNumberOfPlotSeriesNodes() == 1 and drawn.GetNthPlotSeriesNode(0).GetYColumnName() == "surviving"
    assert drawn.GetYAxisRange()[0] == 0


def test_scores_outside_the_usual_range_stay_in_sight(nodes, chart):
    chart.take([("map", dict.fromkeys(COLUMNS, 0.0) | {"removed": 5.0, "relative": -0.37})])
    assert deletion_chart(nodes).GetYAxisRange()[0] == pytest.approx(-0.4)
    chart.take([("map", dict.fromkeys(COLUMNS, 0.0) | {"removed": 2.0, "relative": 1.52})])
    assert deletion_chart(nodes).GetYAxisRange()[1] >= 1.52


def test_it_goes_with_the_result_and_is_taken_back(nodes, chart):
    before = slicer.mrmlScene.GetNumberOfNodes()
    chart.take(points(3))
    chart.drop()
    assert slicer.mrmlScene.GetNumberOfNodes() == before and deletion_chart(nodes) is None
    chart.take(points(3))
    slicer.mrmlScene.RemoveNode(deletion_chart(nodes))
    with pytest.raises(InputError, match="curve was removed"):
        chart.take(points(4))
    chart.drop()
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def test_a_result_whose_prediction_was_removed_gets_no_further_nodes(nodes, chart):
    chart.take([("map", {"removed": 0.0, "voxels": 0.0, "score": 1.0, "relative": 1.0, "surviving": 1.0})])
    nodes.scene.RemoveNode(nodes.get("segmentation"))
    before = nodes.scene.GetNumberOfNodes()
    with pytest.raises(InputError, match="segmentation was removed"):
        chart.take([("random", {"removed": 0.0, "voxels": 0.0, "score": 1.0, "relative": 1.0, "surviving": 1.0})])
    assert nodes.scene.GetNumberOfNodes() == before


def test_the_tables_are_named_and_come_with_the_maps_first(nodes, chart):
    assert deletion_tables(nodes) == {}
    chart.finish(body())
    found = deletion_tables(nodes)
    assert list(found) == ["map", "random", "frangi"]
    assert "deletion, vesselness" in found["frangi"].GetName()


def test_the_plot_view_of_the_result_layout_shows_it_and_keeps_it(nodes, chart):
    assert not show_deletion(nodes)
    chart.finish(body())
    show_layout(nodes)
    view = plot_view(slicer.mrmlScene)
    assert not show_deletion(nodes), "the layout manager has not put the view into sight yet"
    view.SetMappedInLayout(1)
    assert show_deletion(nodes) and is_deletion_shown(nodes)
    show_layout(nodes)
    note_arrangement(slicer.mrmlScene)
    assert is_deletion_shown(nodes) and is_noted_as_arranged(nodes)
    hide_deletion(slicer.mrmlScene)
    assert view.GetPlotChartNodeID() == nodes.get(CHART).GetID() and not is_deletion_shown(nodes)


def test_a_view_without_a_chart_is_empty_again(nodes, chart):
    view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotViewNode", "Plot")
    view.SetMappedInLayout(1)
    chart.take(points(2))
    assert show_deletion(nodes) and view.GetPlotChartNodeID() == deletion_chart(nodes).GetID()
    hide_deletion(slicer.mrmlScene)
    assert view.GetPlotChartNode() is None
