"""The deletion curve in the panel: which map, how it grows in a plot view, what it says, and how it ends early."""

from __future__ import annotations

import json

import pytest
import slicer
import vtk

from UMambaXAILogic.scene.deletion_curve import DELETION_CHART, deletion_chart, deletion_tables
from UMambaXAILogic.scene.result_layout import is_shown, plot_view
from UMambaXAILogic.scene.result_layout_description import LAYOUT, LAYOUT_WITH_PROJECTION, layout_node
from UMambaXAILogic.scene.result_view.nodes import CHART, SEGMENTATION

FIRST_POINTS = 15


@pytest.fixture(autouse=True)
def mapped_views(panel):
    """As the layout manager does: the result layout's plot view is in sight while that layout is shown."""

    def follow(layout, _event=None):
        view = plot_view(slicer.mrmlScene)
        if view is not None:
            view.SetMappedInLayout(layout.GetViewArrangement() in (LAYOUT, LAYOUT_WITH_PROJECTION))

    layout = layout_node(slicer.mrmlScene)
    tag = layout.AddObserver(vtk.vtkCommand.ModifiedEvent, follow)
    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)
    yield
    layout.RemoveObserver(tag)


@pytest.fixture
def start(panel, worker, spin):
    """Starts a curve that waits in the middle: start() returns when the first points are there."""

    def begin() -> None:
        (worker.folder / "go").unlink(missing_ok=True)
        panel.ui.deletionButton.click()
        spin(lambda: panel.deletion.facts().points_drawn == FIRST_POINTS or not panel.controller.is_busy)

    return begin


@pytest.fixture
def finish(panel, worker, spin):
    """Lets it go on to its end."""

    def go() -> None:
        worker.go()
        spin(lambda: not panel.controller.is_busy)

    return go


def items(selector) -> list[str]:
    return [selector.itemText(row) for row in range(selector.count)]


def nodes_of(panel):
    return panel.results.nodes


def test_without_a_result_the_way_to_one_is_said(panel):
    ui = panel.ui
    assert ui.deletionCollapsibleButton.collapsed
    assert not ui.deletionButton.enabled and not ui.deletionShowButton.enabled
    assert "run Segment & Explain first" in ui.deletionHintLabel.text
    assert ui.deletionProgressBar.isHidden() and ui.deletionVerdictLabel.isHidden()


def test_the_curve_grows_in_the_result_layout_and_says_what_it_means(panel, shown, start, finish, picture, worker):
    ui = panel.ui
    ui.deletionCollapsibleButton.collapsed = False
    assert items(ui.deletionMapSelector) == [
        "Mean (this result)",
        "encoder.1 (this result)",
        "decoder.0 (this result)",
        "Intensity",
        "Vesselness (Frangi)",
        "The prediction itself",
    ]
    assert not is_shown(slicer.mrmlScene)
    start()
    nodes = nodes_of(panel)
    chart = deletion_chart(nodes)
    assert is_shown(slicer.mrmlScene) and plot_view(slicer.mrmlScene).GetPlotChartNodeID() == chart.GetID()
    assert "15 of 33 points" in ui.deletionProgressLabel.text and ui.deletionCancelButton.enabled
    assert not ui.deletionButton.enabled and not ui.runButton.enabled and ui.deletionVerdictLabel.isHidden()
    assert json.loads((worker.folder / "request.json").read_text())["references"] == ["random", "frangi"]
    for name in ("inputs", "result"):
        getattr(ui, f"{name}CollapsibleButton").collapsed = True
    picture("deletion-half", 1000)
    finish()
    assert nodes.get(DELETION_CHART) is chart
    assert list(deletion_tables(nodes)) == ["map", "random", "frangi"]
    assert ui.deletionVerdictLabel.text.startswith("mean: The map's most attributed voxels carry the score: area 0.")
    assert ui.deletionHintLabel.isHidden() and ui.deletionProgressBar.isHidden()
    picture("deletion-full", 1000)


def test_a_plot_view_of_the_users_own_layout_is_used_and_given_back(panel, shown, start, finish):
    ui, layout = panel.ui, layout_node(slicer.mrmlScene)
    own = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotViewNode", "Plot")
    own.SetMappedInLayout(1)
    chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "mine")
    own.SetPlotChartNodeID(chart.GetID())
    before = layout.GetViewArrangement()
    start()
    finish()
    assert layout.GetViewArrangement() == before
    assert own.GetPlotChartNodeID() == nodes_of(panel).get(DELETION_CHART).GetID()
    assert ui.deletionShowButton.text == "Back to the chart before"
    ui.deletionShowButton.click()
    assert own.GetPlotChartNodeID() == chart.GetID() and ui.deletionShowButton.text == "Show the curve"
    ui.deletionShowButton.click()
    assert own.GetPlotChartNodeID() == nodes_of(panel).get(DELETION_CHART).GetID()
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "histogram")
    own.SetPlotChartNodeID(other.GetID())
    panel.deletion.hide()
    assert own.GetPlotChartNodeID() == other.GetID()


def test_the_result_layout_keeps_the_curve_until_it_is_sent_back(panel, shown, start, finish):
    ui = panel.ui
    start()
    finish()
    view, nodes = plot_view(slicer.mrmlScene), nodes_of(panel)
    panel.parameters.threshold = 0.5  # the result is arranged anew
    assert view.GetPlotChartNodeID() == nodes.get(DELETION_CHART).GetID()
    ui.deletionShowButton.click()
    assert view.GetPlotChartNodeID() == nodes.get(CHART).GetID()


def test_a_cancel_brings_back_what_was_there(panel, shown, start, finish, spin):
    ui = panel.ui
    start()
    ui.deletionCancelButton.click()
    spin(lambda: not panel.controller.is_busy)
    nodes, view = nodes_of(panel), plot_view(slicer.mrmlScene)
    assert deletion_chart(nodes) is None and view.GetPlotChartNodeID() == nodes.get(CHART).GetID()
    assert ui.deletionButton.enabled and not ui.deletionShowButton.enabled
    start()
    finish()
    first = nodes.get(DELETION_CHART)
    start()
    assert view.GetPlotChartNodeID() != first.GetID()
    ui.deletionCancelButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert nodes.get(DELETION_CHART) is first and view.GetPlotChartNodeID() == first.GetID()
    assert "carry the score" in ui.deletionVerdictLabel.text


def test_a_curve_of_a_result_that_is_no_longer_on_show_stays_in_its_place(panel, run, start, finish):
    first = run("CTA")
    start()
    selector = panel.ui.resultSelector
    chart = deletion_chart(first.nodes)
    finish()
    run("MRA")
    assert panel.results.nodes.record is not first.nodes.record
    assert panel.ui.deletionVerdictLabel.isHidden() and not panel.ui.deletionShowButton.enabled
    assert first.nodes.get(DELETION_CHART) is chart
    selector.setCurrentIndex(0)
    assert "carry the score" in panel.ui.deletionVerdictLabel.text


def test_it_is_exported_with_the_numbers(panel, shown, start, finish, dialogs, tmp_path):
    start()
    finish()
    dialogs.path = str(tmp_path)
    panel.ui.exportButton.click()
    assert json.loads((tmp_path / "deletion.json").read_text())["verdict"]["name"] == "carries"


def test_a_start_that_fails_leaves_the_plot_view_alone(panel, shown, start, finish, worker):
    start()
    finish()
    panel.ui.deletionShowButton.click()
    view = plot_view(slicer.mrmlScene)
    assert view.GetPlotChartNodeID() == nodes_of(panel).get(CHART).GetID()
    worker.is_ready = False  # refused before anything is computed
    panel.ui.deletionButton.click()
    assert "not installed" in panel.ui.messageLabel.text
    assert view.GetPlotChartNodeID() == nodes_of(panel).get(CHART).GetID()


def test_a_second_start_draws_another_map_beside_chance_alone(panel, shown, start, finish, worker):
    ui = panel.ui
    start()
    finish()
    first = nodes_of(panel).get(DELETION_CHART)
    ui.deletionMapSelector.setCurrentIndex(items(ui.deletionMapSelector).index("encoder.1 (this result)"))
    ui.deletionVesselnessCheckBox.setChecked(False)
    ui.deletionPointsSpinBox.setValue(5)
    (worker.folder / "go").unlink(missing_ok=True)
    ui.deletionButton.click()
    finish()
    request = json.loads((worker.folder / "request.json").read_text())
    assert (request["map"], request["points"], request["references"]) == ("encoder.1", 5, ["random"])
    assert not slicer.mrmlScene.IsNodePresent(first)
    assert ui.deletionVerdictLabel.text.startswith("encoder.1:")
    assert list(deletion_tables(nodes_of(panel))) == ["map", "random"]


@pytest.mark.parametrize("text", ["encoder.1 (this result)", "Vesselness (Frangi)"])
def test_the_chosen_map_stays_while_the_module_is_out_of_sight_and_with_the_scene(
    opened, panel, shown, tmp_path, text, settle
):
    panel.ui.layerSelector.setCurrentText("encoder.1")  # a scene keeps maps of layers that were shown
    settle()
    selector = panel.ui.deletionMapSelector
    selector.setCurrentIndex(items(selector).index(text))
    opened.exit()
    opened.enter()
    assert selector.currentText == text
    assert slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear(0)
    assert selector.count == 0
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"), True)
    settle()
    panel.refresh()
    assert selector.currentText == text


def test_the_map_of_another_result_stays_chosen_until_that_is_gone(panel, run, add_volume):
    ui = panel.ui
    run(truth=True)
    first = nodes_of(panel)
    panel.parameters.method = "dea"
    run.again()
    selector = ui.deletionMapSelector
    others = [text for text in items(selector) if "seg-xres-cam" in text]
    selector.setCurrentIndex(items(selector).index(others[0]))
    assert panel.parameters.deletionOf is first.get(SEGMENTATION) and panel.parameters.deletionMap == "mean"
    assert selector.currentText == others[0]
    slicer.mrmlScene.RemoveNode(first.get(SEGMENTATION))
    panel.refresh()
    assert selector.currentText == "Mean (this result)"


def test_what_goes_wrong_in_the_worker_is_said(panel, shown, start, finish, worker):
    worker.mode = "error"
    start()
    finish()
    assert "holds no U-Mamba" in panel.ui.deletionHintLabel.text
    assert deletion_chart(nodes_of(panel)) is None and panel.ui.deletionButton.enabled


def test_a_result_that_is_removed_meanwhile_ends_it(panel, shown, start, worker, spin, finish):
    start()
    nodes = nodes_of(panel)
    slicer.mrmlScene.RemoveNode(nodes.record)
    assert nodes.get(SEGMENTATION) is None or panel.results.nodes is None
    finish()
    assert "removed" in panel.ui.messageLabel.text
    assert not [
        index
        for index in range(slicer.mrmlScene.GetNumberOfNodes())
        if "deletion" in (slicer.mrmlScene.GetNthNode(index).GetName() or "")
    ]


def test_a_scene_that_is_closed_meanwhile_ends_it(panel, shown, start, spin):
    start()
    slicer.mrmlScene.Clear(0)
    spin(lambda: not panel.controller.is_busy)
    assert not panel.ui.deletionButton.enabled and panel.ui.deletionMapSelector.count == 0
    assert not slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode")
