"""What the scene knows of the map on show and of its benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.engine.benchmark.columns import is_of_cohort, map_title
from UMambaXAILogic.interaction.panel.benchmark import BenchmarkFacts
from UMambaXAILogic.interaction.panel.judge import JudgedFacts
from UMambaXAILogic.interaction.panel.numbers import result_numbers
from UMambaXAILogic.scene.import_benchmark import DELETION_CHART, INSERTION_CHART, BenchmarkRecord, find_benchmarks
from UMambaXAILogic.scene.input_volumes import input_volumes
from UMambaXAILogic.scene.result_view import ResultNodes, ResultView
from UMambaXAILogic.scene.result_view.nodes import METRICS, VOLUME
from UMambaXAILogic.scene.sequence_frame import name_without_frame


def judged_facts(nodes: ResultNodes | None) -> JudgedFacts:
    """Of a result; None: there is none."""
    if nodes is None:
        return JudgedFacts()
    metrics = nodes.metrics if nodes.get(METRICS) is not None else {}
    request = metrics.get("request") or {}
    settings = request.get("settings")
    has_origin = isinstance(settings, dict) and isinstance(request.get("content"), str)
    has_region = (metrics.get("segmentation") or {}).get("region_voxels") is not None
    volume = nodes.get(VOLUME)
    return JudgedFacts(
        volume_id=volume.GetID(),
        volume_name=name_without_frame(volume),
        run_name=nodes.run_name,
        has_map=ResultView(nodes).has_attention,
        is_of_sam=(metrics.get("model") or {}).get("architecture") == "SAM",
        says_origin=has_origin,
        kind=(metrics.get("target") or {}).get("kind") or "prediction",
        has_mask_region=has_region and has_origin and not settings.get("region_box_mm_ras"),
        badges=result_numbers(metrics, _).badges if metrics else (),
        is_judged=bool(metrics.get("badges")),
    )


def own_map_volumes(scene: Any, volume_id: str) -> tuple[tuple[str, str], ...]:
    """Id and name of each volume that may be a map of the user's own: all images but the one that is chosen."""
    return tuple((node.GetID(), node.GetName()) for node in input_volumes(scene) if node.GetID() != volume_id)


def benchmark_of(scene: Any, volume_id: str) -> BenchmarkRecord | None:
    """The latest benchmark of a volume; where it has none, the scene's latest; None where that has none."""
    found = find_benchmarks(scene)
    own = [one for one in found if one.volume is not None and one.volume.GetID() == volume_id]
    return (own or found or [None])[-1]


def benchmark_facts(record: BenchmarkRecord) -> BenchmarkFacts:
    """Of a benchmark. Looks at the disk."""
    body = record.body
    best = next((map_title(method) for method in body["methods"] if method["rank"] == 1), "")
    volume = record.volume
    if is_of_cohort(body):
        subject = _("{count} cases of {folder}").format(count=len(body["cases"]), folder=Path(record.folder).name)
    else:
        name = body["case"] if volume is None else name_without_frame(volume)
        subject = _("{maps} maps of {target} in {volume}").format(
            maps=len(body["methods"]), target=body["target"]["name"], volume=name
        )
    return BenchmarkFacts(
        subject=subject,
        best=best,
        has_deletion=record.get(DELETION_CHART) is not None,
        has_insertion=record.get(INSERTION_CHART) is not None,
        folder=record.folder if record.folder and Path(record.folder).is_dir() else "",
    )
