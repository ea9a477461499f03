"""One case in a worker: counted, computed once, and every end written down."""

from __future__ import annotations

import dataclasses
import json
import threading
import time

import pytest
import torch
from filelock import FileLock

from UMambaXAILogic.engine import Request
from UMambaXAILogic.engine.cohort import model_cache, task
from UMambaXAILogic.engine.cohort.case_state import read_status
from UMambaXAILogic.engine.cohort.model_cache import ModelCache
from UMambaXAILogic.engine.cohort.task import CaseTask, explain_case, perform
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.fingerprint import request_fingerprint
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.progress import Reporter

LAYER = ("decoder.1",)


@pytest.fixture
def make_task(tmp_path, model_folder, volume, truth):
    sha256 = load_model(model_folder).sha256

    def make(case: str = "a", run: str = "run") -> CaseTask:
        request = Request(
            volume,
            model_folder,
            tmp_path / "out/cases" / case,
            case=case,
            ground_truth=truth,
            layers=LAYER,
            device="cpu",
        )
        return CaseTask(request, request_fingerprint(request, sha256), run, threads=1)

    return make


def test_the_model_is_loaded_once_for_all_cases(make_task, monkeypatch):
    loads = []

    def counting(*words, **options):
        loads.append(words)
        return load_model(*words, **options)

    monkeypatch.setattr("UMambaXAILogic.engine.model.loading.load_model", counting)
    monkeypatch.setattr(task, "_models", ModelCache())
    outcomes = [perform(make_task(case)) for case in ("a", "b", "c")]
    assert len(loads) == 1 and all(outcome.finished is not None for outcome in outcomes)
    assert {outcome.finished.metrics["case"] for outcome in outcomes} == {"a", "b", "c"}
    alignments = [outcome.finished.metrics["alignment"] for outcome in outcomes]
    assert alignments[0] == alignments[1] == alignments[2]


def test_another_model_takes_the_place_of_the_first(monkeypatch):
    loads = []

    def load(reference, **options):
        loads.append((reference, options["folds"], str(options["device"])))
        return object()

    monkeypatch.setattr("UMambaXAILogic.engine.model.loading.load_model", load)
    cache = ModelCache()
    for reference, folds, device in [("a", None, "cpu"), ("a", None, "cpu"), ("a", (0,), "cpu"), ("b", (0,), "cpu")]:
        cache.load(reference, folds=folds, device=device, scan_backend="auto")
    assert loads == [("a", None, "cpu"), ("a", (0,), "cpu"), ("b", (0,), "cpu")]


def test_auto_stands_for_one_device_in_a_process(monkeypatch):
    answers = iter(["cuda:0", "cuda:1"])
    monkeypatch.setattr(model_cache, "resolve_device", lambda name: next(answers))
    cache = ModelCache()
    assert [cache.device("auto"), cache.device("auto")] == ["cuda:0", "cuda:0"]


def test_a_finished_case_is_not_computed_again(make_task, imitate):
    first = perform(make_task(), imitate)
    assert read_status(make_task().request.output).status == "done"

    def never(task, reporter):
        raise AssertionError("computed again")

    second = perform(make_task(run="another"), never)
    assert second.finished == first.finished and second.attempts == first.attempts == 1


class Killed(BaseException):
    """Ends a computation as SIGKILL does: nobody hears of it."""


def test_attempts_are_counted_before_anything_is_computed(make_task, imitate):
    counted = []

    def die(task, reporter):
        counted.append(read_status(task.request.output))
        raise Killed

    for run in ("one", "two", "two"):
        with pytest.raises(Killed):
            perform(make_task(run=run), die)
    assert [(status.status, status.attempts, status.starts) for status in counted] == [
        ("begun", 1, 1),
        ("begun", 2, 1),
        ("begun", 3, 2),
    ]
    # A third start in the same run means that the process died twice.
    ended = perform(make_task(run="two"), die)
    assert ended.code == "crashed" and "2 times" in ended.reason and len(counted) == 3
    assert read_status(make_task().request.output).status == "failed"
    assert perform(make_task(run="three"), imitate).attempts == 4


def test_a_case_that_is_called_off_again_and_again_is_not_held_to_crash(make_task, imitate):
    def called_off(task, reporter):
        raise CancelledError()

    for attempt in range(1, 5):
        assert perform(make_task(), called_off) == task.Outcome(attempt)
    assert perform(make_task(), imitate).finished is not None


def test_files_that_change_meanwhile_are_noticed(make_task, imitate):
    stale = dataclasses.replace(make_task(), fingerprint="of other files")

    def compute(task, reporter):
        imitate(make_task(), reporter)

    outcome = perform(stale, compute)
    assert outcome.code == "input" and "changed while" in outcome.reason


def test_cases_are_computed_one_at_a_time_in_a_process(make_task, imitate):
    running, most = [], []

    def compute(task, reporter):
        running.append(task.request.case)
        most.append(len(running))
        time.sleep(0.05)
        imitate(task, reporter)
        running.remove(task.request.case)

    threads = [threading.Thread(target=perform, args=(make_task(case), compute)) for case in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1]


def test_a_folder_that_an_earlier_task_still_holds_is_waited_for(make_task, imitate):
    folder = make_task().request.output
    folder.mkdir(parents=True)
    lock = FileLock(folder / ".umamba-xai.lock", is_singleton=False)
    lock.acquire()
    computed = []

    def compute(task, reporter):
        computed.append(task)
        imitate(task, reporter)

    waiting = threading.Thread(target=perform, args=(make_task(), compute))
    waiting.start()
    time.sleep(0.2)
    assert computed == []
    imitate(make_task(), Reporter())  # what the one who holds the folder does
    lock.release()
    waiting.join(5)
    assert computed == [] and read_status(folder).status != "failed"


def test_threads_are_those_of_the_task(make_task, monkeypatch):
    set_to = []
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    monkeypatch.setattr(task, "available_cores", lambda: 12)
    monkeypatch.setattr("UMambaXAILogic.engine.pipeline.run_case", lambda *_, **__: None)
    explain_case(dataclasses.replace(make_task(), threads=3), None)
    explain_case(dataclasses.replace(make_task(), threads=None, sharing=4), None)
    explain_case(dataclasses.replace(make_task(), threads=None, sharing=40), None)
    assert set_to == [3, 3, 1]


def test_a_damaged_status_counts_as_none(tmp_path):
    for text in ("", "[1]", '{"schema_version": 99}', json.dumps({"schema_version": 1, "colour": "red"})):
        (tmp_path / "status.json").write_text(text)
        assert read_status(tmp_path).attempts == 0
