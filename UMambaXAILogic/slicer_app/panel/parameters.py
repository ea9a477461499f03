"""The panel's choices, saved with the scene."""

# Annotations stay evaluated (no ``from __future__ import annotations``): parameterNodeWrapper reads them.
import enum
from typing import Annotated, Any, Union

import slicer
from slicer import (
    vtkMRMLLabelMapVolumeNode,
    vtkMRMLMarkupsROINode,
    vtkMRMLPlotChartNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTableNode,
)
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from UMambaXAILogic.engine.deletion_request import DEFAULT_POINTS, FEWEST_POINTS, MOST_POINTS
from UMambaXAILogic.engine.model.reference import DEMO
from UMambaXAILogic.interaction.panel.choices import DEFAULT_METHOD, DEFAULT_THRESHOLD_TEXT
from UMambaXAILogic.interaction.panel.click import DEFAULT_MEANING

MODULE = "UMambaXAI"


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
    """Everything that is chosen. Lists hold what ``interaction.panel.checked`` keeps of several things to check.

    ``result`` is the prediction of the result that is shown; table and chart are the domain statistics. ``deletionOf``
    is the prediction of the result whose map ``deletionMap`` names by its layer; without it, that is a baseline.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    model: str = DEMO
    groundTruth: Union[vtkMRMLSegmentationNode, vtkMRMLLabelMapVolumeNode, None]  # noqa: UP007 the wrapper wants this
    groundTruthParts: list[str]
    region: Union[vtkMRMLMarkupsROINode, vtkMRMLSegmentationNode, vtkMRMLLabelMapVolumeNode, None]  # noqa: UP007
    regionParts: list[str]
    target: str = ""
    targetKind: str = "prediction"
    resampleTruth: bool = False
    method: str = DEFAULT_METHOD
    methodSettings: list[str]
    pool: Annotated[int, WithinRange(0, 64)] = 0
    poolMode: str = "max"
    explainedLayers: list[str]
    preset: str = ""
    thresholds: str = DEFAULT_THRESHOLD_TEXT
    device: str = "auto"
    memoryLimit: Annotated[float, WithinRange(0.0, 4096.0)] = 0.0
    folds: list[str]
    mirror: bool = False
    step: Annotated[float, WithinRange(0.1, 1.0)] = 0.5
    saveLayerMaps: bool = False
    badges: bool = False
    replaceEarlier: bool = True
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
    clickMeaning: str = DEFAULT_MEANING
    deletionOf: vtkMRMLSegmentationNode
    deletionMap: str = ""
    deletionPoints: Annotated[int, WithinRange(FEWEST_POINTS, MOST_POINTS)] = DEFAULT_POINTS
    deletionVesselness: bool = True
    profilePath: str = ""
    samCheckpoint: str = ""
    benchmarkMethods: list[str]
    benchmarkMaps: list[vtkMRMLScalarVolumeNode]
    benchmarkBudget: Annotated[int, WithinRange(2, 1000)] = 50
    benchmarkSeed: Annotated[int, WithinRange(0, 99999)] = 0
    benchmarkRobustness: bool = True
    benchmarkSanity: bool = True
    benchmarkFill: str = "shell"
    benchmarkFolder: str = ""
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
