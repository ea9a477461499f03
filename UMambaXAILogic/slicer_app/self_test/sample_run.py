"""Runs of the panel on the sample case, for the tests."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer

from UMambaXAILogic.scene.result_view import ResultView

from ..sample_data import open_sample_case
from .stand_in_worker import ANSWER, HEARTBEAT, WAIT
from .stand_ins import StandInEnvironment, stand_in_services
from .waiting import PATIENCE_S, turn, wait_until

_RESTING_S = 0.5
_turns: list[float] = []


@dataclass(frozen=True)
class Heartbeat:
    """Of a worker that computes on and on.

    Args:
        path: of a file that grows as long as it lives.
    """

    path: Path

    def beats(self) -> bool:
        """Whether it lives; waits a moment to see."""
        before = self._size()
        wait_until(lambda: False, _RESTING_S)
        return self._size() != before

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


def run_sample(test: Any) -> ResultView:
    """Segment the sample case with the worker that needs no packages; returns the result's view."""
    _work_with(test, ANSWER)
    return click_run(test)


def start_endless_run(test: Any) -> Heartbeat:
    """Begin a run that never ends by itself; returns when its worker computes."""
    _work_with(test, WAIT)
    _choose_sample(test)
    heartbeat = Heartbeat(test.surroundings.folder / HEARTBEAT)
    test.panel.ui.runButton.click()
    test.assertTrue(wait_until(heartbeat.beats), test.panel.ui.messageLabel.text)
    return heartbeat


def click_run(test: Any, seconds: float = PATIENCE_S) -> ResultView:
    """Segment the sample case with the panel's services as they are; returns the result's view."""
    _choose_sample(test)
    panel = test.panel
    panel.ui.runButton.click()
    _turns.clear()
    deadline = time.monotonic() + seconds
    while panel.controller.is_busy and time.monotonic() < deadline:
        begin = time.monotonic()
        turn()
        _turns.append(time.monotonic() - begin)
    test.assertFalse(panel.controller.is_busy, f"it still runs after {seconds:g} s")
    test.assertIsNotNone(panel.parameters.result, panel.ui.messageLabel.text)
    test.assertTrue(wait_until(lambda: panel.results.view is not None), panel.ui.messageLabel.text)
    return panel.results.view


def longest_turn_s() -> float:
    """The longest turn of the event loop in the latest ``click_run``: as long was the window deaf."""
    return max(_turns)


def is_in_sight(view: ResultView, mode: str) -> bool:
    """Whether a way to show the result is seen somewhere."""
    nodes = view.nodes
    if mode == "overlay":
        attention = nodes.get("attention").GetID()
        composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
        return any(composite.GetForegroundVolumeID() == attention for composite in composites)
    if mode in ("cloud", "projection"):
        display = nodes.get(f"{mode}.{view.state.layer}")
    else:
        display = None if nodes.get(mode) is None else nodes.get(mode).GetDisplayNode()
    return display is not None and bool(display.GetVisibility())


def _work_with(test: Any, mode: str) -> None:
    """Let the panel work with the worker that needs no packages."""
    environment = StandInEnvironment(test.surroundings.folder, mode)
    test.panel.use(stand_in_services(environment, test.make_logic(environment)))


def _choose_sample(test: Any) -> None:
    case, chosen = open_sample_case(), test.panel.parameters
    chosen.inputVolume, chosen.groundTruth = case.volume_node, case.truth_node
    test.assertTrue(test.panel.ui.runButton.enabled, test.panel.ui.runButton.toolTip)
