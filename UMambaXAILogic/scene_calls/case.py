"""Segment & Explain on a scene: nodes to files for the worker, and its files back to nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from UMambaXAILogic.engine.progress import JUDGED_STAGES, STAGES
from UMambaXAILogic.engine.request import Request
from UMambaXAILogic.engine.sam.request import SamRequest
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene.export_volume import check_volume_node, volume_in_pieces
from UMambaXAILogic.scene.grid import local_grid
from UMambaXAILogic.scene.ground_truth import (
    ground_truth_in_pieces,
    prediction_warnings,
    segment_names,
    target_labels,
)
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.in_pieces import Pieces, in_turn
from UMambaXAILogic.scene.part_at_point import in_local_space, part_name
from UMambaXAILogic.scene.region import region_in_pieces
from UMambaXAILogic.scene.run_nodes import refuse_to_replace
from UMambaXAILogic.scene.sequence_frame import name_with_frame, shown_frame
from UMambaXAILogic.scene.unchanged import while_unchanged
from UMambaXAILogic.scene_calls.job import SceneCall
from UMambaXAILogic.scene_calls.options import Options, build_request
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult, case_result

CaseCall = SceneCall[ResultImport, SegmentAndExplainResult]


def case_call(
    volume_node: Any,
    model: str | Path,
    ground_truth_node: Any,
    threshold: float,
    options: Options,
    scene: Any = None,
) -> Callable[[Path], CaseCall]:
    """What ``segmentAndExplain`` asks; the returned function says which files go into a folder.

    Args:
        scene: where results go; None: the volume's own scene.

    Raises:
        InputError: the volume cannot be segmented; the returned function: the ground truth or region cannot be used.
        UsageError: the returned function: an option is out of its range.
    """
    check_volume_node(volume_node)
    return partial(_prepare, volume_node, model, ground_truth_node, threshold, options, scene)


def model_name(model: str | Path) -> str:
    """What a model is called in names of nodes."""
    return Path(model).name.removesuffix(".zip")


def ground_truth_file(node: Any, labels: Sequence[int] | None, folder: Path) -> GroundTruthFile | None:
    """Where a ground truth is written, and what of it is the target; None without one.

    Args:
        node: of the ground truth, or None.
        labels: that count where the node does not say which; None: the engine's own rule.
    """
    if node is None:
        return None
    values = target_labels(node) or labels
    return GroundTruthFile(folder / "ground_truth.nrrd", None if values is None else tuple(values), segment_names(node))


def _prepare(
    volume_node: Any,
    model: str | Path,
    ground_truth_node: Any,
    threshold: float,
    options: Options,
    scene: Any,
    folder: Path,
) -> CaseCall:
    ground_truth = ground_truth_file(ground_truth_node, options.groundTruthLabels, folder)
    request = build_request(name_with_frame(volume_node), model, threshold, options, folder, ground_truth, None)
    grid, frame = local_grid(volume_node), shown_frame(volume_node)
    scene = scene or volume_node.GetScene()
    volume_id = volume_node.GetID()
    wanted = ImportRequest(
        volume_id=volume_id,
        grid=grid,
        files={},
        model=model_name(model),
        method=options.method,
        threshold=threshold,
        ground_truth=ground_truth,
        replace=options.replace,
        part=part_name(request.target),
        temporary=True,
        frame=frame,
        warnings=prediction_warnings(ground_truth_node),
    )
    if options.replace:
        refuse_to_replace((ground_truth_node, options.regionNode), volume_id, wanted.run_name)
    request = in_local_space(request, volume_node)

    def make_import(job: Job) -> ResultImport:
        return ResultImport(scene, replace(wanted, files=job.files))

    def make_result(done: ResultImport, job: Job) -> SegmentAndExplainResult:
        return case_result(done.result, [*((one.code, one.message) for one in job.warnings), *wanted.warnings])

    stages = JUDGED_STAGES if options.badges else STAGES
    export = inputs_in_pieces(volume_node, ground_truth_node, options, request)
    return SceneCall(export, make_import, make_result, stages)


class NodeOptions(Protocol):
    """What options say about nodes that are written for the worker; see ``Options``."""

    @property
    def groundTruthSegments(self) -> Sequence[str] | str | None: ...
    @property
    def resampleGroundTruth(self) -> bool: ...
    @property
    def regionNode(self) -> Any: ...
    @property
    def regionSegments(self) -> Sequence[str] | str | None: ...


def inputs_in_pieces(
    volume_node: Any, ground_truth_node: Any, options: NodeOptions, request: Request | SamRequest
) -> Pieces[str]:
    """Write the files that the request names; returns it with its region, as JSON."""
    nodes = [volume_node]
    works: list[Pieces[Any]] = [volume_in_pieces(volume_node, request.volume)]
    if request.ground_truth is not None:
        segments, resample = options.groundTruthSegments, options.resampleGroundTruth
        nodes.append(ground_truth_node)
        works.append(ground_truth_in_pieces(ground_truth_node, volume_node, request.ground_truth, segments, resample))
    if options.regionNode is not None:
        nodes.append(options.regionNode)
        mask = request.volume.with_name("region.nrrd")
        works.append(region_in_pieces(options.regionNode, volume_node, mask, options.regionSegments))
    results = yield from while_unchanged(in_turn(*works), nodes)
    if options.regionNode is None:
        return request.to_json()
    return replace(request, region=results[-1]).to_json()
