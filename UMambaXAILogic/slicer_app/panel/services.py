"""Puts together what the panel works with inside Slicer. Tests put together their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer

from UMambaXAILogic.interaction.domain_summary import summarise_statistics
from UMambaXAILogic.interaction.model_choice import problem_with_model
from UMambaXAILogic.interaction.panel.controller import Activity, PanelController, RuntimeSetup
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.summary import summarise
from UMambaXAILogic.scene.label_export import ALL_SEGMENTS

from ..dialogs import Dialogs
from ..environment import Environment
from ..process_runner import ProcessRunner
from ..runtime_setup import PrivateRuntimeSetup
from .result_controls import ResultControls


@dataclass(frozen=True)
class PanelServices:
    """What the panel works with.

    Args:
        controller: what clicks do.
        dialogs: what asks the user.
        results: what shows a result.
    """

    controller: PanelController
    dialogs: Any
    results: ResultControls


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

    def start_measure(inputs: PanelInputs) -> Any:
        return logic.startComputeDomainStatistics(
            scene().GetNodeByID(inputs.volume_id),
            maskNode=scene().GetNodeByID(inputs.ground_truth_id) if inputs.ground_truth_id else None,
            profile=inputs.profile or _usable(inputs.model),
            maskSegments=ALL_SEGMENTS,
        )

    controller = PanelController(
        Activity(start_run, lambda job: summarise(job.result.metrics)),
        Activity(start_measure, lambda job: summarise_statistics(job.result.row, job.result.comparison)),
        runtime,
        dialogs.confirm,
    )
    return PanelServices(controller, dialogs, ResultControls(scene))


def _usable(model: str) -> str | None:
    """A model whose profile can be asked for; a volume can be measured without one."""
    return model if model and not problem_with_model(model) else None
