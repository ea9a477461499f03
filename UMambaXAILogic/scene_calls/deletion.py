"""The deletion curve of a map: result and map to files, and points back to a chart while the worker computes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.deletion_request import DEFAULT_POINTS, DEFAULT_REFERENCES, DeletionRequest
from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.judge_request import JudgeRequest
from UMambaXAILogic.engine.progress import DELETION_STAGES
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.interaction.protocol import Point
from UMambaXAILogic.scene.comparison.maps import MapChoice
from UMambaXAILogic.scene.deletion_curve import DELETION_CHART, DeletionChart, deletion_tables
from UMambaXAILogic.scene.export_volume import check_volume_node, volume_in_pieces
from UMambaXAILogic.scene.in_pieces import Pieces, in_turn
from UMambaXAILogic.scene.result_view import ResultView
from UMambaXAILogic.scene.result_view.layers import check_layer, prepare_map
from UMambaXAILogic.scene.result_view.nodes import ATTENTION, VOLUME, ResultNodes
from UMambaXAILogic.scene.result_view.state import MEAN
from UMambaXAILogic.scene.unchanged import while_unchanged
from UMambaXAILogic.scene_calls.badges import result_in_pieces
from UMambaXAILogic.scene_calls.job import SceneCall
from UMambaXAILogic.scene_calls.options import known_only
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult, view_of


@dataclass(frozen=True)
class DeletionCurve:
    """What became of the score when a map's voxels were taken away.

    Args:
        area: under the map's curve: about 0 where all of the score is lost at once, 1 where nothing is; None where it
            cannot be computed.
        referenceAreas: the same of the references, by name.
        verdict: what that says, a sentence.
        chartNode: shows the curves.
        tableNodes: their points, by name of the curve: ``map`` and the references.
        body: the content of deletion.json.
        warnings: what the worker wants the user to know, as (code, message).
    """

    area: float | None
    referenceAreas: dict[str, float | None]
    verdict: str
    chartNode: Any
    tableNodes: dict[str, Any]
    body: dict[str, Any] = field(repr=False)
    warnings: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class DeletionOptions:
    """Keyword arguments of ``deletionCurve``.

    Args:
        layer: ``"mean"``, or one of ``view.layers`` of the result whose map is taken.
        mapOf: another result on the same volume, whose map is taken; None: the result's own.
        baseline: ``random``, ``intensity``, ``frangi`` (vesselness) or ``prediction``, in the map's place.
        points: of each curve, both ends counted.
        references: baselines that are drawn beside it.
        fill: what takes the place of removed voxels: ``shell`` (the tissue around), ``mean`` (of the volume), ``blur``.
        seed: of the random ranking.
        groundTruthNode, groundTruthSegments: of a result that explains an error, what it was made with.
        regionNode, regionSegments: of a result that was made inside a region that is no box.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    """

    layer: str = MEAN
    mapOf: SegmentAndExplainResult | ResultView | None = None
    baseline: str | None = None
    points: int = DEFAULT_POINTS
    references: Sequence[str] = DEFAULT_REFERENCES
    fill: str = "shell"
    seed: int = 0
    groundTruthNode: Any = None
    groundTruthSegments: Sequence[str] | str | None = None
    regionNode: Any = None
    regionSegments: Sequence[str] | str | None = None
    device: str = "auto"


def deletion_options(given: dict[str, Any]) -> DeletionOptions:
    """The options in ``given``; raises ``UsageError`` for a name that is not one."""
    return DeletionOptions(**known_only(given, [field.name for field in fields(DeletionOptions)]))


class LiveDeletionChart:
    """Puts points into the scene as they come.

    Args:
        chart: grows.
    """

    def __init__(self, chart: DeletionChart) -> None:
        self._chart = chart

    def take(self, points: Sequence[Point]) -> None:
        """See ``LivePart``."""
        self._chart.take((point.curve, point.values) for point in points)

    def drop(self) -> None:
        """See ``LivePart``."""
        self._chart.drop()


class DeletionImport:
    """Takes the finished curve over.

    Args:
        nodes: of the result.
        chart: that grew.
        path: of deletion.json.
    """

    def __init__(self, nodes: ResultNodes, chart: DeletionChart, path: Path) -> None:
        self._nodes, self._chart, self._path = nodes, chart, path
        self.body: dict[str, Any] = {}

    def steps(self) -> list[Callable[[], None]]:
        """See ``SceneImport``."""
        return [self._finish]

    def undo(self) -> None:
        """See ``SceneImport``."""
        self._chart.drop()

    def result(self, job: Job) -> DeletionCurve:
        """What the call returns."""
        areas = {curve["name"]: curve["area"] for curve in self.body["curves"]}
        return DeletionCurve(
            area=areas.pop("map"),
            referenceAreas=areas,
            verdict=self.body["verdict"]["text"],
            chartNode=self._nodes.needed(DELETION_CHART),
            tableNodes=deletion_tables(self._nodes),
            body=self.body,
            warnings=[(warning.code, warning.message) for warning in job.warnings],
        )

    def _finish(self) -> None:
        self.body = json.loads(self._path.read_text(encoding="utf-8"))
        self._chart.finish(self.body)


DeletionCall = SceneCall[DeletionImport, DeletionCurve]


def deletion_call(
    result: SegmentAndExplainResult | ResultView, model: str | Path, options: DeletionOptions
) -> Callable[[Path], DeletionCall]:
    """What ``deletionCurve`` asks; the returned function says which files go into a folder.

    Raises:
        InputError: the result was removed, there is no such map, or it belongs to another volume.
        UsageError: an option is out of its range, or two maps are asked for.
    """
    nodes = view_of(result).nodes
    check_volume_node(nodes.needed(VOLUME))
    source = _source(nodes, options)
    title = options.baseline or (source.name if source.nodes.record is not nodes.record else source.layer)
    files = JudgeRequest(Path(), Path(), str(model))
    _request(files, title, None if options.baseline else Path(), options)  # refuses at once what it can

    def prepare(folder: Path) -> DeletionCall:
        chart = DeletionChart(nodes, title)

        def export() -> Pieces[str]:
            truth = (options.groundTruthNode, options.groundTruthSegments)
            region = (options.regionNode, options.regionSegments)
            works: list[Pieces[Any]] = [
                result_in_pieces(nodes, nodes.needed(VOLUME), str(model), truth, region, options.device, folder)
            ]
            map_file = None
            if options.baseline is None:
                map_file = folder / "map.nrrd"
                works.append(_map_in_pieces(source, map_file))
            found = yield from in_turn(*works)
            return _request(found[0], title, map_file, options).to_json()

        def make_import(job: Job) -> DeletionImport:
            path = job.files["deletion"]
            assert path is not None
            return DeletionImport(nodes, chart, path)

        return SceneCall(
            export(), make_import, lambda done, job: done.result(job), DELETION_STAGES, LiveDeletionChart(chart)
        )

    return prepare


def _source(nodes: ResultNodes, options: DeletionOptions) -> MapChoice:
    """The map that is taken, checked; where it is a baseline, the result's own stands for it."""
    if options.baseline is not None:
        if options.mapOf is not None or options.layer != MEAN:
            raise UsageError(
                f"The baseline {options.baseline!r} was asked for, and another map too.", "Name one of them."
            )
        return MapChoice(nodes)
    source = nodes if options.mapOf is None else view_of(options.mapOf).nodes
    if source.get(ATTENTION) is None:
        raise InputError(f"'{source.run_name}' has no attention map: nothing was explained.", "Choose another result.")
    check_layer(source, options.layer)
    if source.needed(VOLUME) is not nodes.needed(VOLUME):
        raise InputError(
            f"The map belongs to another volume: '{source.needed(VOLUME).GetName()}'.",
            f"Choose a map of '{nodes.needed(VOLUME).GetName()}'.",
        )
    return MapChoice(source, options.layer)


def _map_in_pieces(source: MapChoice, path: Path) -> Pieces[Any]:
    for _step in prepare_map(source.nodes, source.layer):
        yield 0.0
    node = source.map
    return (yield from while_unchanged(volume_in_pieces(node, path), [node]))


def _request(files: JudgeRequest, title: str, map_file: Path | None, options: DeletionOptions) -> DeletionRequest:
    return DeletionRequest(files, title, map_file, options.references, options.points, options.fill, options.seed)
