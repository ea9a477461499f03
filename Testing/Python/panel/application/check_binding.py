"""Leaving the scene's parameters leaves nothing behind that the parameter node would call."""

from __future__ import annotations

import gc

import pytest
import slicer
import vtk


@pytest.fixture
def forgetful(monkeypatch):
    """As in Slicer 5.10: letting the controls go leaves the observer of ``connectGui`` where it is."""

    from UMambaXAILogic.slicer_app.panel.parameters import UMambaXAIParameterNode

    def disconnect(self, tag: int) -> None:
        self._observers.pop(tag)
        for _name, _write, let_go in self._guis.pop(tag):
            let_go()

    monkeypatch.setattr(UMambaXAIParameterNode, "disconnectGui", disconnect)


def observed() -> bool:
    gc.collect()
    node = slicer.mrmlScene.GetSingletonNode("UMambaXAI", "vtkMRMLScriptedModuleNode")
    return bool(node.HasObserver(vtk.vtkCommand.ModifiedEvent))


@pytest.mark.parametrize("version", ["5.10", "5.12"])
def test_nothing_observes_the_parameters_of_a_panel_that_is_out_of_sight(request, version):
    if version == "5.10":
        request.getfixturevalue("forgetful")
    opened = request.getfixturevalue("opened")
    assert observed()
    for _time in range(3):
        opened.exit()
        assert not observed()
        opened.enter()
    opened.panel.parameters.threshold = 0.7
    assert opened.panel.ui.thresholdSlider.value == 0.7
    opened.exit()
    slicer.mrmlScene.Clear(0)
    assert not observed()
