"""The sanity gate for the map of one run: does it hang on the network, say more than vesselness, and come from more
than the last layer?

What the benchmark finds out of many maps, by the same means, for one; only the cascade's last step is asked, with all
parameters shuffled, which is what the badge rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..badge_cache import keep_badges, kept_badges
from ..case_input import CaseInput, read_case
from ..case_plan import CasePlan, ModelLoader, plan_case
from ..case_record import CaseRecord
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
    """Judges the map of a run that is under way, from what the run has in memory.

    Args:
        plan: of the run.
        content: its content fingerprint.
        record: hears of the stage, progress and warnings, and is asked whether to stop.
    """

    volumes = VOLUMES

    def __init__(self, plan: CasePlan, content: str, record: CaseRecord) -> None:
        self._plan, self._content, self._record = plan, content, record
        self._candidate: Candidate | None = None

    def add_mean(self, values: FloatMap, attention: AttentionMaps) -> None:
        """The map (z, y, x) on the network grid, and the layers that it is the mean of."""
        self._candidate = candidate_of(self._plan.methods[0], self._plan, attention, values, None)

    def badges(self, case: Explained) -> list[Badge] | None:
        """Of the map that was added; None where there was none."""
        if self._candidate is None:
            return None
        found = kept_badges(self._content)
        if found is None:
            self._record.stage("judge")
            found = judge_candidate(self._candidate, case, self._record)
            keep_badges(self._content, found)
        return found


def judge_candidate(candidate: Candidate, case: Explained, reporter: Reporter) -> list[Badge]:
    """The badges of one map.

    Args:
        candidate: the map, and how it is made again.
        case: what it explains, with a voxel in M.
        reporter: told the fraction done, and of warnings.
    """
    if candidate.values is None:
        return badges(Judged(candidate, None, None, None, None), {})
    deletion = Deletion(case, FILL, SEED, reporter)
    own = faithfulness(deletion, deletion.curves(candidate.values, PartOfStage(reporter, 0.0, _OWN)))
    score = _vesselness_score(deletion, case, PartOfStage(reporter, _OWN, _VESSELNESS_SHARE))
    sanity = _with_all_shuffled(candidate, case, reporter)
    reporter.progress(1.0)
    return badges(Judged(candidate, own, None, None, sanity), {_VESSELNESS: score})


def _vesselness_score(deletion: Deletion, case: Explained, reporter: Reporter) -> float | None:
    _title, make = BASELINES[_VESSELNESS]
    values = make(case, SEED)
    return None if values is None else faithfulness(deletion, deletion.curves(values, reporter)).score


def _with_all_shuffled(candidate: Candidate, case: Explained, reporter: Reporter) -> Sanity:
    """The map's correlation with the one that the network gives when all its parameters are shuffled."""
    sanity = Sanity(candidate.remake is not None)
    if candidate.remake is None:
        return sanity
    quiet = OnlyStopped(reporter)
    *_, (step, model) = cascade(case.model, SEED)
    try:
        variant = with_network(case, step, model, quiet)
        reporter.progress(1.0 - _SHUFFLED / 2)
        sanity.parameters[step] = pearson(candidate.values, candidate.remake(variant.case, quiet))
    except ModelError:  # shuffled weights may overflow
        reporter.warning(
            "sanity_not_known", "Shuffled parameters give infinite values: whether the map hangs on them is not known."
        )
    finally:
        case.model.use_fold(case.model.folds[0])  # the network object is shared
    return sanity
