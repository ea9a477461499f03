"""Judge the map of a result in the scene: its volume to a file, and the badges back to its numbers and its legend."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.judge_request import JudgeRequest
from UMambaXAILogic.engine.progress import JUDGED_STAGES
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene.export_volume import check_volume_node, volume_file, volume_in_pieces
from UMambaXAILogic.scene.ground_truth import ground_truth_in_pieces
from UMambaXAILogic.scene.in_pieces import Pieces, in_turn
from UMambaXAILogic.scene.region import region_in_pieces
from UMambaXAILogic.scene.result_view import ResultView
from UMambaXAILogic.scene.result_view.legend import show_legend
from UMambaXAILogic.scene.result_view.nodes import METRICS, VOLUME, ResultNodes
from UMambaXAILogic.scene.sequence_frame import name_with_frame
from UMambaXAILogic.scene.unchanged import while_unchanged
from UMambaXAILogic.scene_calls.job import SceneCall
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult, view_of

Badges = list[dict[str, Any]]


class BadgesImport:
    """Takes the judged metrics over into a result's node.

    Args:
        nodes: of the result.
        path: of the judged metrics.json.
    """

    def __init__(self, nodes: ResultNodes, path: Path) -> None:
        self._nodes, self._path = nodes, path
        self._before: str | None = None
        self.metrics: dict[str, Any] = {}

    def steps(self) -> list[Callable[[], None]]:
        """See ``SceneImport``."""
        return [self._take_over]

    def undo(self) -> None:
        """See ``SceneImport``."""
        node = self._nodes.get(METRICS)
        if self._before is not None and node is not None:
            node.SetText(self._before)

    def _take_over(self) -> None:
        node = self._nodes.needed(METRICS)
        text = self._path.read_text(encoding="utf-8")
        self.metrics = json.loads(text)
        self._before = node.GetText()
        node.SetText(text)
        state = self._nodes.state
        if state is not None:
            show_legend(self._nodes, state)


BadgesCall = SceneCall[BadgesImport, Badges]


def badges_call(
    result: SegmentAndExplainResult | ResultView,
    model: str | Path,
    ground_truth_node: Any = None,
    ground_truth_segments: Sequence[str] | str | None = None,
    region_node: Any = None,
    region_segments: Sequence[str] | str | None = None,
    device: str = "auto",
) -> Callable[[Path], BadgesCall]:
    """What ``judge`` asks; the returned function says which files go into a folder.

    Raises:
        InputError: the result has no map, or its volume is gone.
    """
    if not _has_map(result):
        raise InputError("There is no attention map that could be judged.", "Choose another result.")
    volume_node = view_of(result).nodes.needed(VOLUME)
    check_volume_node(volume_node)
    truth, region = (ground_truth_node, ground_truth_segments), (region_node, region_segments)
    return partial(_prepare, result, volume_node, model, truth, region, device)


def _has_map(result: SegmentAndExplainResult | ResultView) -> bool:
    if isinstance(result, ResultView):
        return result.has_attention
    return result.view is not None and result.attentionNode is not None


def _prepare(
    result: SegmentAndExplainResult | ResultView,
    volume_node: Any,
    model: str | Path,
    truth: tuple[Any, Any],
    region: tuple[Any, Any],
    device: str,
    folder: Path,
) -> BadgesCall:
    nodes = view_of(result).nodes

    def make_import(job: Job) -> BadgesImport:
        path = job.files["metrics"]
        assert path is not None
        return BadgesImport(nodes, path)

    def make_result(done: BadgesImport, job: Job) -> Badges:
        if isinstance(result, SegmentAndExplainResult):  # which holds a copy of them
            result.metrics.update({name: done.metrics[name] for name in ("badges", "gate_version")})
        return done.metrics["badges"]

    def export() -> Pieces[str]:
        request = yield from result_in_pieces(nodes, volume_node, str(model), truth, region, device, folder)
        return request.to_json()

    return SceneCall(export(), make_import, make_result, JUDGED_STAGES)


def result_in_pieces(
    nodes: ResultNodes,
    volume_node: Any,
    model: str,
    truth: tuple[Any, Any],
    region: tuple[Any, Any],
    device: str,
    folder: Path,
) -> Pieces[JudgeRequest]:
    """Write a result's metrics and what it was made from, for calls that find out more about it.

    Args:
        truth, region: node and segments of what the result was made with; (None, None) where there was none.
        folder: receives the files; the result's own in ``result``.
    """
    judged = folder / "result"
    judged.mkdir()
    (judged / "metrics.json").write_text(nodes.needed(METRICS).GetText(), encoding="utf-8")
    volume = volume_file(folder, name_with_frame(volume_node))
    read = [volume_node]
    works: list[Pieces[Any]] = [volume_in_pieces(volume_node, volume)]
    ground_truth = None
    if truth[0] is not None:
        resample = bool(nodes.metrics["request"]["settings"]["resample_ground_truth"])
        ground_truth = folder / "ground_truth.nrrd"
        read.append(truth[0])
        works.append(ground_truth_in_pieces(truth[0], volume_node, ground_truth, truth[1], resample))
    if region[0] is not None:
        read.append(region[0])
        works.append(region_in_pieces(region[0], volume_node, folder / "region.nrrd", region[1]))
    results = yield from while_unchanged(in_turn(*works), read)
    mask = None if region[0] is None else results[-1].mask
    return JudgeRequest(judged, volume, model, ground_truth, mask, device=device)
