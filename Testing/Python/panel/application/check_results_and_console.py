"""The panel among others that show results: the console, and results of other runs."""

from __future__ import annotations

import pytest
import slicer


def click(panel, name: str) -> None:
    getattr(panel.ui, name).click()


def test_the_panel_says_what_the_console_shows(panel, shown, settle):
    ui, parameters = panel.ui, panel.parameters
    shown.show(attention=("contours", "cloud"), prediction="fill", errors=True, layer="decoder.0", threshold=0.45)
    assert ui.contoursButton.checked and ui.cloudButton.checked and ui.errorsButton.checked
    assert not (ui.overlayButton.checked or ui.surfaceButton.checked or ui.projectionButton.checked)
    assert (ui.predictionSelector.currentText, ui.layerSelector.currentText) == ("Filled", "decoder.0")
    assert ui.thresholdSlider.value == pytest.approx(0.45)
    assert parameters.layer == "decoder.0" and parameters.threshold == 0.45
    assert not panel.results.facts().is_preparing  # what is in sight already is not asked for again
    click(panel, "errorsButton")
    settle()
    assert shown.state == shown.state.changed(
        attention=("contours", "cloud"), prediction="fill", errors=False, layer="decoder.0", threshold=0.45
    )


def test_panel_and_console_do_not_call_each_other_in_circles(panel, shown, settle, monkeypatch):
    asked = []
    show = panel.results.show
    monkeypatch.setattr(panel.results, "show", lambda **choices: asked.append(choices) or show(**choices))
    shown.show(attention="overlay", threshold=0.123456789, opacity=1 / 3)
    settle()
    assert asked == []
    panel.ui.opacitySlider.value = 0.5
    settle()
    assert len(asked) == 1
    assert (shown.state.opacity, shown.state.threshold) == (0.5, 0.123456789)  # the slider rounds, the state does not
    shown.show(threshold=0.0)  # lower than the slider goes
    settle()
    assert len(asked) == 1 and shown.state.threshold == 0.0


def test_after_a_result_was_hidden_the_next_one_is_seen(panel, run, shown, settle):
    shown.hide()
    assert not panel.ui.overlayButton.checked and not panel.ui.surfaceButton.checked
    again = run.again()
    assert again.state.attention == ("overlay", "surface") and again.state.truth == "outline"
    assert panel.ui.overlayButton.checked and panel.ui.surfaceButton.checked


def test_what_was_shown_meanwhile_is_said_on_return(opened, panel, shown):
    opened.exit()
    shown.show(attention="contours", prediction="outline")
    opened.enter()
    assert panel.ui.contoursButton.checked and not panel.ui.surfaceButton.checked
    assert panel.ui.predictionSelector.currentText == "Outline"
    assert shown.state.attention == ("contours",)


def entries(selector) -> list[str]:
    return [selector.itemText(index) for index in range(selector.count)]


def test_one_of_several_results_is_shown_and_it_can_be_chosen(panel, run, settle):
    first = run("CTA", truth=True)
    second = run("MRA")
    selector = panel.ui.resultSelector
    assert entries(selector) == ["CTA: demo, seg-xres-cam", "MRA: demo, seg-xres-cam"]
    assert selector.currentIndex == 1
    assert second.state.attention and not first.state.attention  # two in the same views cannot be told apart
    selector.setCurrentIndex(0)
    settle()
    assert panel.parameters.result == first.nodes.get("segmentation")
    assert first.state.attention == ("overlay", "surface") and first.state.truth == "outline"
    assert not second.state.attention
    assert "0.810" in panel.ui.numbersLabel.text and panel.ui.errorsButton.enabled
    slicer.mrmlScene.RemoveNode(second.nodes.get("segmentation"))
    settle()
    panel.refresh()
    assert entries(selector) == ["CTA: demo, seg-xres-cam"]


def test_a_second_run_is_kept_beside_the_first_on_request(panel, run):
    first = run()
    panel.parameters.replaceEarlier = False
    second = run.again()
    assert entries(panel.ui.resultSelector) == ["CTA: demo, seg-xres-cam", "CTA: demo, seg-xres-cam (2)"]
    assert panel.ui.resultSelector.currentIndex == 1
    assert first.nodes.are_there and first.nodes.get("attention") is not second.nodes.get("attention")
    assert second.state.attention and not first.state.attention
    panel.parameters.replaceEarlier = True
    run.again()
    assert len(entries(panel.ui.resultSelector)) == 2  # the one that was to be kept, and the new one
    assert second.nodes.are_there and not first.nodes.are_there


def test_a_result_of_the_console_is_in_the_list(panel, add_volume, worker, spin):
    from UMambaXAILogic.logic import UMambaXAILogic

    worker.go()
    job = UMambaXAILogic(environment=worker).startSegmentAndExplain(add_volume("CTA"), model="demo")
    spin(lambda: job.is_over)
    spin(lambda: entries(panel.ui.resultSelector) == ["CTA: demo, seg-xres-cam"])
    assert panel.ui.overlayButton.enabled
    job.result.view.show(attention="contours")
    assert panel.ui.contoursButton.checked and not panel.ui.overlayButton.checked
