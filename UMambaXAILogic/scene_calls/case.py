"""Segment & Explain on a scene: nodes to files for the worker, and its files back to nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene.export_volume import check_volume_node, export_volume
from UMambaXAILogic.scene.ground_truth import export_ground_truth
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.region import export_region
from UMambaXAILogic.scene.sequence_frame import name_with_frame, shown_frame
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
    """What ``segmentAndExplain`` asks; the returned function writes its files into a folder.

    Args:
        scene: where results go; None: the volume's own scene.

    Raises:
        InputError: the volume cannot be segmented; the returned function: the ground truth or region cannot be used.
    """
    check_volume_node(volume_node)
    return partial(_prepare, volume_node, model, ground_truth_node, threshold, options, scene)


def model_name(model: str | Path) -> str:
    """What a model is called in names of nodes."""
    return Path(model).name.removesuffix(".zip")


def _prepare(
    volume_node: Any,
    model: str | Path,
    ground_truth_node: Any,
    threshold: float,
    options: Options,
    scene: Any,
    folder: Path,
) -> CaseCall:
    grid = export_volume(volume_node, folder / "volume.nrrd")
    ground_truth = _export_ground_truth(ground_truth_node, volume_node, folder / "ground_truth.nrrd", options)
    region = None
    if options.regionNode is not None:
        region = export_region(options.regionNode, volume_node, folder / "region.nrrd", options.regionSegments)
    frame = shown_frame(volume_node)
    request = build_request(name_with_frame(volume_node), model, threshold, options, folder, ground_truth, region)
    scene = scene or volume_node.GetScene()
    volume_id = volume_node.GetID()

    def make_import(job: Job) -> ResultImport:
        return ResultImport(
            scene,
            ImportRequest(
                volume_id=volume_id,
                grid=grid,
                files=job.files,
                model=model_name(model),
                method=options.method,
                threshold=threshold,
                ground_truth=ground_truth,
                replace=options.replace,
                temporary=True,
                frame=frame,
            ),
        )

    def make_result(done: ResultImport, job: Job) -> SegmentAndExplainResult:
        return case_result(done.result, [(warning.code, warning.message) for warning in job.warnings])

    return SceneCall(request.to_json(), make_import, make_result)


def _export_ground_truth(node: Any, volume_node: Any, path: Path, options: Options) -> GroundTruthFile | None:
    if node is None:
        return None
    segment_labels = export_ground_truth(
        node, volume_node, path, options.groundTruthSegments, options.resampleGroundTruth
    )
    labels = None if options.groundTruthLabels is None else tuple(options.groundTruthLabels)
    return GroundTruthFile(path, segment_labels or labels)
