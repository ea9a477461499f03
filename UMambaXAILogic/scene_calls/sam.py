"""A SAM on a volume of the scene: nodes to files for the worker, and its files back to nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import DEFAULT_THRESHOLDS, Region
from UMambaXAILogic.engine.sam.request import DEFAULT_LAYERS, METHOD, SamRequest
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene.export_volume import check_volume_node, volume_file
from UMambaXAILogic.scene.grid import local_grid
from UMambaXAILogic.scene.ground_truth import prediction_warnings
from UMambaXAILogic.scene.import_results import ImportRequest, ResultImport
from UMambaXAILogic.scene.run_nodes import refuse_to_replace
from UMambaXAILogic.scene.sequence_frame import name_with_frame, shown_frame
from UMambaXAILogic.scene_calls.case import CaseCall, ground_truth_file, inputs_in_pieces
from UMambaXAILogic.scene_calls.job import SceneCall
from UMambaXAILogic.scene_calls.options import known_only
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult, case_result


@dataclass(frozen=True, kw_only=True)
class SamOptions:
    """Keyword arguments of ``samEmbeddingMap``.

    Args:
        regionSegments: names or ids of the region's segments, ``"all"``, or None where there is only one.
        stage: 1, 2 or 3 of embedding similarity.
        promptShare: of stage 2.
        prototypeWeight, promptWeight, globalWeight, outsideWeight, spatialFloor: of stage 3. All of these: None means
            the method's default.
        layers: depths of the image encoder, such as ``block.11``, or ``embedding``, its output.
        window: lowest and highest intensity that are shown; None: CT angiography's for CT, else all.
        pixels: ``sam`` or ``medsam``: how the network wants its pixels; None: found out.
        thresholds: attention thresholds at which alignment is measured, beside ``threshold``.
        groundTruthSegments, groundTruthLabels, resampleGroundTruth, saveLayerMaps, device, replace: as for
            ``segmentAndExplain``. Without labels, every value > 0 of a label volume counts.
    """

    regionSegments: Sequence[str] | str | None = None
    stage: int | None = None
    promptShare: float | None = None
    prototypeWeight: float | None = None
    promptWeight: float | None = None
    globalWeight: float | None = None
    outsideWeight: float | None = None
    spatialFloor: float | None = None
    layers: Sequence[str] = DEFAULT_LAYERS
    window: Sequence[float] | None = None
    pixels: str | None = None
    thresholds: Sequence[float] = DEFAULT_THRESHOLDS
    groundTruthSegments: Sequence[str] | str | None = None
    groundTruthLabels: Sequence[int] | None = None
    resampleGroundTruth: bool = False
    saveLayerMaps: bool = False
    device: str = "auto"
    replace: bool = True


def sam_options_from(given: dict[str, Any]) -> SamOptions:
    """The options in ``given``; raises ``UsageError`` for a name that is not one."""
    return SamOptions(**known_only(given, [field.name for field in fields(SamOptions)]))


@dataclass(frozen=True)
class _Nodes:
    """What is written for the worker, see ``case.NodeOptions``."""

    regionNode: Any
    regionSegments: Sequence[str] | str | None
    groundTruthSegments: Sequence[str] | str | None
    resampleGroundTruth: bool


def sam_call(
    volume_node: Any,
    checkpoint: str | Path,
    region_node: Any,
    ground_truth_node: Any,
    threshold: float,
    options: SamOptions,
    scene: Any = None,
) -> Callable[[Path], CaseCall]:
    """What ``samEmbeddingMap`` asks; the returned function says which files go into a folder.

    Args:
        scene: where results go; None: the volume's own scene.

    Raises:
        InputError: the volume cannot be used, or there is no region; the returned function: the ground truth or region
            cannot be used.
        UsageError: the returned function: an option is out of its range.
    """
    check_volume_node(volume_node)
    if region_node is None:
        raise InputError("No region was given.", "Pass a markups ROI, a segmentation or a label volume as prompt.")
    return partial(
        _prepare, volume_node, Path(checkpoint).expanduser(), region_node, ground_truth_node, threshold, options, scene
    )


def _prepare(
    volume_node: Any,
    checkpoint: Path,
    region_node: Any,
    ground_truth_node: Any,
    threshold: float,
    options: SamOptions,
    scene: Any,
    folder: Path,
) -> CaseCall:
    ground_truth = ground_truth_file(ground_truth_node, options.groundTruthLabels, folder)
    name = name_with_frame(volume_node)
    request = SamRequest(
        volume=volume_file(folder, name),
        checkpoint=checkpoint.absolute(),
        output=folder / "result",
        region=Region(mask=folder / "region.nrrd"),  # or a box, once the node was looked at
        case=name,
        ground_truth=None if ground_truth is None else ground_truth.path,
        ground_truth_labels=None if ground_truth is None else ground_truth.labels,
        resample_ground_truth=options.resampleGroundTruth,
        options=_method_options(options),
        layers=options.layers,
        window=options.window,
        pixels=options.pixels,
        thresholds=options.thresholds,
        reporting_threshold=threshold,
        device=options.device,
        save_layer_maps=options.saveLayerMaps,
        output_format="nrrd",
    )
    request.method_settings()  # refuses now what it refuses
    scene = scene or volume_node.GetScene()
    volume_id = volume_node.GetID()
    wanted = ImportRequest(
        volume_id=volume_id,
        grid=local_grid(volume_node),
        files={},
        model=checkpoint.stem,
        method=METHOD,
        threshold=threshold,
        ground_truth=ground_truth,
        replace=options.replace,
        temporary=True,
        frame=shown_frame(volume_node),
        warnings=prediction_warnings(ground_truth_node),
    )
    if options.replace:
        refuse_to_replace((ground_truth_node, region_node), volume_id, wanted.run_name)

    def make_import(job: Job) -> ResultImport:
        return ResultImport(scene, replace(wanted, files=job.files))

    def make_result(done: ResultImport, job: Job) -> SegmentAndExplainResult:
        return case_result(done.result, [*((one.code, one.message) for one in job.warnings), *wanted.warnings])

    nodes = _Nodes(region_node, options.regionSegments, options.groundTruthSegments, options.resampleGroundTruth)
    return SceneCall(inputs_in_pieces(volume_node, ground_truth_node, nodes, request), make_import, make_result)


def _method_options(options: SamOptions) -> MethodOptions:
    return MethodOptions(
        stage=options.stage,
        prompt_share=options.promptShare,
        prototype_weight=options.prototypeWeight,
        prompt_weight=options.promptWeight,
        global_weight=options.globalWeight,
        outside_weight=options.outsideWeight,
        spatial_floor=options.spatialFloor,
    )
