"""The result in the panel: which one, what is shown of it, its numbers, its layout, and where it goes."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest
import qt
import slicer


def text(panel) -> str:
    return panel.ui.messageLabel.text


def attention_of(panel):
    """The map of the result that is shown."""
    return panel.results.view.nodes.get("attention")


def click(panel, name: str) -> None:
    getattr(panel.ui, name).click()


def first_composite():
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")


def test_the_sliders_act_on_the_slices_at_once(panel, run, settle):
    run()
    panel.ui.opacitySlider.value = 0.2
    settle()
    assert first_composite().GetForegroundOpacity() == 0.2
    panel.ui.thresholdSlider.value = 0.6
    settle()
    assert attention_of(panel).GetDisplayNode().GetLowerThreshold() == 0.6
    click(panel, "overlayButton")
    settle()
    assert first_composite().GetForegroundVolumeID() is None
    click(panel, "overlayButton")
    settle()
    assert first_composite().GetForegroundVolumeID() == attention_of(panel).GetID()


def test_a_slider_that_is_dragged_ends_where_it_is_let_go(panel, run, settle):
    view = run()
    for position in range(20, 70):
        panel.ui.thresholdSlider.value = position / 100
    assert view.state.threshold == 0.69
    settle()
    assert attention_of(panel).GetDisplayNode().GetLowerThreshold() == 0.69


def test_a_map_that_somebody_removes_is_gone_from_the_panel_too(panel, run, settle):
    run()
    slicer.mrmlScene.RemoveNode(attention_of(panel))
    panel.ui.opacitySlider.value = 0.2
    settle()
    assert not panel.ui.thresholdSlider.enabled
    assert "no attention map" in panel.ui.resultHintLabel.text
    slicer.mrmlScene.RemoveNode(panel.parameters.result)
    panel.ui.opacitySlider.value = 0.3
    assert not panel.ui.predictionSelector.enabled
    assert "run Segment" in panel.ui.resultHintLabel.text
    assert panel.ui.numbersLabel.isHidden()


def test_every_way_to_show_a_result_is_a_click(opened, panel, shown, settle):
    assert shown.state.attention == ("overlay", "surface")
    for name, mode in (("contours", "contours"), ("cloud", "cloud"), ("projection", "projection")):
        click(panel, f"{name}Button")
        assert mode in shown.state.attention
        click(panel, f"{name}Button")
        assert mode not in shown.state.attention
    panel.ui.predictionSelector.setCurrentIndex(2)
    panel.ui.truthSelector.setCurrentIndex(0)
    click(panel, "errorsButton")
    assert (shown.state.prediction, shown.state.truth, shown.state.errors) == ("fill", "off", True)
    settle()
    assert shown.nodes.get("errors").GetDisplayNode().GetVisibility()
    opened.exit()
    opened.enter()  # the choices are the scene's, and the view stays
    assert (shown.state.prediction, shown.state.truth, shown.state.errors) == ("fill", "off", True)
    assert panel.ui.errorsButton.checked


def test_only_layers_that_there_are_can_be_chosen(panel, shown, settle):
    selector = panel.ui.layerSelector
    assert [selector.itemText(index) for index in range(selector.count)] == ["mean", "encoder.1", "decoder.0"]
    selector.setCurrentText("decoder.0")
    assert shown.state.layer == "decoder.0"
    assert panel.parameters.layer == "decoder.0"
    settle()
    assert shown.nodes.get("layer.decoder.0") is not None


def test_the_layout_comes_and_the_former_comes_back(panel, shown, picture):
    from UMambaXAILogic.scene.result_layout_description import LAYOUT, LAYOUT_WITH_PROJECTION, layout_node

    layout = layout_node(slicer.mrmlScene)
    layout.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    click(panel, "layoutButton")
    assert layout.GetViewArrangement() == LAYOUT
    assert panel.ui.layoutButton.checked and "Back" in panel.ui.layoutButton.text
    click(panel, "projectionButton")
    assert layout.GetViewArrangement() == LAYOUT_WITH_PROJECTION
    picture("9-result")
    click(panel, "layoutButton")
    assert layout.GetViewArrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    assert not panel.ui.layoutButton.checked


def test_the_layouts_are_known_before_the_panel_is_opened(panel):
    from UMambaXAILogic.scene.result_layout_description import LAYOUT, LAYOUT_WITH_PROJECTION, layout_node

    slicer.app._object.startupCompleted.emit()
    node = layout_node(slicer.mrmlScene)
    assert node.IsLayoutDescription(LAYOUT) and node.IsLayoutDescription(LAYOUT_WITH_PROJECTION)


def test_selecting_a_slice_moves_the_slices_there(panel, shown):
    import vtk

    layouts = slicer.app.layoutManager()
    layouts.show_result_views()
    view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    click(panel, "layoutButton")
    click(panel, "layoutButton")
    click(panel, "layoutButton")
    heard = []
    view.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: heard.append(1))

    def height() -> float:
        return view.GetSliceToRAS().GetElement(2, 3)

    table = layouts.tableWidget(0).tableView()
    table.sortByColumn(0, qt.Qt.DescendingOrder)
    table.selectRow(1)  # as it is sorted: slice 6
    assert height() == pytest.approx(6)
    chart = shown.nodes.get("chart")
    plot = layouts.plotWidget(0).plotView()._object
    plot.dataSelected.emit(*points_of(chart, {"good": 1, "Dice": 3, "F1 attention-GT": 5}))
    assert height() == pytest.approx(3)
    plot.dataSelected.emit(*points_of(chart, {"Slice shown": 1, "bad": 0}))  # bands and cursor are no slices
    plot.dataSelected.emit(*points_of(chart, {}))
    assert height() == pytest.approx(3)
    view.RemoveAllObservers()
    slicer.mrmlScene.RemoveNode(view)


def points_of(chart, rows_by_series: dict[str, int]):
    """What a plot view says of selected points: ids of series and, in the same order, rows."""
    import vtk

    ids, selections = vtk.vtkStringArray(), vtk.vtkCollection()
    names = [chart.GetNthPlotSeriesNode(index).GetName() for index in range(chart.GetNumberOfPlotSeriesNodes())]
    for name, row in rows_by_series.items():
        ids.InsertNextValue(chart.GetNthPlotSeriesNode(names.index(name)).GetID())
        rows = vtk.vtkIdTypeArray()
        rows.InsertNextValue(row)
        selections.AddItem(rows)
    return ids, selections


def test_numbers_leave_by_clipboard_and_files(panel, shown, dialogs, tmp_path):
    click(panel, "copyButton")
    assert "Dice\t0.8100" in qt.QApplication.clipboard().text()
    dialogs.path = str(tmp_path / "missing")
    click(panel, "exportButton")
    assert "missing" in text(panel)
    dialogs.path = str(tmp_path)
    click(panel, "exportButton")
    names = sorted(path.name for path in tmp_path.glob("table-*.csv"))
    assert names == ["table-alignment.csv", "table-metrics.csv", "table-slices.csv"]
    assert json.loads((tmp_path / "metrics.json").read_text())["segmentation"]["dice"] == 0.81


def test_the_picture_is_taken_of_all_views(panel, shown, dialogs, tmp_path, monkeypatch):
    taken, too_small = [], []

    class ScreenCaptureLogic:
        def captureImageFromView(self, view, filename):
            """As the original: what it does not know it refuses, and what it cannot write it leaves."""
            if not filename.endswith((".png", ".jpg", ".jpeg")):
                raise ValueError(f"Unsupported image format based on file name {filename}")
            if too_small:
                raise ValueError("Capture image from view failed")
            if Path(filename).parent.is_dir():
                Path(filename).write_bytes(b"picture")
            taken.append((view, filename))

    monkeypatch.setitem(sys.modules, "ScreenCapture", types.SimpleNamespace(ScreenCaptureLogic=ScreenCaptureLogic))
    click(panel, "pictureButton")
    assert not taken  # the user changed their mind
    dialogs.path = str(tmp_path / "views.png")
    click(panel, "pictureButton")
    assert taken == [(None, str(tmp_path / "views.png"))]
    dialogs.path = str(tmp_path / "patient 1.2")  # on some systems the dialog adds no ending
    click(panel, "pictureButton")
    assert (tmp_path / "patient 1.2.png").is_file()
    dialogs.path = str(tmp_path / "missing" / "views.png")
    click(panel, "pictureButton")
    assert "could not be written" in text(panel)
    dialogs.path = str(tmp_path / "small.png")
    too_small.append(True)
    click(panel, "pictureButton")
    assert "No picture" in text(panel)


def test_what_cannot_be_shown_is_said_and_the_controls_go_back(panel, shown, settle, spin):
    layer_file = shown.nodes.get("layer_files").GetAttribute("UMambaXAI.layer.decoder.0")
    from pathlib import Path

    Path(layer_file).write_bytes(b"not an image")
    panel.ui.layerSelector.setCurrentText("decoder.0")
    spin(lambda: "decoder.0" in text(panel))
    settle()
    assert shown.state.layer == "mean"
    assert panel.ui.layerSelector.currentText == "mean"
    assert panel.parameters.layer == "mean"


def test_the_numbers_are_in_the_panel_with_the_verdict_and_what_it_rests_on(panel, shown):
    words = panel.ui.numbersLabel.text
    for expected in ("0.810", "XAI-GT IoU", "XAI-PM F1", "Gap of IoU", "Inconclusive", "XAI-GT IoU 0.500 is high"):
        assert expected in words
    assert "IoU high from 0.4, low below 0.2" in words


def test_without_ground_truth_the_numbers_say_so(panel, run):
    run()
    assert "there is no ground truth" in panel.ui.numbersLabel.text
    assert not panel.ui.errorsButton.enabled and not panel.ui.truthSelector.enabled


def test_the_line_in_the_chart_follows_the_slices(panel, shown):
    layouts = slicer.app.layoutManager()
    layouts.show_result_views()
    view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    view.SetLayoutName("Red")
    view.SetOrientation("Axial")
    click(panel, "layoutButton")

    def position() -> float:
        return shown.nodes.get("cursor").GetTableNode().GetTable().GetColumnByName("position_s_mm").GetValue(0)

    for height in (2, 5):
        view.SetSliceOffset(height)
        assert position() == pytest.approx(height)
    assert not layouts.plotWidget(0).plotView().chart().GetLegend().GetInline()  # beside the lines, not on them
    click(panel, "layoutButton")
    view.SetSliceOffset(1)
    assert position() == pytest.approx(5)
    slicer.mrmlScene.RemoveNode(view)


def test_buttons_say_what_they_did(panel, shown, dialogs, tmp_path):
    click(panel, "copyButton")
    assert "clipboard" in panel.ui.resultHintLabel.text
    dialogs.path = str(tmp_path)
    click(panel, "exportButton")
    assert f"4 files were written into {tmp_path}" in panel.ui.resultHintLabel.text
    panel.ui.opacitySlider.value = 0.31
    assert str(tmp_path) not in panel.ui.resultHintLabel.text


def test_a_long_name_does_not_widen_the_panel(panel, shown):
    shown.nodes.get("volume").SetName("a volume with a name that is longer than anybody would want to read in a panel")
    panel.refresh()
    assert "longer than anybody" in panel.ui.resultSelector.itemText(0)
    assert panel.result_section.widget._object.minimumSizeHint().width() <= 400


@pytest.mark.parametrize("width", [513, 600])
def test_it_fits_a_narrow_panel(opened, panel, shown, picture, width):
    picture(f"10-result-{width}", height=1000, width=width)
    parent = opened.parent._object
    for control in ("errorsButton", "copyButton", "truthSelector", "resultSelector", "numbersLabel"):
        widget = getattr(panel.ui, control)._object
        assert widget.mapTo(parent, widget.rect().topRight()).x() < width, control
        assert widget.width() >= widget.fontMetrics().horizontalAdvance("Ground"), control
