"""Why nothing else can be begun while something is at work."""

from __future__ import annotations

import pytest

from UMambaXAILogic.interaction.panel.activities import (
    BENCHMARK,
    DELETION,
    DICOM,
    JUDGE,
    MEASURE,
    RUN,
    SAM,
    is_own,
    why_wait,
)
from UMambaXAILogic.interaction.panel.state import RUNTIME_INSTALLING, PanelState

ALL = (RUN, MEASURE, JUDGE, BENCHMARK, DELETION, DICOM, SAM)


def test_where_nothing_is_at_work_there_is_nothing_to_wait_for():
    assert why_wait(PanelState()) == ""
    assert why_wait(PanelState(activity=RUN, job_state="finished")) == ""


def test_each_activity_has_words_of_its_own_with_what_to_do():
    said = [why_wait(PanelState(activity=name, job_state="running")) for name in ALL]
    assert len(set(said)) == len(ALL)
    assert all(text.startswith("Wait until") and "cancel" in text for text in said)
    assert "what runs now" in why_wait(PanelState(activity="contest", job_state="running"))


@pytest.mark.parametrize("name", ALL)
def test_packages_that_are_installed_first_are_what_is_waited_for(name):
    state = PanelState(activity=name, runtime=RUNTIME_INSTALLING, is_about_packages=True)
    assert "packages" in why_wait(state) and not is_own(state, ALL)
    assert is_own(PanelState(activity=name), (name,))


def test_what_is_being_cancelled_is_not_cancelled_again():
    assert "being cancelled" in why_wait(PanelState(activity=RUN, job_state="cancelling"))
