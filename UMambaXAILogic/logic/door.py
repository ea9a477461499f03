"""What every call of the door needs: a scene, and something that starts workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer

from UMambaXAILogic.interaction import Runner
from UMambaXAILogic.scene_calls.worker import PythonEnvironment, SceneWorker


class Door:
    """Base of the classes that make up ``UMambaXAILogic``, which says what the arguments mean."""

    def __init__(
        self,
        scene: Any = None,
        runnerFactory: Callable[[], Runner] | None = None,
        environment: PythonEnvironment | None = None,
    ) -> None:
        self._scene = scene
        self._worker = SceneWorker(runnerFactory, environment)

    def _sceneNow(self) -> Any:
        """Where results go that belong to no volume yet."""
        return self._scene or slicer.mrmlScene


def absolute(path: str | Path) -> Path:
    """As the worker must be told it: it may stand elsewhere."""
    return Path(path).expanduser().absolute()
