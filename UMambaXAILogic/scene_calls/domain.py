"""Domain statistics of a volume of the scene: nodes to files for the worker, and its files back to nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.domain import DomainRequest
from UMambaXAILogic.engine.progress import DOMAIN_STAGES
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene.export_statistics import statistics_in_pieces
from UMambaXAILogic.scene.export_volume import check_volume_node
from UMambaXAILogic.scene.import_domain import DomainImport
from UMambaXAILogic.scene.in_pieces import Pieces
from UMambaXAILogic.scene.sequence_frame import name_with_frame, shown_frame
from UMambaXAILogic.scene.unchanged import while_unchanged
from UMambaXAILogic.scene_calls.job import SceneCall
from UMambaXAILogic.scene_calls.results import DomainStatisticsResult, statistics_result

DomainCall = SceneCall[DomainImport, DomainStatisticsResult]


def domain_call(
    volume_node: Any,
    mask_node: Any,
    profile: str | Path | None,
    mask_segments: Sequence[str] | str | None,
    modality: str | None,
    replace: bool,
    scene: Any = None,
) -> Callable[[Path], DomainCall]:
    """What ``computeDomainStatistics`` asks; the returned function says which files go into a folder.

    Args:
        scene: where results go; None: the volume's own scene.

    Raises:
        InputError: the volume cannot be measured; while files are written: the mask cannot be used.
    """
    check_volume_node(volume_node)
    return partial(_prepare, volume_node, mask_node, profile, mask_segments, modality, replace, scene)


def _prepare(
    volume_node: Any,
    mask_node: Any,
    profile: str | Path | None,
    mask_segments: Sequence[str] | str | None,
    modality: str | None,
    replace: bool,
    scene: Any,
    folder: Path,
) -> DomainCall:
    scene = scene or volume_node.GetScene()
    volume_id, frame = volume_node.GetID(), shown_frame(volume_node)

    def make_import(job: Job) -> DomainImport:
        return DomainImport(scene, volume_id, job.files, replace, frame)

    def make_result(done: DomainImport, job: Job) -> DomainStatisticsResult:
        return statistics_result(done.result, [(warning.code, warning.message) for warning in job.warnings])

    export = _export(volume_node, mask_node, profile, mask_segments, modality, folder)
    return SceneCall(export, make_import, make_result, DOMAIN_STAGES)


def _export(
    volume_node: Any,
    mask_node: Any,
    profile: str | Path | None,
    mask_segments: Sequence[str] | str | None,
    modality: str | None,
    folder: Path,
) -> Pieces[str]:
    """Write what is measured into the folder; returns the request, as JSON."""
    case = name_with_frame(volume_node)
    exporting = statistics_in_pieces(volume_node, folder, mask_node, mask_segments)
    exported = yield from while_unchanged(exporting, [node for node in (volume_node, mask_node) if node is not None])
    return DomainRequest(
        volume=exported.volume,
        output=folder / "result",
        case=case,
        mask=exported.vessels,
        vessels_are=exported.vessels_are,
        profile=None if profile is None else Path(profile).expanduser(),
        modality=modality or exported.modality,
    ).to_json()
