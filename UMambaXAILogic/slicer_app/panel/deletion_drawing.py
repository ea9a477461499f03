"""Draws the deletion curve of the result on show, and keeps it in sight while it grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.engine.deletion_request import DEFAULT_POINTS
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.interaction import Signal
from UMambaXAILogic.interaction.panel.controller import Activity
from UMambaXAILogic.interaction.panel.deletion import (
    DeletionFacts,
    DeletionMap,
    DrawnCurve,
    baseline_maps,
    chosen_map,
    chosen_references,
)
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.judge import JudgedFacts
from UMambaXAILogic.interaction.panel.model_look import ModelLookup
from UMambaXAILogic.scene.comparison.maps import map_choices
from UMambaXAILogic.scene.deletion_curve import DELETION_CHART, deletion_body, deletion_chart
from UMambaXAILogic.scene.deletion_view import hide_deletion, is_deletion_shown, show_deletion
from UMambaXAILogic.scene.result_layout import plot_view
from UMambaXAILogic.scene.result_view import ResultNodes, ResultView, find_result_of, find_results
from UMambaXAILogic.scene.result_view.nodes import METRICS, SEGMENTATION, VOLUME

from .judge_facts import judged_facts
from .result_controls import ResultControls
from .result_inputs import result_inputs


class DeletionDrawing:
    """What is chosen of a deletion curve, and how far it is drawn.

    Signals:
        changed(): points came, or the curve has ended.

    Args:
        logic: a ``UMambaXAILogic``.
        results: the result that is shown.
        models: says what a model is.
        node: the scene's node of an id; None for an empty one.
    """

    def __init__(self, logic: Any, results: ResultControls, models: ModelLookup, node: Callable[[str], Any]) -> None:
        self.changed = Signal()
        self.chosen = ""
        self.points = DEFAULT_POINTS
        self.with_vesselness = True
        self._logic, self._results, self._models, self._node = logic, results, models, node
        self._points_drawn = 0
        self._record_id = ""
        self._judged: tuple[Any, JudgedFacts] | None = None
        self._drawn: tuple[Any, DrawnCurve] | None = None
        self.activity = Activity(self._start, lambda job: job.result.verdict)

    def facts(self) -> DeletionFacts:
        """What there is."""
        nodes = self._results.nodes
        if nodes is None:
            return DeletionFacts()
        return DeletionFacts(
            result=self._judged_facts(nodes),
            maps=tuple(_maps(nodes)),
            chosen=self.chosen,
            with_vesselness=self.with_vesselness,
            points=self.points,
            points_drawn=self._points_drawn,
            drawn=self._drawn_curve(nodes),
            is_shown=is_deletion_shown(nodes),
            has_chart=deletion_chart(nodes) is not None,
        )

    def show(self) -> None:
        """Bring the curve of the result on show into a plot view: the current layout's, or else the result layout's."""
        nodes = self._results.nodes
        if nodes is not None:
            self._bring_into_sight(nodes)

    def hide(self) -> None:
        """Give the plot view back what it showed."""
        hide_deletion(self._results.scene)

    def forget(self) -> None:
        """The scene is left: hold on to nothing of it."""
        self._judged = self._drawn = None

    def kept(self, key: str) -> tuple[Any, str]:
        """What the scene keeps of a map: the prediction of its result and its layer, or None and a baseline's key."""
        chosen = next(one for one in self.facts().maps if one.key == key)
        record = self._node(chosen.record_id)
        return (None, key) if record is None else (ResultNodes(record).get(SEGMENTATION), chosen.layer)

    def _start(self, inputs: PanelInputs) -> Any:
        nodes, facts = self._results.nodes, self.facts()
        chosen = chosen_map(facts)
        if nodes is None or chosen is None:
            raise InputError("The result was removed from the scene.", "Run Segment & Explain again.")
        made_with = result_inputs(facts.result, inputs, self._models, self._node)
        record = self._node(chosen.record_id)
        job = self._logic.startDeletionCurve(
            ResultView(nodes),
            model=inputs.model,
            layer=chosen.layer,
            mapOf=None if record is None else ResultView(ResultNodes(record)),
            baseline=chosen.baseline or None,
            points=self.points,
            references=chosen_references(facts),
            groundTruthNode=made_with.truth,
            groundTruthSegments=made_with.truth_segments,
            regionNode=made_with.region,
            regionSegments=made_with.region_segments,
            device=inputs.choices.device,
        )
        self._points_drawn, self._record_id = 0, nodes.record.GetID()
        job.plotted.connect(self._on_points)
        job.finished.connect(self._on_finished)
        return job

    def _on_points(self, points: list[Any]) -> None:
        nodes = self._drawn_result()
        if self._points_drawn == 0 and nodes is not None:
            self._bring_into_sight(nodes)
        self._points_drawn += len(points)
        self.changed.emit()

    def _on_finished(self, job: Any) -> None:
        nodes, was_in_sight = self._drawn_result(), self._points_drawn > 0
        self._points_drawn = 0
        if job.error is None and nodes is not None and not was_in_sight:  # so fast that no point came before the end
            self._bring_into_sight(nodes)
        elif job.error is not None and was_in_sight and (nodes is None or not show_deletion(nodes)):
            self.hide()  # there is no earlier curve
        self.changed.emit()

    def _drawn_result(self) -> ResultNodes | None:
        """Not always the one on show; None where it was removed."""
        record = self._node(self._record_id)
        return None if record is None else ResultNodes(record)

    def _bring_into_sight(self, nodes: ResultNodes) -> None:
        if deletion_chart(nodes) is not None and not show_deletion(nodes):
            self._results.arrange(True)
            show_deletion(nodes, plot_view(nodes.scene))

    def _judged_facts(self, nodes: ResultNodes) -> JudgedFacts:
        """Read once: progress asks many times a second."""
        file = nodes.get(METRICS)
        version = (nodes.record.GetID(), nodes.needed(VOLUME).GetName(), None if file is None else file.GetMTime())
        if self._judged is None or self._judged[0] != version:
            self._judged = version, judged_facts(nodes)
        return self._judged[1]

    def _drawn_curve(self, nodes: ResultNodes) -> DrawnCurve | None:
        """Likewise."""
        chart = nodes.get(DELETION_CHART)
        if chart is None:
            return None
        version = (chart.GetID(), chart.GetMTime())
        if self._drawn is None or self._drawn[0] != version:
            body = deletion_body(nodes)
            assert body is not None
            titles = {curve["name"]: curve["title"] for curve in body["curves"]}
            self._drawn = version, DrawnCurve(titles["map"], body["verdict"]["text"])
        return self._drawn[1]


def _maps(nodes: ResultNodes) -> list[DeletionMap]:
    """The result's own maps, those of others on its volume, and the baselines."""
    volume = nodes.needed(VOLUME)
    found = []
    for choice in map_choices(nodes):
        text = _("Mean (this result)") if choice.layer == "mean" else _("{layer} (this result)")
        found.append(
            DeletionMap(_key(nodes, choice.layer), text.format(layer=choice.layer), choice.layer, nodes.record.GetID())
        )
    for other in find_results(nodes.scene):
        is_whole = other.get(SEGMENTATION) is not None and other.get(VOLUME) is volume
        if is_whole and other.record is not nodes.record:
            for choice in map_choices(other):
                found.append(DeletionMap(_key(other, choice.layer), choice.name, choice.layer, other.record.GetID()))
    return [*found, *baseline_maps()] if found else []


def key_of_kept(segmentation_node: Any, name: str) -> str:
    """Key of the map that ``DeletionDrawing.kept`` gave these for; of no map where its result is gone."""
    nodes = None if segmentation_node is None else find_result_of(segmentation_node)
    return name if nodes is None else _key(nodes, name)


def _key(nodes: ResultNodes, layer: str) -> str:
    return f"{nodes.record.GetID()} {layer}"
