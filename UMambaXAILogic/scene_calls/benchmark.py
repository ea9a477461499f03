"""The benchmark of attribution maps from a scene: nodes to files for the worker, and its table and curves to nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.benchmark.cohort_request import BenchmarkCohortRequest
from UMambaXAILogic.engine.benchmark.columns import is_of_cohort
from UMambaXAILogic.engine.benchmark.table import table_rows
from UMambaXAILogic.engine.progress import BENCHMARK_STAGES, COHORT_STAGES
from UMambaXAILogic.engine.request import REPORTING_THRESHOLD
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene.export_volume import check_volume_node, volume_in_pieces
from UMambaXAILogic.scene.ground_truth import ground_truth_in_pieces, prediction_warnings
from UMambaXAILogic.scene.import_benchmark import BenchmarkFolderImport, BenchmarkImport, ImportedBenchmark
from UMambaXAILogic.scene.in_pieces import Pieces, in_turn
from UMambaXAILogic.scene.own_map import check_own_map
from UMambaXAILogic.scene.part_at_point import in_local_space, part_name
from UMambaXAILogic.scene.region import region_in_pieces
from UMambaXAILogic.scene.sequence_frame import name_with_frame, shown_frame
from UMambaXAILogic.scene.unchanged import while_unchanged

from .benchmark_options import BenchmarkOptions, benchmark_request
from .case import ground_truth_file, model_name
from .job import SceneCall, ready
from .options import Options, build_request


@dataclass(frozen=True)
class MapBenchmark:
    """Maps that were judged, the best first; None for what there is none of.

    Args:
        body: the content of benchmark.json.
        rows: a row a map with its numbers, None where one cannot be computed: the columns of benchmark.csv. Of a
            cohort: the members of ``methods``, with means and intervals over cases.
        tableNode: the same in words; the columns' descriptions say what each means.
        deletionTableNode, deletionChartNode: what is left of the score when the first voxels of a map are filled.
        insertionTableNode, insertionChartNode: what comes back of it when only these are shown. Not of a cohort.
        folder: where all files lie, the maps among them; None where they were not kept.
        folderItem: the subject hierarchy item of the folder that holds the nodes; 0 where they belong to no volume.
        warnings: what the worker wants the user to know, as (code, message).
    """

    body: dict[str, Any]
    rows: list[dict[str, Any]]
    tableNode: Any
    deletionTableNode: Any
    deletionChartNode: Any
    insertionTableNode: Any
    insertionChartNode: Any
    folder: Path | None
    folderItem: int
    warnings: list[tuple[str, str]]


BenchmarkCall = SceneCall[BenchmarkImport, MapBenchmark]
FolderCall = SceneCall[BenchmarkFolderImport, MapBenchmark]


def benchmark_call(
    volume_node: Any,
    model: str | Path,
    ground_truth_node: Any,
    output: Path | None,
    options: tuple[BenchmarkOptions, Options],
    scene: Any = None,
) -> Callable[[Path], BenchmarkCall]:
    """What ``benchmark`` asks; the returned function says which files go into a folder.

    Args:
        output: where the files stay; None: they do not.
        scene: where results go; None: the volume's own scene.

    Raises:
        InputError: a volume or map cannot be used; the returned function: the ground truth or region cannot be used.
        UsageError: the returned function: an option is out of its range.
    """
    check_volume_node(volume_node)
    for node in options[0].mapNodes.values():
        check_own_map(node, volume_node)
    return partial(_prepare, volume_node, model, ground_truth_node, output, options, scene)


def benchmark_cohort_call(request: BenchmarkCohortRequest, scene: Any) -> FolderCall:
    """What ``benchmarkCohort`` asks."""

    def make_import(job: Job) -> BenchmarkFolderImport:
        return BenchmarkFolderImport(scene, request.cohort.output)

    def make_result(done: BenchmarkFolderImport, job: Job) -> MapBenchmark:
        return _result(done.result, request.cohort.output, _told(job))

    return SceneCall(ready(request.to_json()), make_import, make_result, COHORT_STAGES)


def load_benchmark(folder: Path, scene: Any) -> MapBenchmark:
    """See ``UMambaXAILogic.loadBenchmark``."""
    return _result(BenchmarkFolderImport(scene, folder).run(), folder, [])


def _prepare(
    volume_node: Any,
    model: str | Path,
    ground_truth_node: Any,
    output: Path | None,
    options: tuple[BenchmarkOptions, Options],
    scene: Any,
    folder: Path,
) -> BenchmarkCall:
    asked, shared = options
    ground_truth = ground_truth_file(ground_truth_node, shared.groundTruthLabels, folder)
    name = name_with_frame(volume_node)
    case = build_request(name, model, REPORTING_THRESHOLD, shared, folder, ground_truth, None)
    if output is not None:
        case = replace(case, output=output)
    files = {name: folder / f"map {number}.nrrd" for number, name in enumerate(asked.mapNodes)}
    benchmark_request(case, asked, tuple(files.items()))  # refuses now what it refuses
    frame = shown_frame(volume_node)
    parts = (model_name(model), "benchmark", part_name(case.target), "" if frame is None else str(frame))
    run_name = ", ".join(filter(None, parts))
    scene = scene or volume_node.GetScene()
    volume_id = volume_node.GetID()
    about_truth = prediction_warnings(ground_truth_node)

    def make_import(job: Job) -> BenchmarkImport:
        return BenchmarkImport(scene, volume_id, run_name, job.files.get("benchmark"), output, shared.replace)

    def make_result(done: BenchmarkImport, job: Job) -> MapBenchmark:
        return _result(done.result, output, [*_told(job), *about_truth])

    export = _export(volume_node, ground_truth_node, options, in_local_space(case, volume_node), files)
    return SceneCall(export, make_import, make_result, BENCHMARK_STAGES)


def _export(
    volume_node: Any,
    ground_truth_node: Any,
    options: tuple[BenchmarkOptions, Options],
    case: Any,
    files: Mapping[str, Path],
) -> Pieces[str]:
    """Write the files that the request names; returns it with its region, as JSON."""
    asked, shared = options
    nodes = [volume_node]
    works: list[Pieces[Any]] = [volume_in_pieces(volume_node, case.volume)]
    if case.ground_truth is not None:
        nodes.append(ground_truth_node)
        segments, resample = shared.groundTruthSegments, shared.resampleGroundTruth
        works.append(ground_truth_in_pieces(ground_truth_node, volume_node, case.ground_truth, segments, resample))
    for name, path in files.items():
        nodes.append(asked.mapNodes[name])
        works.append(volume_in_pieces(asked.mapNodes[name], path))
    if shared.regionNode is not None:
        nodes.append(shared.regionNode)
        mask = case.volume.with_name("region.nrrd")
        works.append(region_in_pieces(shared.regionNode, volume_node, mask, shared.regionSegments))
    results = yield from while_unchanged(in_turn(*works), nodes)
    case = replace(case, region=None if shared.regionNode is None else results[-1])
    return benchmark_request(case, asked, tuple(files.items())).to_json()


def _told(job: Job) -> list[tuple[str, str]]:
    return [(warning.code, warning.message) for warning in job.warnings]


def _result(found: ImportedBenchmark, folder: Path | None, told: list[tuple[str, str]]) -> MapBenchmark:
    body = found.body
    return MapBenchmark(
        body=body,
        rows=body["methods"] if is_of_cohort(body) else table_rows(body),
        tableNode=found.table_node,
        deletionTableNode=None if found.deletion is None else found.deletion.table,
        deletionChartNode=None if found.deletion is None else found.deletion.chart,
        insertionTableNode=None if found.insertion is None else found.insertion.table,
        insertionChartNode=None if found.insertion is None else found.insertion.chart,
        folder=folder,
        folderItem=found.folder_item,
        warnings=told,
    )
