"""The sanity gate for the map of one run: does it depend on the network, say more than vesselness, and come from more
than the last layer?

What the benchmark finds out of many maps, by the same means, for one; only the cascade's last step is asked, with all
parameters shuffled, which is what the badge rests on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..badges.cache import keep_badges, kept_badges
from ..case.input import CaseInput, read_case
from ..case.plan import CasePlan, ModelLoader, plan_case
from ..case.record import CaseRecord
from ..content_fingerprint import content_fingerprint
from ..errors import ModelError
from ..inference.explanation import Explained
from ..progress import OnlyStopped, PartOfStage, Reporter
from ..request import Request
from .baselines import BASELINES
from .candidate import Candidate
from .correlation import pearson
from .deletion import Deletion
from .faithfulness import faithfulness
from .maps import candidate_of, method_candidate
from .randomised import cascade
from .run import prepare_case
from .same_case import check_same_case
from .sanity import Sanity
from .variants import with_network
from .verdicts import Judged, badges

if TYPE_CHECKING:
    from ..attribution.aggregation import AttentionMaps
    from .candidate import FloatMap

Badge = dict[str, Any]

#: What takes the place of voxels that a map puts first, and the seed of chance: those of the benchmark.
FILL, SEED = "shell", 0
_VESSELNESS = "frangi"
#: Volumes that judging holds beside what explaining does: the map, the last layer's, vesselness, and the map again.
VOLUMES = 4
#: Shares of the stage.
_OWN, _VESSELNESS_SHARE, _SHUFFLED = 0.35, 0.35, 0.3


def judge_map(request: Request, reporter: Reporter | None = None, load: ModelLoader | None = None) -> list[Badge]:
    """The badges of the map of one run.

    Computed by segmenting and explaining, and kept: the same model, image and settings are answered from the user's
    cache folder.

    Args:
        request: of the run; its other methods are not judged, and nothing is written into its output.
        reporter: hears of stages, progress and warnings, and is asked whether to stop.
        load: takes the place of ``load_model``.

    Returns:
        As ``verdicts.badges``.

    Raises:
        UsageError, ModelError, InputError: what is wrong with the request, model or input, or nothing to explain.
        MemoryExhaustedError, NotInstalledError: it cannot run here.
        CancelledError: the user cancelled.
    """
    record = CaseRecord(reporter or Reporter())
    return judge_planned(plan_case(request, record, load), record)


def judge_planned(
    plan: CasePlan,
    record: CaseRecord,
    result: Mapping[str, Any] | None = None,
    known: list[Badge] | None = None,
) -> list[Badge]:
    """As ``judge_map``, of a plan.

    Args:
        result: the content of metrics.json, whose case it must be; None: any.
        known: what was found of that case before; None: nothing.

    Raises:
        InputError: it is another case.
    """
    case, content = read_planned(plan, record, result)
    kept = known if known is not None else kept_badges(content)
    if kept is not None:
        return kept
    prepared = prepare_case(plan, case, record, VOLUMES)
    record.stage("explain")
    candidate = method_candidate(plan.methods[0], plan, prepared.explained, record)
    record.stage("judge")
    found = judge_candidate(candidate, prepared.explained, record)
    keep_badges(content, found)
    return found


def read_planned(plan: CasePlan, record: CaseRecord, result: Mapping[str, Any] | None = None) -> tuple[CaseInput, str]:
    """Read a plan's files, and say by content which case they are.

    Args:
        result: the content of metrics.json, whose case it must be; None: any.

    Raises:
        InputError: it is another case, or a file cannot be used.
    """
    record.stage("read")
    case = read_case(plan.request, plan.model, plan.score.target, record)
    if result is not None:
        check_same_case(result, plan, case)
    return case, content_fingerprint(plan.request, plan.model.sha256, case)


class MapJudge:
    """Judges the maps of a run that is under way, from what the run has in memory.

    Args:
        plan: of the run.
        case: what was read.
        record: hears of the stage, progress and warnings, and is asked whether to stop.
    """

    def __init__(self, plan: CasePlan, case: CaseInput, record: CaseRecord) -> None:
        self._plan, self._record = plan, record
        self._contents = [
            content_fingerprint(request, plan.model.sha256, case) for request in _requests_by_method(plan.request)
        ]
        self._candidates: dict[int, Candidate] = {}

    @property
    def volumes(self) -> int:
        """That judging holds beside what explaining does: of each further method its map and its last layer's."""
        return VOLUMES + 2 * (len(self._plan.methods) - 1)

    def add_mean(self, number: int, values: FloatMap, attention: AttentionMaps) -> None:
        """The map of one of the plan's methods: (z, y, x) on the network grid, and the layers it is the mean of."""
        self._candidates[number] = candidate_of(self._plan.methods[number], self._plan, attention, values, None)

    def badges(self, case: Explained) -> list[list[Badge] | None]:
        """Of each of the plan's methods; None where no map was added."""
        found = {number: kept_badges(self._contents[number]) for number in self._candidates}
        missing = [number for number, badges_kept in found.items() if badges_kept is None]
        if missing:
            self._record.stage("judge")
            judged = judge_candidates([self._candidates[number] for number in missing], case, self._record)
            for number, one in zip(missing, judged, strict=True):
                keep_badges(self._contents[number], one)
                found[number] = one
        return [found.get(number) for number in range(len(self._plan.methods))]


def _requests_by_method(request: Request) -> list[Request]:
    """The run itself, for its own map; and for each further method the run that would have made that method's alone."""
    alone = dataclasses.replace(request, other_methods=())
    others = [dataclasses.replace(alone, method=other.name, pool=other.pool) for other in request.other_methods]
    return [request, *others]


def judge_candidate(candidate: Candidate, case: Explained, reporter: Reporter) -> list[Badge]:
    """As ``judge_candidates``, of one map."""
    return judge_candidates([candidate], case, reporter)[0]


def judge_candidates(candidates: Sequence[Candidate], case: Explained, reporter: Reporter) -> list[list[Badge]]:
    """The badges of maps; vesselness and the shuffled network are asked once for all.

    Args:
        candidates: the maps, and how they are made again.
        case: what they explain, with a voxel in M.
        reporter: told the fraction done, and of warnings.
    """
    judged = [one for one in candidates if one.values is not None]
    if not judged:
        return [badges(Judged(one, None, None, None, None), {}) for one in candidates]
    share = 1.0 / (_VESSELNESS_SHARE + len(judged) * (_OWN + _SHUFFLED))
    deletion = Deletion(case, FILL, SEED, reporter)
    own = {}
    for number, one in enumerate(judged):
        assert one.values is not None
        part = PartOfStage(reporter, number * _OWN * share, _OWN * share)
        own[one.name] = faithfulness(deletion, deletion.curves(one.values, part))
    part = PartOfStage(reporter, len(judged) * _OWN * share, _VESSELNESS_SHARE * share)
    score = _vesselness_score(deletion, case, part)
    sanity = _with_all_shuffled(judged, case, reporter, len(judged) * _SHUFFLED * share)
    reporter.progress(1.0)
    return [
        badges(Judged(one, own.get(one.name), None, None, sanity.get(one.name)), {_VESSELNESS: score})
        for one in candidates
    ]


def _vesselness_score(deletion: Deletion, case: Explained, reporter: Reporter) -> float | None:
    _title, make = BASELINES[_VESSELNESS]
    values = make(case, SEED)
    return None if values is None else faithfulness(deletion, deletion.curves(values, reporter)).score


def _with_all_shuffled(
    candidates: Sequence[Candidate], case: Explained, reporter: Reporter, share: float
) -> dict[str, Sanity]:
    """By name: the map's correlation with the one that the network gives when all its parameters are shuffled.

    Args:
        share: of the progress bar that this takes; its last.
    """
    found = {one.name: Sanity(one.remake is not None) for one in candidates}
    again = [one for one in candidates if one.remake is not None]
    if not again:
        return found
    quiet = OnlyStopped(reporter)
    *_, (step, model) = cascade(case.model, SEED)
    try:
        variant = with_network(case, step, model, quiet)
        for number, one in enumerate(again):
            assert one.remake is not None
            reporter.progress(1.0 - share * (1 - (number + 0.5) / len(again)))
            found[one.name].parameters[step] = pearson(one.values, one.remake(variant.case, quiet))
    except ModelError:  # shuffled weights may overflow
        reporter.warning(
            "sanity_not_known",
            "Shuffled parameters give infinite values: whether the map depends on them is not known.",
        )
    finally:
        case.model.use_fold(case.model.folds[0])  # the network object is shared
    return found
