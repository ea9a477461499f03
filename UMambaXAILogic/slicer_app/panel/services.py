"""Puts together what the panel works with inside Slicer. Tests put together their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer
from slicer.i18n import tr as _

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.interaction.domain_summary import summarise_statistics
from UMambaXAILogic.interaction.panel.activities import DELETION, DICOM, SAM
from UMambaXAILogic.interaction.panel.controller import Activity, PanelController, RuntimeSetup
from UMambaXAILogic.interaction.panel.devices import DeviceInquiry
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.model_look import ModelLookup
from UMambaXAILogic.interaction.panel.node_parts import SEGMENTS
from UMambaXAILogic.interaction.panel.run_options import run_options
from UMambaXAILogic.interaction.panel.sam import prompt_id, sam_options
from UMambaXAILogic.interaction.summary import summarise

from ..dialogs import Dialogs
from ..environment import Environment
from ..process_runner import ProcessRunner
from ..runtime_setup import PrivateRuntimeSetup
from .deletion_drawing import DeletionDrawing
from .dicom_activity import dicom_activity
from .judge_activities import judge_activities
from .result_controls import ResultControls


@dataclass(frozen=True)
class PanelServices:
    """What the panel works with.

    Args:
        controller: what clicks do.
        dialogs: what asks the user.
        results: what shows a result.
        devices: says what can compute.
        deletion: draws a deletion curve.
    """

    controller: PanelController
    dialogs: Any
    results: ResultControls
    devices: DeviceInquiry
    deletion: DeletionDrawing


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

    models = ModelLookup()

    def node(node_id: str) -> Any:
        return scene().GetNodeByID(node_id) if node_id else None

    def start_run(inputs: PanelInputs) -> Any:
        return logic.startSegmentAndExplain(
            node(inputs.volume_id),
            model=inputs.model,
            groundTruthNode=node(inputs.ground_truth_id),
            threshold=inputs.threshold,
            regionNode=node(inputs.region_id),
            **_options(inputs, models),
        )

    def start_measure(inputs: PanelInputs) -> Any:
        parts = inputs.ground_truth_parts
        return logic.startComputeDomainStatistics(
            node(inputs.volume_id),
            maskNode=node(inputs.ground_truth_id),
            profile=inputs.profile or (None if models.look(inputs.model).facts is None else inputs.model),
            maskSegments=parts.chosen() if parts.kind == SEGMENTS else None,
        )

    def start_sam(inputs: PanelInputs) -> Any:
        return logic.startSamEmbeddingMap(
            node(inputs.volume_id),
            inputs.sam_checkpoint,
            node(prompt_id(inputs)),
            groundTruthNode=node(inputs.ground_truth_id),
            threshold=inputs.threshold,
            **sam_options(inputs),
        )

    results = ResultControls(scene)
    deletion = DeletionDrawing(logic, results, models, node)
    controller = PanelController(
        Activity(start_run, lambda job: summarise(job.result.metrics, _), _told),
        Activity(start_measure, lambda job: summarise_statistics(job.result.row, job.result.comparison, _)),
        runtime,
        dialogs.confirm,
        models,
        _,
        {
            DELETION: deletion.activity,
            DICOM: dicom_activity(logic, results),
            SAM: Activity(start_sam, lambda job: summarise(job.result.metrics, _), _told),
            **judge_activities(logic, results, models, node),
        },
    )
    return PanelServices(controller, dialogs, results, DeviceInquiry(logic.startListDevices), deletion)


def _told(job: Any) -> list[str]:
    return [warning["message"] for warning in job.result.metrics.get("warnings") or []]


def _options(inputs: PanelInputs, models: ModelLookup) -> dict[str, Any]:
    """What is chosen about the run.

    Raises:
        ModelError: the model cannot be used.
    """
    look = models.look(inputs.model)
    if look.facts is None:
        raise ModelError(look.problem or "No model is chosen.")
    return run_options(inputs, look.facts)
