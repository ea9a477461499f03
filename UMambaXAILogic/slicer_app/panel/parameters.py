"""The panel's choices, saved with the scene."""

# Annotations stay evaluated (no ``from __future__ import annotations``): parameterNodeWrapper reads them.
import enum
from typing import Annotated, Any, Union

import slicer
from slicer import (
    vtkMRMLLabelMapVolumeNode,
    vtkMRMLPlotChartNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTableNode,
)
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

MODULE = "UMambaXAI"


class ModelSource(enum.Enum):
    """Where the model comes from."""

    DEMO = "demo"
    FOLDER = "folder"
    ARCHIVE = "archive"

    def label(self) -> str:
        """What the combo box shows."""
        return {
            ModelSource.DEMO: _("Demo model (phantom vessels)"),
            ModelSource.FOLDER: _("Trained nnU-Net folder"),
            ModelSource.ARCHIVE: _("Exported zip"),
        }[self]


class MaskMode(enum.Enum):
    """How prediction or ground truth is shown."""

    OFF = "off"
    OUTLINE = "outline"
    FILL = "fill"

    def label(self) -> str:
        """What the combo box shows."""
        return {MaskMode.OFF: _("Hidden"), MaskMode.OUTLINE: _("Outline"), MaskMode.FILL: _("Filled")}[self]


@parameterNodeWrapper
class UMambaXAIParameterNode:
    """Everything that is chosen.

    ``result`` is the prediction of the result that is shown; table and chart are the domain statistics.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    modelSource: ModelSource = ModelSource.DEMO
    modelPath: str = ""
    groundTruth: Union[vtkMRMLSegmentationNode, vtkMRMLLabelMapVolumeNode, None]  # noqa: UP007 the wrapper wants this
    result: vtkMRMLSegmentationNode
    showOverlay: bool = True
    showContours: bool = False
    showSurface: bool = True
    showCloud: bool = False
    showProjection: bool = False
    prediction: MaskMode = MaskMode.OFF
    truth: MaskMode = MaskMode.OUTLINE
    showErrors: bool = False
    layer: str = "mean"
    threshold: Annotated[float, WithinRange(0.01, 1.0)] = 0.3
    opacity: Annotated[float, WithinRange(0.0, 1.0)] = 0.55
    profilePath: str = ""
    domainTable: vtkMRMLTableNode
    domainChart: vtkMRMLPlotChartNode


def scene_parameters() -> UMambaXAIParameterNode:
    """This scene's parameters, made on first use; those of another version that cannot be read are forgotten."""
    owner = ScriptedLoadableModuleLogic()
    owner.moduleName = MODULE
    node = owner.getParameterNode()
    try:
        return UMambaXAIParameterNode(node)
    except ValueError:  # such as a choice that this version does not know
        node.UnsetAllParameters()
        return UMambaXAIParameterNode(node)


def present(node: Any) -> Any:
    """A node that parameters name, or None where there is none or it was removed."""
    return node if node is not None and slicer.mrmlScene.IsNodePresent(node) else None
