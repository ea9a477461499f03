"""A result is shown a step a turn of the event loop: only what was asked for last, and nothing of what has gone."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from UMambaXAILogic.engine.errors import InputError, UMambaXAIError, UsageError
from UMambaXAILogic.scene.result_view import ResultView, Showing
from UMambaXAILogic.scene.run_nodes import remove_with_display

EVERYTHING = ("overlay", "contours", "surface", "cloud", "projection")


class EventLoop:
    """Runs one function a turn."""

    def __init__(self) -> None:
        self.due: list = []
        self.turns = 0

    def call_later(self, seconds, callback):
        assert seconds == 0
        self.due.append(callback)
        return lambda: self.due.remove(callback)

    def turn(self) -> bool:
        """Whether there was something to do."""
        if not self.due:
            return False
        self.turns += 1
        self.due.pop(0)()
        return True

    def run(self) -> None:
        while self.turn():
            pass


@pytest.fixture
def loop():
    return EventLoop()


@pytest.fixture
def showing(loop):
    return Showing(loop.call_later)


def visible(scene) -> dict[str, tuple]:
    """What each display node shows, by its name and class."""
    found = {}
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        if node.IsA("vtkMRMLDisplayNode"):
            shown = (node.GetVisibility(), node.GetVisibility2D(), node.GetVisibility3D())
            found[f"{node.GetClassName()} of {node.GetDisplayableNode() and node.GetDisplayableNode().GetName()}"] = (
                shown
            )
    return found


def test_nothing_happens_before_the_event_loop_turns_and_everything_after_it_did(result, scene, loop, showing):
    view = result().view
    before, ended = scene.GetNumberOfNodes(), []
    showing.start(view, ended.append, attention=EVERYTHING, errors=True, layer="encoder.2")
    assert scene.GetNumberOfNodes() == before and showing.is_running and ended == []
    loop.run()
    assert ended == [None] and not showing.is_running
    assert loop.turns > 5
    stepwise = visible(scene)
    again = ResultView(view.nodes)
    again.show(attention=EVERYTHING, errors=True, layer="encoder.2")
    assert visible(scene) == stepwise
    assert view.nodes.get("contours").GetDisplayNode().GetVisibility()


def test_nothing_that_was_shown_changes_before_the_last_step(result, scene, loop, showing):
    view = result().view
    view.show()
    shown = visible(scene)
    showing.start(view, None, attention=("contours", "surface", "cloud"), errors=True, prediction="fill")
    for _ in range(3):
        assert loop.turn() and loop.due
        assert {name: value for name, value in visible(scene).items() if name in shown} == shown
        new = set(visible(scene)) - set(shown)
        assert not any(visible(scene)[name][0] for name in new)


def test_the_state_is_the_new_one_at_once(result, loop, showing):
    view = result().view
    view.show(layer="encoder.2")
    showing.start(view, None, layer="decoder.0")
    assert view.state.layer == "decoder.0"
    showing.start(view, None, threshold=0.6)
    loop.run()
    assert (view.state.layer, view.state.threshold) == ("decoder.0", 0.6)
    assert view.nodes.get("layer.decoder.0") is not None


def test_a_slider_that_is_dragged_takes_one_turn_for_all_that_it_passed(result, loop, showing):
    view = result().view
    view.show(attention=("overlay", "surface", "cloud"), truth="off")
    ended = []
    for value in np.linspace(0.3, 0.8, 50):
        showing.start(view, ended.append, threshold=float(value))
    loop.run()
    assert loop.turns == 1 and ended == [None]
    assert view.nodes.get("attention").GetDisplayNode().GetLowerThreshold() == pytest.approx(0.8)


def test_a_newer_request_ends_the_older_ones_steps(result, loop, showing):
    view = result().view
    view.show()
    ended = []
    showing.start(view, lambda error: ended.append("older"), attention="contours", errors=True)
    loop.turn()
    showing.start(view, lambda error: ended.append("newer"), attention="overlay", errors=False)
    loop.run()
    assert ended == ["newer"]
    assert view.nodes.get("contours") is None  # the older request never came to it
    assert not view.nodes.get("errors").GetDisplayNode().GetVisibility()


@pytest.mark.parametrize("turns", range(7))
def test_a_scene_that_is_closed_meanwhile_ends_it_quietly(result, scene, loop, showing, turns):
    ended = []
    showing.start(result().view, ended.append, attention=EVERYTHING, errors=True, layer="encoder.2")
    for _ in range(turns):
        loop.turn()
    scene.Clear(False)
    left = scene.GetNumberOfNodes()
    loop.run()
    assert ended == [None] and not showing.is_running
    assert scene.GetNumberOfNodes() == left


@pytest.mark.parametrize("turns", range(7))
def test_a_result_that_is_replaced_meanwhile_ends_it_quietly(result, scene, loop, showing, turns):
    first = result()
    ended = []
    showing.start(first.view, ended.append, attention=EVERYTHING, errors=True, layer="encoder.2")
    for _ in range(turns):
        loop.turn()
    result(volume=first.volume_node)
    left = scene.GetNumberOfNodes()
    loop.run()
    assert ended == [None]
    assert scene.GetNumberOfNodes() == left


@pytest.mark.parametrize("role", ["segmentation", "attention", "volume", "truth", "metrics"])
@pytest.mark.parametrize("turns", range(6))
def test_a_node_that_is_removed_meanwhile_leaves_no_other_behind(result, scene, loop, showing, turns, role):
    view = result().view
    view.show(attention=(), truth="off")
    ended = []
    showing.start(view, ended.append, attention=EVERYTHING, errors=True, truth="outline", layer="encoder.2")
    for _ in range(turns):
        loop.turn()
    remove_with_display(scene, view.nodes.get(role))
    loop.run()
    assert len(ended) == 1 and (ended[0] is None or isinstance(ended[0], InputError))
    known = {view.nodes.get(name).GetID() for name in view.nodes.roles() if view.nodes.get(name)}
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        if node.IsA("vtkMRMLDisplayableNode") and node.GetAttribute("UMambaXAI.run"):
            assert node.GetID() in known


def test_a_stop_takes_no_further_step(result, scene, loop, showing):
    ended = []
    showing.start(result().view, ended.append, attention="contours")
    showing.stop()
    before = scene.GetNumberOfNodes()
    loop.run()
    assert scene.GetNumberOfNodes() == before and ended == [] and not showing.is_running


def test_what_cannot_be_shown_is_refused_at_once_and_the_older_request_goes_on(result, loop, showing):
    view = result().view
    view.show()
    ended = []
    showing.start(view, ended.append, threshold=0.7)
    with pytest.raises(UsageError, match="encoder.7"):
        showing.start(view, ended.append, layer="encoder.7")
    loop.run()
    assert ended == [None] and view.state.threshold == 0.7 and view.state.layer == "mean"


def test_a_map_that_cannot_be_read_is_reported_and_the_view_stays(result, loop, showing, tmp_path):
    view = result().view
    view.show()
    shown = view.state
    files = view.nodes.get("layer_files")
    damaged = tmp_path / "damaged.nrrd"
    damaged.write_text("not an image")
    files.SetAttribute("UMambaXAI.layer.encoder.2", str(damaged))
    ended: list[UMambaXAIError] = []
    showing.start(view, ended.append, layer="encoder.2", threshold=0.5)
    loop.run()
    assert len(ended) == 1 and isinstance(ended[0], InputError)
    assert view.state == shown
    view.show(threshold=0.5)
    assert view.state.layer == "mean"


def test_a_bug_ends_it_too_and_is_seen(result, loop, showing, monkeypatch):
    view = result().view
    view.show()
    monkeypatch.setattr(ResultView, "_apply", lambda self, state: 1 / 0)
    ended: list[UMambaXAIError] = []
    showing.start(view, ended.append, threshold=0.5)
    with pytest.raises(ZeroDivisionError):
        loop.run()
    assert "bug" in ended[0].remedy and not showing.is_running


def test_the_slice_views_keep_their_foreground_until_the_new_map_is_there(result, scene, loop, showing):
    composite = slicer.vtkMRMLSliceCompositeNode()
    composite.SetLayoutName("Red")
    composite = scene.AddNode(composite)
    view = result().view
    view.show(attention="overlay")
    mean = view.nodes.get("attention").GetID()
    showing.start(view, None, layer="encoder.2")
    loop.turn()
    assert composite.GetForegroundVolumeID() == mean
    loop.run()
    assert composite.GetForegroundVolumeID() == view.nodes.get("layer.encoder.2").GetID()
