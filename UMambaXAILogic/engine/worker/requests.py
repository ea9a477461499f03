"""The kinds of request that the worker answers, and what answers each.

A request file is JSON with a ``kind``; a file without one is a case, as all files were before there were other kinds.
Only light modules are imported until a task is run: the worker says hello before torch is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..progress import Reporter

CASE = "case"


@dataclass(frozen=True)
class Answer:
    """What a task left behind.

    Args:
        folder: where the files lie.
        files: by name; None for what does not exist.
    """

    folder: Path
    files: Mapping[str, Path | None]


@dataclass(frozen=True)
class Task:
    """A request that was read.

    Args:
        run: computes and writes; raises typed errors.
        clean_up: removes what a computation that is ended from outside leaves unfinished.
    """

    run: Callable[[Reporter], Answer]
    clean_up: Callable[[], None]


def read_task(text: str, scratch: Path) -> Task:
    """The task that a request file's text asks for.

    Args:
        scratch: folder for what the asker needs beside the results: that of the request file.

    Raises:
        UsageError: no JSON object, an unknown kind, or a request that its kind refuses.
    """
    kind = _kind_of(text)
    if not isinstance(kind, str) or kind not in _READERS:
        raise UsageError(
            f"The request is of kind {kind!r}, which this worker does not know.",
            f"It answers: {', '.join(_READERS)}. Use the same version of UMambaXAI on both sides.",
        )
    return _READERS[kind](text, scratch)


def _kind_of(text: str) -> object:
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"The request cannot be read: {error}.") from error
    if not isinstance(body, dict):
        raise UsageError("The request cannot be read: it is no JSON object.")
    return body.get("kind", CASE)


def _read_case(text: str, scratch: Path) -> Task:
    from ..request import Request
    from ..unfinished import remove_unfinished

    body = json.loads(text)
    body.pop("kind", None)
    request = Request.from_json(json.dumps(body))

    def run(reporter: Reporter) -> Answer:
        from ..pipeline import run_case  # torch and nnunetv2 take seconds

        result = run_case(request, reporter)
        return Answer(result.folder, result.files)

    return Task(run, lambda: remove_unfinished(request.output))


def _read_badges(text: str, scratch: Path) -> Task:
    from ..judge_request import JudgeRequest
    from ..unfinished import remove_unfinished

    request = JudgeRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..benchmark.judged_result import METRICS_NAME, judge_result

        judge_result(request, reporter)
        return Answer(request.folder, {"metrics": request.folder / METRICS_NAME})

    return Task(run, lambda: remove_unfinished(request.folder))


def _read_dicom(text: str, scratch: Path) -> Task:
    from ..dicom_request import DicomExportRequest
    from ..unfinished import remove_unfinished

    request = DicomExportRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..dicom_export import export_from_files

        export = export_from_files(request, scratch, reporter)
        return Answer(request.output, {"attention": export.attention, "segmentation": export.segmentation})

    return Task(run, lambda: remove_unfinished(request.output))


def _read_deletion(text: str, scratch: Path) -> Task:
    from ..deletion_request import DeletionRequest
    from ..unfinished import remove_unfinished

    request = DeletionRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..benchmark.deletion_of_result import deletion_of_result

        result = deletion_of_result(request, reporter)
        return Answer(result.folder, result.files)

    return Task(run, lambda: remove_unfinished(request.result.folder))


def _read_sam(text: str, scratch: Path) -> Task:
    from ..sam.request import SamRequest
    from ..unfinished import remove_unfinished

    request = SamRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..sam.run import run_sam

        result = run_sam(request, reporter)
        return Answer(result.folder, result.files)

    return Task(run, lambda: remove_unfinished(request.output))


def _read_domain(text: str, scratch: Path) -> Task:
    from ..domain import DomainRequest

    request = DomainRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..domain import run_domain_case
        from ..model.reference_profile import with_profile_file

        with with_profile_file(request, reporter) as resolved:
            result = run_domain_case(resolved, reporter)
        return Answer(result.folder, result.files)

    return Task(run, _nothing)  # its files are written at the very end, each complete or not at all


def _read_cohort(text: str, scratch: Path) -> Task:
    from ..cohort import CohortRequest

    request = CohortRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..cohort import run_cohort
        from ..cohort.scene_files import write_cases_csv
        from .children import start_children_without_launcher

        start_children_without_launcher()
        result = run_cohort(request, reporter)
        table, text_table = result.files["cases"], scratch / "cases.csv"
        assert table is not None
        write_cases_csv(table, text_table)
        return Answer(result.folder, {**result.files, "cases_csv": text_table})

    return Task(run, _nothing)  # what is unfinished there is finished by the next run


def _read_benchmark(text: str, scratch: Path) -> Task:
    from ..benchmark import BenchmarkRequest
    from ..unfinished import remove_unfinished

    request = BenchmarkRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..benchmark import run_benchmark
        from ..benchmark.files import JSON_NAME

        result = run_benchmark(request, reporter)
        return Answer(result.folder, {"benchmark": result.folder / JSON_NAME})

    return Task(run, lambda: remove_unfinished(request.case.output))


def _read_benchmark_cohort(text: str, scratch: Path) -> Task:
    from ..benchmark.cohort_request import BenchmarkCohortRequest

    request = BenchmarkCohortRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..benchmark import run_cohort_benchmark
        from ..benchmark.files import JSON_NAME
        from .children import start_children_without_launcher

        start_children_without_launcher()
        result = run_cohort_benchmark(request.cohort, request.benchmark, reporter)
        return Answer(result.folder, {"benchmark": result.folder / JSON_NAME})

    return Task(run, _nothing)  # as of a cohort


def _read_cases_table(text: str, scratch: Path) -> Task:
    from ..cohort.scene_requests import CasesTableRequest

    request = CasesTableRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..cohort.scene_files import run_cases_table

        return Answer(request.output, run_cases_table(request, reporter))

    return Task(run, _nothing)


def _read_case_files(text: str, scratch: Path) -> Task:
    from ..cohort.scene_requests import CaseFilesRequest

    request = CaseFilesRequest.from_json(text)

    def run(reporter: Reporter) -> Answer:
        from ..cohort.scene_files import run_case_files

        return Answer(request.output, run_case_files(request, reporter))

    return Task(run, _nothing)


def _read_devices(text: str, scratch: Path) -> Task:
    from ..device_list import DEVICES_NAME, DeviceList, check_request, devices_text

    check_request(text)

    def run(reporter: Reporter) -> Answer:
        from ..atomic import write_text
        from ..device import list_devices, why_no_cuda

        found = DeviceList(tuple(list_devices()), why_no_cuda())
        write_text(scratch / DEVICES_NAME, devices_text(found))
        return Answer(scratch, {"devices": scratch / DEVICES_NAME})

    return Task(run, _nothing)


def _nothing() -> None:
    """There is nothing to clean up."""


_READERS: Mapping[str, Callable[[str, Path], Task]] = {
    CASE: _read_case,
    "badges": _read_badges,
    "dicom": _read_dicom,
    "deletion": _read_deletion,
    "sam": _read_sam,
    "domain": _read_domain,
    "cohort": _read_cohort,
    "benchmark": _read_benchmark,
    "benchmark_cohort": _read_benchmark_cohort,
    "cohort_table": _read_cases_table,
    "cohort_case": _read_case_files,
    "devices": _read_devices,
}
