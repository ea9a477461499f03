"""What a test finds, and how it is found again afterwards: scene, layout, module, services, temporary files."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import slicer

from UMambaXAILogic.scene.result_layout import restore_layout

MODULE = "UMambaXAI"
#: Of files that a result keeps until the process ends.
_KEPT = "umamba-xai-layers-"


class Surroundings:
    """An empty scene with the opened panel, from ``__init__`` until ``leave``; temporary files go into ``folder``.

    Exceptions in slots, timers and observers, which the application only prints, are collected: ``leave`` raises the
    first of them.

    Args:
        make_logic: makes the ``UMambaXAILogic`` that the panel gets back in the end.
    """

    def __init__(self, make_logic: Callable[[], Any]) -> None:
        self._make_logic = make_logic
        self.folder = Path(tempfile.mkdtemp(prefix="umamba-xai-self-test-"))
        self._temporary = self.folder / "temporary"
        self._temporary.mkdir()
        self._temporary_before, tempfile.tempdir = tempfile.tempdir, str(self._temporary)
        self._module_before = _selected_module()
        slicer.mrmlScene.Clear(0)
        self._raised: list[BaseException] = []
        self._hook_before = sys.excepthook
        sys.excepthook = self._on_exception
        self.widget = _open_module()

    @property
    def panel(self) -> Any:
        """The opened panel."""
        return self.widget.panel

    def leave(self) -> None:
        """Put everything back.

        Raises:
            AssertionError: a run's work folder was left behind.
            BaseException: what was raised in a slot, timer or observer.
        """
        from ..panel.services import make_services

        try:
            self.panel.use(make_services(self._make_logic()))
            restore_layout(slicer.mrmlScene)
            slicer.mrmlScene.Clear(0)
            left = [path.name for path in self._temporary.iterdir() if not path.name.startswith(_KEPT)]
            if self._module_before not in ("", MODULE):
                slicer.util.selectModule(self._module_before)
        finally:
            sys.excepthook, tempfile.tempdir = self._hook_before, self._temporary_before
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._raised:
            raise self._raised[0]
        assert not left, f"the test left behind: {left}"

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self._raised.append(error)
        self._hook_before(kind, error, trace)


def _open_module() -> Any:
    """The module's widget, opened as a user opens it; without a main window, as nearly so as can be."""
    widget = slicer.util.getModuleWidget(MODULE)
    if slicer.util.mainWindow() is None:
        widget.enter()
    else:
        slicer.util.selectModule(MODULE)
    return widget


def _selected_module() -> str:
    return "" if slicer.util.mainWindow() is None else slicer.util.selectedModule()


def node_ids() -> set[str]:
    """Of all nodes in the scene."""
    scene = slicer.mrmlScene
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}
