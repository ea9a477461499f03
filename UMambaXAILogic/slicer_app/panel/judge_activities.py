"""Judging the map on show and benchmarking methods, as things that the panel's controller begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.engine.badges.words import badge_texts
from UMambaXAILogic.engine.benchmark.columns import NOT_AVAILABLE, shown_rows
from UMambaXAILogic.engine.errors import InputError, ModelError
from UMambaXAILogic.interaction.panel.activities import BENCHMARK, JUDGE
from UMambaXAILogic.interaction.panel.benchmark import benchmark_options
from UMambaXAILogic.interaction.panel.benchmark_choices import named_maps
from UMambaXAILogic.interaction.panel.controller import Activity
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.model_look import ModelLookup

from .judge_facts import judged_facts
from .result_controls import ResultControls
from .result_inputs import result_inputs


def judge_activities(
    logic: Any, results: ResultControls, models: ModelLookup, node: Callable[[str], Any]
) -> dict[str, Activity]:
    """The activities by name.

    Args:
        logic: a ``UMambaXAILogic``.
        results: the result that is shown.
        models: says what a model is.
        node: the scene's node of an id; None for an empty one.
    """

    def start_judging(inputs: PanelInputs) -> Any:
        view = results.view
        if view is None:
            raise InputError("The result was removed from the scene.", "Run Segment & Explain again.")
        made_with = result_inputs(judged_facts(view.nodes), inputs, models, node)
        return logic.startJudge(
            view,
            model=inputs.model,
            ground_truth_node=made_with.truth,
            ground_truth_segments=made_with.truth_segments,
            region_node=made_with.region,
            region_segments=made_with.region_segments,
            device=inputs.choices.device,
        )

    def start_benchmark(inputs: PanelInputs) -> Any:
        look = models.look(inputs.model)
        if look.facts is None:
            raise ModelError(look.problem or "No model is chosen.")
        needs_truth = inputs.choices.target_kind != "prediction"
        return logic.startBenchmark(
            node(inputs.volume_id),
            model=inputs.model,
            groundTruthNode=node(inputs.ground_truth_id) if needs_truth else None,
            regionNode=node(inputs.region_id),
            mapNodes={name: node(node_id) for name, node_id in named_maps(inputs.benchmark).items()},
            **benchmark_options(inputs, look.facts),
        )

    return {JUDGE: Activity(start_judging, _judged), BENCHMARK: Activity(start_benchmark, _ranked)}


def _judged(job: Any) -> str:
    return _("The map was judged: {badges}.").format(
        badges="; ".join(f"{badge.title}: {badge.state}" for badge in badge_texts(job.result))
    )


def _ranked(job: Any) -> str:
    rows = shown_rows(job.result.body)
    told = _("{count} maps were judged.").format(count=len(rows))
    if rows[0]["rank"] == NOT_AVAILABLE:
        return told
    return f"{told} " + _("First: {map}, faithfulness {score}.").format(
        map=rows[0]["map"], score=rows[0]["faithfulness"]
    )
