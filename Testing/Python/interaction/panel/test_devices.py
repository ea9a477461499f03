"""Asking for the devices, once at a time."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.device_list import DeviceFacts, DeviceList
from UMambaXAILogic.engine.errors import CancelledError, InputError, NotInstalledError
from UMambaXAILogic.interaction import Signal
from UMambaXAILogic.interaction.panel.devices import DeviceInquiry, KnownDevices

FOUND = DeviceList((DeviceFacts("cpu", "CPU, 2 threads", 1000, 2000),), "built without CUDA")


class FakeJob:
    def __init__(self) -> None:
        self.finished, self.result, self.error, self.cancelled = Signal(), None, None, False

    def cancel(self) -> None:
        self.cancelled = True

    def end(self, result=None, error=None) -> None:
        self.result, self.error = result, error
        self.finished.emit(self)


@pytest.fixture
def jobs():
    return []


@pytest.fixture
def inquiry(jobs):
    def start():
        jobs.append(FakeJob())
        return jobs[-1]

    return DeviceInquiry(start)


def test_nobody_is_asked_before_somebody_wants_to_know(inquiry, jobs):
    assert inquiry.known == KnownDevices()
    assert jobs == []


def test_the_answer_comes_in_its_own_time(inquiry, jobs):
    heard = []
    inquiry.changed.connect(lambda: heard.append(inquiry.known))
    inquiry.ask()
    inquiry.ask()
    assert len(jobs) == 1
    jobs[0].end(FOUND)
    assert heard == [KnownDevices(asking=True), KnownDevices(found=FOUND)]
    inquiry.ask()
    assert inquiry.known == KnownDevices(asking=True, found=FOUND)  # the latest answer stays meanwhile


def test_a_failure_is_said_and_the_latest_answer_stays(inquiry, jobs):
    inquiry.ask()
    jobs[0].end(FOUND)
    inquiry.ask()
    jobs[1].end(error=InputError("It cannot be read.", "Ask again."))
    assert inquiry.known == KnownDevices(found=FOUND, problem="It cannot be read. Ask again.")


def test_a_cancel_is_no_failure(inquiry, jobs):
    inquiry.cancel()
    inquiry.ask()
    inquiry.cancel()
    assert jobs[0].cancelled
    jobs[0].end(error=CancelledError())
    assert inquiry.known == KnownDevices()


def test_who_cannot_be_asked_is_said():
    def refuse():
        raise NotInstalledError("Nothing is installed.", "Install it.")

    inquiry = DeviceInquiry(refuse)
    inquiry.ask()
    assert inquiry.known == KnownDevices(problem="Nothing is installed. Install it.")
