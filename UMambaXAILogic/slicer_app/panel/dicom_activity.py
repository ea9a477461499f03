"""Writing the result as DICOM, as something that the panel's controller begins."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.interaction.panel.controller import Activity
from UMambaXAILogic.interaction.panel.inputs import PanelInputs

from .result_controls import ResultControls


def dicom_activity(logic: Any, results: ResultControls) -> Activity:
    """Writes the result that the controls are about into ``results.dicom_folder``.

    Args:
        logic: a ``UMambaXAILogic``.
    """

    def start(inputs: PanelInputs) -> Any:
        if results.view is None:
            raise InputError("The result was removed from the scene.", "Run Segment & Explain again.")
        return logic.startExportToDicom(results.view, results.dicom_folder)

    return Activity(start, _describe)


def _describe(job: Any) -> str:
    written = job.result
    if written.attention is None:
        return _("Written as DICOM: {segmentation} in {folder}; there is no attention map.").format(
            segmentation=written.segmentation.name, folder=written.segmentation.parent
        )
    return _("Written as DICOM: {attention} and {segmentation} in {folder}.").format(
        attention=written.attention.name, segmentation=written.segmentation.name, folder=written.segmentation.parent
    )
