"""The scene's parameters, as the controller takes them."""

from __future__ import annotations

from typing import Any

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.interaction.panel.benchmark_choices import BenchmarkChoices, OwnMap
from UMambaXAILogic.interaction.panel.choices import RunChoices
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.node_parts import LABELS, SEGMENTS, NodeParts, Part
from UMambaXAILogic.scene.export_volume import check_volume_node
from UMambaXAILogic.scene.ground_truth import is_prediction
from UMambaXAILogic.scene.node_parts import LabelValues, segments
from UMambaXAILogic.scene.own_map import check_own_map

from .parameters import present

_label_values = LabelValues()


def chosen_inputs(parameters: Any) -> PanelInputs:
    """What is chosen; nothing where there are no parameters, as between two scenes.

    Args:
        parameters: a ``UMambaXAIParameterNode``, or None.
    """
    if parameters is None:
        return PanelInputs()
    volume, truth, region = map(present, (parameters.inputVolume, parameters.groundTruth, parameters.region))
    return PanelInputs(
        volume_id=_id(volume),
        volume_name=_name(volume),
        model=parameters.model,
        ground_truth_id=_id(truth),
        ground_truth_name=_name(truth),
        ground_truth_is_prediction=truth is not None and is_prediction(truth),
        ground_truth_parts=_parts(truth, parameters.groundTruthParts),
        region_id=_id(region),
        region_name=_name(region),
        region_parts=_parts(region, parameters.regionParts, with_labels=False),
        choices=_choices(parameters),
        threshold=round(parameters.threshold, 2),  # sliders give 0.7000000000000001
        profile=parameters.profilePath.strip(),
        sam_checkpoint=parameters.samCheckpoint.strip(),
        benchmark=BenchmarkChoices(
            methods=tuple(parameters.benchmarkMethods),
            maps=_own_maps(parameters.benchmarkMaps, volume),
            budget=parameters.benchmarkBudget,
            seed=parameters.benchmarkSeed,
            robustness=parameters.benchmarkRobustness,
            sanity=parameters.benchmarkSanity,
            fill=parameters.benchmarkFill,
            folder=parameters.benchmarkFolder.strip(),
        ),
    )


def _own_maps(kept: Any, volume: Any) -> tuple[OwnMap, ...]:
    """The volumes that are judged as maps, without the chosen volume itself."""
    nodes = [node for node in map(present, kept) if node is not None and _id(node) != _id(volume)]
    return tuple(OwnMap(_id(node), _name(node), _problem(node, volume)) for node in nodes)


def _problem(map_node: Any, volume: Any) -> str:
    try:
        if volume is not None:
            check_volume_node(volume)
            check_own_map(map_node, volume)
    except InputError as error:
        return f"{error.message} {error.remedy}"
    return ""


def _choices(parameters: Any) -> RunChoices:
    return RunChoices(
        target=parameters.target,
        target_kind=parameters.targetKind,
        resample_truth=parameters.resampleTruth,
        method=parameters.method,
        settings=tuple(parameters.methodSettings),
        pool=parameters.pool,
        pool_mode=parameters.poolMode,
        layers=tuple(parameters.explainedLayers),
        preset=parameters.preset,
        thresholds=parameters.thresholds,
        device=parameters.device,
        memory_limit_gb=parameters.memoryLimit,
        folds=tuple(parameters.folds),
        mirror=parameters.mirror,
        step=parameters.step,
        save_layer_maps=parameters.saveLayerMaps,
        badges=parameters.badges,
        replace=parameters.replaceEarlier,
    )


def _parts(node: Any, kept: Any, with_labels: bool = True) -> NodeParts:
    """What a node is made of.

    Args:
        kept: keys of the parts that count, as the scene keeps them.
        with_labels: a label volume's values can be told apart; else it is taken whole.
    """
    if node is None:
        return NodeParts()
    if node.IsA("vtkMRMLSegmentationNode"):
        return NodeParts(SEGMENTS, tuple(Part(key, name) for key, name in segments(node)), tuple(kept))
    if with_labels and node.IsA("vtkMRMLLabelMapVolumeNode"):
        values = _label_values.of(node)
        if values is not None:
            return NodeParts(LABELS, tuple(Part(str(value), str(value)) for value in values), tuple(kept))
    return NodeParts()


def _id(node: Any) -> str:
    return "" if node is None else node.GetID()


def _name(node: Any) -> str:
    return "" if node is None else node.GetName()
