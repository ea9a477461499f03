"""A benchmark of one case from request to result: the whole story on one page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..case.input import CaseInput, read_case
from ..case.plan import CasePlan, ModelLoader, plan_case
from ..case.record import CaseRecord
from ..case.segmentation import check_target, segment
from ..errors import InputError, ModelError
from ..inference.explanation import Explained
from ..inference.network_grid import NetworkGrid, to_network_grid
from ..memory_plan.for_case import plan_memory
from ..methods.comparison import MethodVoice
from ..output_folder import OutputFolder
from ..progress import OnlyStopped, PartOfStage, Reporter
from ..target_part import index_of
from .budget import alike, within_budget
from .candidate import Candidate
from .correlation import pearson
from .deletion import Deletion
from .faithfulness import LeakageMeter, faithfulness
from .maps import baseline_candidates, given_candidate, method_candidate
from .randomised import cascade
from .request import BenchmarkRequest
from .result import BenchmarkResult, write_result
from .sanity import Sanity
from .variants import Variant, perturbed, random_input, with_network
from .verdicts import Judged


@dataclass(frozen=True)
class Prepared:
    """A case with something to explain."""

    plan: CasePlan
    case: CaseInput
    grid: NetworkGrid
    explained: Explained


def run_benchmark(
    request: BenchmarkRequest, reporter: Reporter | None = None, load: ModelLoader | None = None
) -> BenchmarkResult:
    """Explain one case by several methods, and judge every map by the same case, model, target, fill and budget.

    Args:
        request: what is asked.
        reporter: hears of stages, progress and warnings, and is asked whether to stop.
        load: takes the place of ``load_model``, for callers that keep a model between cases.

    Returns:
        The files and the content of benchmark.json. ``request.case.output`` holds either all of them or none.

    Raises:
        UsageError, ModelError, InputError: what is wrong with request, model or input; nothing was predicted.
        MemoryExhaustedError, NotInstalledError: it cannot run here.
        CancelledError: the user cancelled.
    """
    record = CaseRecord(reporter or Reporter())
    with OutputFolder(request.case.output) as output:
        # All arrays are gone when this returns: Windows does not remove a folder with a file that one lies in.
        return _benchmarked(request, record, load, output)


def _benchmarked(
    request: BenchmarkRequest, record: CaseRecord, load: ModelLoader | None, output: OutputFolder
) -> BenchmarkResult:
    prepared = prepare(request, record, load, output.staging)
    case = prepared.explained
    candidates = list(_candidates(request, prepared, record))
    record.stage("faithfulness")
    deletion = Deletion(case, request.fill, request.seed, record)
    meter = LeakageMeter(case, deletion)
    judged = []
    for number, candidate in enumerate(candidates):
        part = PartOfStage(record, number / len(candidates), 1 / len(candidates))
        judged.append(_judged(candidate, deletion, meter, part))
    if "robustness" in request.axes:
        record.stage("robustness")
        judged = _with_robustness(judged, case, request.seed, record)
    if "sanity" in request.axes:
        record.stage("sanity")
        judged = _with_sanity(judged, case, request.seed, record)
    record.stage("write")
    voxels = case.part_voxels
    return write_result(request, prepared.plan, prepared.case, prepared.grid, judged, deletion, record, output, voxels)


def prepare(
    request: BenchmarkRequest, record: CaseRecord, load: ModelLoader | None = None, scratch: Path | None = None
) -> Prepared:
    """Read, preprocess and segment; raises ``InputError`` where there is nothing to explain."""
    plan = plan_case(request.case, record, load)
    record.stage("read")
    case = read_case(request.case, plan.model, plan.score.target, record)
    volumes = len(plan.methods) + len(request.baselines) + len(request.maps)
    return prepare_case(plan, case, record, volumes, scratch)


def prepare_case(
    plan: CasePlan, case: CaseInput, record: CaseRecord, further_volumes: int, scratch: Path | None = None
) -> Prepared:
    """Preprocess and segment what was read.

    Args:
        further_volumes: that will be held beside what explaining holds.
        scratch: folder for files that take memory's place; None: the system's.

    Raises:
        InputError: there is nothing to explain.
    """
    if plan.request.target.part is not None:
        index_of(plan.request.target.part, case.volume.geometry)  # refuse now what lies outside, not after segmenting
    record.stage("preprocess")
    grid = to_network_grid(case.volume, plan.model)
    memory = plan_memory(plan, case, grid, further_volumes=further_volumes, further_logits=1)
    record.announce(memory.words())
    record.stage("segment")
    explained, labels = segment(plan, case, grid, record, memory.run_memory(scratch))
    pm = np.isin(labels, plan.score.target.label_values)
    if not check_target(plan, case, explained, grid, pm, record):
        raise InputError(
            record.warnings[-1]["message"].rstrip(".") + ": maps cannot be judged.",
            "Choose another target, region, model or volume.",
        )
    return Prepared(plan, case, grid, explained)


def _candidates(request: BenchmarkRequest, prepared: Prepared, record: CaseRecord) -> Iterator[Candidate]:
    plan, case = prepared.plan, prepared.explained
    record.stage("explain")
    for name, path in request.maps:
        yield given_candidate(name, Path(path), prepared.grid)
    for number, planned in enumerate(plan.methods):
        voice = MethodVoice(PartOfStage(record, number / len(plan.methods), 1 / len(plan.methods)), planned)
        planned = within_budget(alike(planned, request.fill, request.seed), case, request.budget, record)
        yield method_candidate(planned, plan, case, voice)
    yield from baseline_candidates(request.baselines, case, request.seed)


def _judged(candidate: Candidate, deletion: Deletion, meter: LeakageMeter, reporter: Reporter) -> Judged:
    if candidate.values is None:
        return Judged(candidate, None, None, None, None)
    found = faithfulness(deletion, deletion.curves(candidate.values, reporter))
    return Judged(candidate, found, meter.leakage(candidate.values, found), None, None)


def _with_robustness(judged: Sequence[Judged], case: Explained, seed: int, record: CaseRecord) -> list[Judged]:
    found: dict[str, dict[str, float | None]] = {one.candidate.name: {} for one in judged if _can_be_remade(one)}
    variants = perturbed(case, seed, OnlyStopped(record))
    _remade(judged, variants, 5, record, lambda one, variant, r: found[one.candidate.name].update({variant: r}))
    return [dataclasses.replace(one, robustness=found.get(one.candidate.name)) for one in judged]


def _with_sanity(judged: Sequence[Judged], case: Explained, seed: int, record: CaseRecord) -> list[Judged]:
    found = {one.candidate.name: Sanity(_can_be_remade(one)) for one in judged if one.candidate.values is not None}
    quiet = OnlyStopped(record)

    def variants() -> Iterator[Variant]:
        yield random_input(case, seed, quiet)
        for step, model in cascade(case.model, seed):
            try:
                yield with_network(case, step, model, quiet)
            except ModelError:  # shuffled weights may overflow
                record.warning("sanity_step_left_out", f"Shuffling {step} gives infinite values: it is left out.")

    def take(one: Judged, variant: str, correlation: float | None) -> None:
        sanity = found[one.candidate.name]
        if variant == "random_input":
            sanity.random_input = correlation
        else:
            sanity.parameters[variant] = correlation

    try:
        _remade(judged, variants(), 5, record, take)
    finally:
        case.model.use_fold(case.model.folds[0])  # the network object is shared
    return [dataclasses.replace(one, sanity=found.get(one.candidate.name)) for one in judged]


def _remade(
    judged: Sequence[Judged],
    variants: Iterator[Variant],
    count: int,
    record: CaseRecord,
    take: Callable[[Judged, str, float | None], Any],
) -> None:
    """Make every map again of every variant, and hand on its correlation with the original."""
    again = [one for one in judged if _can_be_remade(one)]
    for number, variant in enumerate(variants):
        for place, one in enumerate(again):
            assert one.candidate.remake is not None
            values = variant.back(one.candidate.remake(variant.case, OnlyStopped(record)))
            take(one, variant.name, pearson(one.candidate.values, values))
            record.progress(min(1.0, (number + (place + 1) / len(again)) / count))


def _can_be_remade(one: Judged) -> bool:
    return one.candidate.remake is not None and one.candidate.values is not None
