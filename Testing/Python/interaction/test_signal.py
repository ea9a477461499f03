"""Signals: order, disconnecting, and slots that fail."""

from __future__ import annotations

import sys

from UMambaXAILogic.interaction import Signal


def test_slots_are_called_in_order_with_the_arguments():
    heard = []
    signal = Signal()
    signal.connect(lambda *values: heard.append(("first", values)))
    signal.connect(lambda *values: heard.append(("second", values)))
    signal.emit(1, "a")
    assert heard == [("first", (1, "a")), ("second", (1, "a"))]


def test_connecting_twice_calls_once_and_a_disconnected_slot_is_not_called():
    heard = []
    signal = Signal()
    signal.connect(heard.append)
    signal.connect(heard.append)
    signal.emit(1)
    signal.disconnect(heard.append)
    signal.disconnect(heard.append)
    signal.emit(2)
    assert heard == [1]


def test_a_failing_slot_is_reported_and_the_next_one_still_called(monkeypatch):
    reported, heard = [], []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: reported.append(error))
    signal = Signal()
    signal.connect(lambda: 1 / 0)
    signal.connect(lambda: heard.append("second"))
    signal.emit()
    assert heard == ["second"]
    assert [type(error) for error in reported] == [ZeroDivisionError]


def test_a_slot_may_disconnect_itself_while_it_is_called():
    heard = []
    signal = Signal()

    def once() -> None:
        heard.append("once")
        signal.disconnect(once)

    signal.connect(once)
    signal.connect(lambda: heard.append("always"))
    signal.emit()
    signal.emit()
    assert heard == ["once", "always", "always"]
