"""What is asked of a benchmark travels to a worker, which answers it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from UMambaXAILogic.engine import benchmark
from UMambaXAILogic.engine.benchmark import BenchmarkRequest
from UMambaXAILogic.engine.benchmark.cohort_request import BenchmarkCohortRequest
from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import MethodChoice, Request
from UMambaXAILogic.engine.worker.requests import read_task


@pytest.fixture
def request_of_all(tmp_path) -> BenchmarkRequest:
    case = Request(
        volume="in.nrrd", model="demo", output=tmp_path / "out", other_methods=(MethodChoice("seg-xres-cam", 2),)
    )
    maps = (("mine", tmp_path / "mine.nrrd"),)
    return BenchmarkRequest(case, ("random",), maps, ("sanity",), "blur", budget=7, seed=3)


def test_it_comes_back_as_it_was_sent(request_of_all, tmp_path):
    assert BenchmarkRequest.from_json(request_of_all.to_json()) == request_of_all
    cohort = CohortRequest(tmp_path / "manifest.csv", tmp_path / "out", request_of_all.case, workers=2)
    both = BenchmarkCohortRequest(cohort, request_of_all)
    assert BenchmarkCohortRequest.from_json(both.to_json()) == both


def altered(request: BenchmarkRequest, **changes) -> str:
    return json.dumps({**json.loads(request.to_json()), **changes})


@pytest.mark.parametrize(
    "changes",
    [{"version": 2}, {"kind": "case"}, {"budget": 1}, {"axes": None}, {"maps": [["a"]]}, {"case": {}}, {"more": 1}],
)
def test_what_is_no_request_is_refused(request_of_all, changes):
    with pytest.raises(UsageError):
        BenchmarkRequest.from_json(altered(request_of_all, **changes))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"cohort": {}, "benchmark": {}}'])
def test_what_is_no_request_of_a_cohort_is_refused(text):
    with pytest.raises(UsageError):
        BenchmarkCohortRequest.from_json(text)


def test_the_worker_answers_with_the_file_and_cleans_up_after_a_killed_run(request_of_all, tmp_path, monkeypatch):
    asked = []

    def run(request, reporter):
        asked.append(request)
        return SimpleNamespace(folder=request.case.output)

    monkeypatch.setattr(benchmark, "run_benchmark", run, raising=False)
    task = read_task(request_of_all.to_json(), tmp_path)
    answer = task.run(Reporter())
    assert asked == [request_of_all]
    assert answer.files == {"benchmark": tmp_path / "out" / "benchmark.json"}
    left = tmp_path / "out" / ".unfinished-1"
    left.mkdir(parents=True)
    task.clean_up()
    assert not left.exists()


def test_the_worker_answers_a_cohort(request_of_all, tmp_path, monkeypatch):
    asked = []

    def run(cohort, template, reporter):
        asked.append((cohort, template))
        return SimpleNamespace(folder=cohort.output)

    monkeypatch.setattr(benchmark, "run_cohort_benchmark", run, raising=False)
    monkeypatch.setattr("UMambaXAILogic.engine.worker.children.start_children_without_launcher", lambda: None)
    cohort = CohortRequest(tmp_path / "manifest.csv", tmp_path / "out", request_of_all.case)
    answer = read_task(BenchmarkCohortRequest(cohort, request_of_all).to_json(), tmp_path).run(Reporter())
    assert asked == [(cohort, request_of_all)]
    assert answer.files == {"benchmark": tmp_path / "out" / "benchmark.json"}


def test_asking_imports_nothing_that_computes():
    code = (
        "import sys; from UMambaXAILogic.engine.benchmark import BenchmarkRequest;"
        "import UMambaXAILogic.engine.benchmark.cohort_request, UMambaXAILogic.engine.benchmark.table;"
        "print(*{'torch', 'numpy', 'scipy', 'SimpleITK'} & set(sys.modules))"
    )
    root = Path(benchmark.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
