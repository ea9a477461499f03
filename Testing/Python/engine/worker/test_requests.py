"""Which request the worker takes for what, and what it leaves behind."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine import cohort
from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.domain import DomainRequest
from UMambaXAILogic.engine.errors import ModelError, UsageError
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import Request
from UMambaXAILogic.engine.worker.requests import read_task
from UMambaXAILogic.interaction import SubprocessRunner, protocol, worker_command
from UMambaXAILogic.interaction.job import FINISHED, Job


@pytest.fixture
def case_request(tmp_path) -> dict:
    return json.loads(Request(volume="in.nii.gz", model="demo", output=tmp_path / "out").to_json())


@pytest.fixture
def asked(monkeypatch):
    """What reaches the pipeline of a case."""
    requests = []

    def run_case(request, reporter):
        requests.append(request)
        return SimpleNamespace(folder=request.output, files={"metrics": request.output / "metrics.json"})

    monkeypatch.setitem(sys.modules, "UMambaXAILogic.engine.pipeline", SimpleNamespace(run_case=run_case))
    return requests


@pytest.mark.parametrize("kind", [{}, {"kind": "case"}])
def test_a_request_without_a_kind_is_a_case_as_it_always_was(case_request, asked, tmp_path, kind):
    answer = read_task(json.dumps({**kind, **case_request}), tmp_path).run(Reporter())
    assert asked[0] == Request.from_json(json.dumps(case_request))
    assert answer.files == {"metrics": tmp_path / "out" / "metrics.json"}


@pytest.mark.parametrize("kind", ["contest", "", None, 3, ["case"]])
def test_an_unknown_kind_is_named_with_the_known_ones(case_request, tmp_path, kind):
    with pytest.raises(UsageError) as caught:
        read_task(json.dumps({**case_request, "kind": kind}), tmp_path)
    assert repr(kind) in caught.value.message
    assert "domain" in caught.value.remedy
    assert "cohort" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"case"'])
def test_what_is_no_request_is_refused(tmp_path, text):
    with pytest.raises(UsageError, match="cannot be read"):
        read_task(text, tmp_path)


def test_each_kind_refuses_what_is_not_its_own(tmp_path):
    for kind in ("domain", "cohort", "cohort_table", "cohort_case"):
        with pytest.raises(UsageError):
            read_task(json.dumps({"kind": kind, "version": 99}), tmp_path)


def test_what_a_killed_case_leaves_is_cleaned_up(case_request, tmp_path):
    unfinished = tmp_path / "out" / ".unfinished-1"
    unfinished.mkdir(parents=True)
    read_task(json.dumps(case_request), tmp_path).clean_up()
    assert not unfinished.exists()


@pytest.fixture
def head(tmp_path):
    """A small head as a file."""
    rng = np.random.default_rng(3)
    array = np.full((32, 64, 64), -1000.0)
    array[4:28, 6:58, 6:58] = 40
    image = sitk.GetImageFromArray(np.round(array + rng.normal(0, 5, array.shape)).astype(np.int16))
    image.SetSpacing((0.5, 0.5, 1.0))
    path = tmp_path / "head.nrrd"
    sitk.WriteImage(image, str(path))
    return path


def run_domain(request: DomainRequest, scratch) -> tuple[dict, list[str]]:
    codes: list[str] = []

    class Listener(Reporter):
        def warning(self, code: str, message: str) -> None:
            codes.append(code)

    answer = read_task(request.to_json(), scratch).run(Listener())
    files = {name: None if path is None else json.loads(path.read_text()) for name, path in answer.files.items()}
    return files, codes


def test_a_volume_is_measured_without_a_profile(head, tmp_path):
    files, codes = run_domain(DomainRequest(head, tmp_path / "out", modality="CT"), tmp_path)
    assert files["domain"]["resolution"]["spacing_mm"]["superior_inferior"] == pytest.approx(1.0)
    assert files["comparison"] is None
    assert codes == []


def test_a_volume_is_compared_with_a_stored_profile(head, tmp_path, profile_json):
    (tmp_path / "source.json").write_text(json.dumps(profile_json()))
    files, codes = run_domain(DomainRequest(head, tmp_path / "out", profile=tmp_path / "source.json"), tmp_path)
    assert files["comparison"]["profile"] == "source"
    assert "resolution_outside_profile" in codes  # slices of 1 mm where the profile has 0.5 mm
    files, _ = run_domain(DomainRequest(head, tmp_path / "out"), tmp_path)
    assert files["comparison"] is None


def test_a_cohort_s_folder_stands_for_its_profile(head, tmp_path, profile_json):
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort" / "profile.json").write_text(json.dumps(profile_json(name="cohort")))
    files, _ = run_domain(DomainRequest(head, tmp_path / "out", profile=tmp_path / "cohort"), tmp_path)
    assert files["comparison"]["profile"] == "cohort"


def test_a_model_stands_for_the_profile_that_it_carries(head, tmp_path, profile_json, make_trained_folder):
    model = make_trained_folder(seed=21)
    files, codes = run_domain(DomainRequest(head, tmp_path / "out", profile=model), tmp_path)
    assert files["comparison"] is None
    assert "no_reference_profile" in codes
    (model / "reference_profile.json").write_text(json.dumps(profile_json(name="training")))
    files, _ = run_domain(DomainRequest(head, tmp_path / "out", profile=model), tmp_path)
    assert files["comparison"]["profile"] == "training"
    (model / "reference_profile.json").write_text("{")
    files, codes = run_domain(DomainRequest(head, tmp_path / "out", profile=model), tmp_path)
    assert files["comparison"] is None
    assert "reference_profile_unusable" in codes


def test_a_profile_that_is_neither_file_nor_model_is_an_error(head, tmp_path):
    with pytest.raises(ModelError):
        run_domain(DomainRequest(head, tmp_path / "out", profile=tmp_path), tmp_path)


def test_the_worker_process_measures_and_says_where_the_files_are(head, tmp_path):
    request = tmp_path / "request.json"
    request.write_text(DomainRequest(head, tmp_path / "out", modality="CT").to_json())
    job = Job(worker_command(request), SubprocessRunner())
    stages: list[str] = []
    job.progressed.connect(lambda stage, fraction, left: stages.append(stage))
    job.start()
    assert job.wait(60)
    assert (job.state, job.error) == (FINISHED, None), "\n".join(job.log_lines)
    assert list(dict.fromkeys(stages)) == ["read", "metrics", "write"]
    assert job.files["domain"] == tmp_path / "out" / "domain.json"
    assert job.files["comparison"] is None


def test_measuring_imports_no_torch():
    """It starts in a second, and needs no model."""
    code = (
        "import sys; from UMambaXAILogic.engine.domain import run_domain_case;"
        "import UMambaXAILogic.engine.model.reference_profile;"
        "print([name for name in ('torch', 'nnunetv2') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_cohort_s_table_comes_as_text_beside_the_request(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    table = pa.table({"case": ["a", "b"], "dice": [0.5, None], "warnings": [["x", "y"], None]})
    pq.write_table(table, folder / "cases.parquet")
    seen = []

    def run_cohort(request, reporter):
        seen.append(request)
        reporter.cases(1, 1, 2, 0.0)
        return SimpleNamespace(folder=folder, files={"cases": folder / "cases.parquet", "profile": None})

    monkeypatch.setattr(cohort, "run_cohort", run_cohort, raising=False)
    request = CohortRequest(tmp_path / "manifest.csv", folder, Request("x", "demo", folder))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    answer = read_task(request.to_json(), scratch).run(Reporter())
    assert seen == [request]
    assert answer.files["cases_csv"] == scratch / "cases.csv"
    with (scratch / "cases.csv").open(newline="") as lines:
        assert list(csv.DictReader(lines)) == [
            {"case": "a", "dice": "0.5", "warnings": "x;y"},
            {"case": "b", "dice": "", "warnings": ""},
        ]
    assert not (folder / "cases.csv").exists()


def test_counts_of_cases_travel_as_a_message():
    line = json.dumps({"v": 1, "type": "cases", "done": 3, "failed": 1, "total": 9, "seconds_left": None})
    assert protocol.parse_line(line) == protocol.Cases(3, 1, 9, None)
