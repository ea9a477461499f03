"""What the application's own dialogs are asked for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from UMambaXAILogic.slicer_app import dialogs as module


@pytest.fixture
def asked(panel, monkeypatch):
    """Calls of the question dialog: (text, keywords); somebody is there to answer yes."""
    calls: list[tuple[str, dict]] = []
    util = SimpleNamespace(confirmOkCancelDisplay=lambda text, **keywords: bool(calls.append((text, keywords))) or True)
    application = SimpleNamespace(testingEnabled=lambda: bool(testing))
    testing: list[bool] = []
    monkeypatch.setattr(module, "slicer", SimpleNamespace(app=application, util=util))
    yield calls, testing


def test_a_question_unfolds_details_only_where_there_are_some(asked):
    calls, _testing = asked
    assert module.Dialogs().confirm("Install?") is True
    assert module.Dialogs().confirm("Install?", "torch 2.6") is True
    assert calls == [
        ("Install?", {"windowTitle": "UMambaXAI"}),
        ("Install?", {"windowTitle": "UMambaXAI", "detailedText": "torch 2.6"}),
    ]


def test_without_anybody_to_ask_the_answer_is_no(asked):
    calls, testing = asked
    testing.append(True)  # where Slicer's own functions would say yes
    assert module.Dialogs().confirm("Delete everything?") is False
    assert not calls
