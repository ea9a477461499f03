"""A shift attribution from request to result: the whole story on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..case.plan import CasePlan, plan_case
from ..case.record import CaseRecord
from ..cohort.check import check_headers
from ..cohort.computers import open_computers
from ..cohort.model_cache import ModelCache
from ..cohort.request import CASES_FOLDER
from ..errors import InputError, UsageError
from ..fingerprint import request_fingerprint
from ..output_folder import OutputFolder
from ..volume import Geometry
from .analysis import Goal
from .case_values import VALUES_NAME
from .execution import Outcome, in_this_process, on_cluster
from .factor import Factor
from .goal import goal_of_cohort, goal_of_values, is_cohort_folder, no_goal
from .reporter import PassCounter, ShiftReporter
from .request import ShiftRequest
from .result import ShiftResult, write_result
from .sides import Side, find_strengths, goal_side, start_side
from .strength import OFF
from .task import ShiftTask, known_values

#: Cases of the goal that are predicted here, so that the cohort gap is known.
GOAL_FOLDER = "goal"


def run_shift(request: ShiftRequest, reporter: ShiftReporter | None = None) -> ShiftResult:
    """Intervene on the cases of one cohort toward another, and share the drop out among the factors.

    Every pass of the model is written down as it ends: a run that was killed goes on behind the last one. A case that
    cannot be computed is named in the result and does not stop the rest.

    Args:
        request: what is asked.
        reporter: hears of the factors' strengths, progress and warnings, and is asked whether to stop.

    Raises:
        UsageError, ModelError, InputError: what is wrong with the request, the model or the input.
        MemoryExhaustedError, NotInstalledError: it cannot run here.
        CancelledError: the user cancelled; what was computed stays.
    """
    reporter = reporter or ShiftReporter()
    models = ModelCache()
    with OutputFolder(request.output) as output:
        template = replace(request.template, device=models.device(request.template.device))
        plan = plan_case(template, CaseRecord(reporter), models.load)
        start, goal = start_side(request, reporter), goal_side(request, reporter)
        unchanged = _tasks(request, start, (), request.output / CASES_FOLDER)
        goal_tasks = [] if goal is None else _tasks(request, goal, (), request.output / GOAL_FOLDER)
        grids = check_headers({task.key: task.request for task in (*unchanged, *goal_tasks)}, reporter)
        factors = find_strengths(request, start, goal, reporter)
        reporter.factors(factors, request.toward_source)
        tasks = _tasks(request, start, [one.factor for one in factors], request.output / CASES_FOLDER)
        outcomes = _compute(request, plan, models, [*goal_tasks, *tasks], grids, output.staging, reporter)
        goal_outcomes, started = outcomes[: len(goal_tasks)], outcomes[len(goal_tasks) :]
        for outcome in outcomes:
            if outcome.values is None:
                reporter.warning("case_failed", f"{outcome.task.case} is left out: {outcome.reason}")
        if all(outcome.values is None for outcome in started):
            raise InputError(
                f"No case of {request.cases} could be computed; the first: {started[0].reason}", "Correct these files."
            )
        scores = _goal(request, plan, goal_outcomes)
        return write_result(request, plan, factors, started, scores, start.without_truth)


def _tasks(request: ShiftRequest, side: Side, factors: Sequence[Factor], folder: Path) -> list[ShiftTask]:
    cohort = request.cohort_of(side.manifest.path)
    return [
        ShiftTask(
            request=cohort.for_case(case),
            factors=tuple(factors),
            values=(folder / case.case / VALUES_NAME).absolute(),
            explains=request.explains,
            label_extent_mm=request.label_extent_mm if factors else None,
            score_in_view=request.score_in_view,
            seed=request.seed,
            threads=request.threads,
        )
        for case in side.cases
    ]


def _compute(
    request: ShiftRequest,
    plan: CasePlan,
    models: ModelCache,
    tasks: Sequence[ShiftTask],
    grids: dict[str, Geometry],
    scratch: Path,
    reporter: ShiftReporter,
) -> list[Outcome]:
    """All cases, in their order."""
    wanted = {}
    for task in tasks:
        wanted[task.key] = max(_most_passes(task) - _passes_known(task, plan, request.restart), 0)
    counter = PassCounter(reporter, wanted)
    if request.scheduler is None and request.workers is None:
        ended = list(in_this_process(tasks, models, reporter, counter))
    else:
        cohort = request.cohort_of(request.cases)
        with open_computers(cohort, plan.model, grids.values(), scratch, reporter) as computers:
            ended = list(on_cluster(computers, tasks, reporter, counter))
    found = {outcome.task.key: outcome for outcome in ended}
    return [found[task.key] for task in tasks]


def _most_passes(task: ShiftTask) -> int:
    """Of the model, if every factor that has a strength acts on the case."""
    acting = [factor for factor in task.factors if factor != OFF[factor.key]]
    return (1 << len(acting)) + sum(factor.rounds for factor in acting)


def _passes_known(task: ShiftTask, plan: CasePlan, restart: bool) -> int:
    """Of earlier runs.

    Raises:
        UsageError: the case was computed with other settings.
    """
    fingerprint = task.fingerprint(request_fingerprint(task.request, plan.model.sha256))
    known = known_values(task, fingerprint)
    if known is not None:
        return known.passes
    if task.values.exists() and not restart:
        raise UsageError(
            f"The case {task.case} was computed in this folder with other settings or strengths.",
            "Choose another folder, or compute everything again with --restart.",
        )
    return 0


def _goal(request: ShiftRequest, plan: CasePlan, outcomes: Sequence[Outcome]) -> Goal:
    """The scores of the cohort that cases are moved to."""
    if is_cohort_folder(request.goal):
        return goal_of_cohort(request.goal, plan, request.explains)
    values = [outcome.values for outcome in outcomes if outcome.values is not None]
    return goal_of_values(values) if values else no_goal()
