"""Puts together what the panel works with inside Slicer. Tests put together their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer

from UMambaXAILogic.interaction.panel_controller import PanelController, PanelInputs, RuntimeSetup
from UMambaXAILogic.interaction.summary import summarise
from UMambaXAILogic.scene.label_export import ALL_SEGMENTS

from .dialogs import Dialogs
from .environment import Environment
from .process_runner import ProcessRunner
from .runtime_setup import PrivateRuntimeSetup


@dataclass(frozen=True)
class PanelServices:
    """What the panel works with.

    Args:
        controller: what clicks do.
        dialogs: what asks the user.
    """

    controller: PanelController
    dialogs: Any


def make_services(
    logic: Any,
    dialogs: Any = None,
    runtime: RuntimeSetup | None = None,
    scene: Callable[[], Any] = lambda: slicer.mrmlScene,
) -> PanelServices:
    """Put the services together; the application's own dialogs and packages where none are given.

    Args:
        logic: a ``UMambaXAILogic``, the same door that scripts use.
    """
    dialogs = Dialogs() if dialogs is None else dialogs
    if runtime is None:
        runtime = PrivateRuntimeSetup(Environment(), lambda: ProcessRunner(slicer.app))

    def start_run(inputs: PanelInputs) -> Any:
        return logic.startSegmentAndExplain(
            scene().GetNodeByID(inputs.volume_id),
            model=inputs.model,
            groundTruthNode=scene().GetNodeByID(inputs.ground_truth_id) if inputs.ground_truth_id else None,
            threshold=inputs.threshold,
            groundTruthSegments=ALL_SEGMENTS,  # as all values of a label volume do; the panel has no way to choose
        )

    controller = PanelController(start_run, runtime, dialogs.confirm, lambda job: summarise(job.result.metrics))
    return PanelServices(controller, dialogs)
