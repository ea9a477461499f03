"""Cohorts from a scene: the run itself, the table of an existing one, and single cases to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.cohort.scene_requests import CaseFilesRequest, CasesTableRequest
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.progress import COHORT_STAGES
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene.cohort_results import CaseImport, CaseToLoad, CohortImport, read_summary
from UMambaXAILogic.scene_calls.job import SceneCall, ready
from UMambaXAILogic.scene_calls.results import CohortResult, SegmentAndExplainResult, case_result

CohortCall = SceneCall[CohortImport, CohortResult]
LoadCall = SceneCall[CaseImport, SegmentAndExplainResult]
StartLoading = Callable[[str, bool], Any]


def cohort_call(request: CohortRequest, scene: Any, start_loading: StartLoading) -> CohortCall:
    """What ``processCohort`` asks.

    Args:
        start_loading: loads one case; blocking where its second argument is True.
    """
    return _call(request.to_json(), request.output, scene, start_loading)


def cases_table_call(folder: Path, scratch: Path, scene: Any, start_loading: StartLoading) -> CohortCall:
    """What ``loadCohort`` asks.

    Args:
        scratch: folder for the table.
        start_loading: as in ``cohort_call``.
    """
    return _call(CasesTableRequest(folder, scratch).to_json(), folder, scene, start_loading)


def load_case_call(folder: Path, manifest: Path, case: str, scratch: Path, scene: Any) -> LoadCall:
    """What ``loadCase`` asks.

    Args:
        folder: of the cohort.
        scratch: folder for the case's files.

    Raises:
        InputError: the folder holds no results of a cohort.
    """
    labels: Sequence[int] | None = (read_summary(folder).get("settings") or {}).get("ground_truth_labels")

    def make_import(job: Job) -> CaseImport:
        return CaseImport(scene, CaseToLoad(case, folder, job.files, labels))

    def make_result(done: CaseImport, job: Job) -> SegmentAndExplainResult:
        return case_result(done.result, _warnings(job))

    request = CaseFilesRequest(folder, manifest, case, scratch)
    return SceneCall(ready(request.to_json()), make_import, make_result, {"read": 1.0})


def manifest_of(folder: Path) -> Path:
    """The manifest that a cohort was made from, as its summary names it: relative to its folder.

    Raises:
        InputError: the folder holds no results of a cohort, or they do not say.
    """
    named = read_summary(folder).get("manifest")
    if not isinstance(named, str) or not named:
        raise InputError(f"The results in {folder} do not name their manifest.", "Name it: manifest=...")
    return (folder / named).resolve()


def _call(request: str, folder: Path, scene: Any, start_loading: StartLoading) -> CohortCall:
    def make_import(job: Job) -> CohortImport:
        return CohortImport(scene, folder, job.files.get("cases_csv"))

    def make_result(done: CohortImport, job: Job) -> CohortResult:
        found = done.result
        return CohortResult(folder, found.summary, found.cases, found.table_node, _warnings(job), start_loading)

    return SceneCall(ready(request), make_import, make_result, COHORT_STAGES)


def _warnings(job: Job) -> list[tuple[str, str]]:
    return [(warning.code, warning.message) for warning in job.warnings]
