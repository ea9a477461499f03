"""The benchmark over cases."""

from __future__ import annotations

import csv
import dataclasses
import json

import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine import Request
from UMambaXAILogic.engine.benchmark import BenchmarkRequest, run_cohort_benchmark
from UMambaXAILogic.engine.benchmark.over_cases import method_entries
from UMambaXAILogic.engine.cohort.request import CohortRequest
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.progress import COHORT_STAGES, Reporter


class Counts(Reporter):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int, int]] = []
        self.codes: list[str] = []
        self.stages: list[str] = []

    def stage(self, name) -> None:
        self.stages.append(name)

    def cases(self, done, failed, total, seconds_left) -> None:
        self.seen.append((done, failed, total))

    def warning(self, code, message) -> None:
        self.codes.append(code)


@pytest.fixture(scope="module")
def asked(make_trained_folder, write_test_volume, tmp_path_factory):
    """Two small volumes in a manifest, and one that holds nothing."""
    folder = tmp_path_factory.mktemp("judged")
    rows = [("a", write_test_volume((20, 18, 16), seed=1)), ("b", write_test_volume((20, 18, 16), seed=2))]
    (folder / "manifest.csv").write_text("case,volume\n" + "".join(f"{case},{path}\n" for case, path in rows))
    case = Request(volume=folder / "manifest.csv", model=str(make_trained_folder()), output=folder / "out", step=1.0)
    template = BenchmarkRequest(case=case, baselines=("random",), axes=())
    return CohortRequest(folder / "manifest.csv", folder / "out", case), template


@pytest.fixture(scope="module")
def result(asked):
    return run_cohort_benchmark(*asked)


def test_means_are_those_of_the_cases(result):
    bodies = [json.loads((result.folder / "cases" / case / "benchmark.json").read_text()) for case in ("a", "b")]
    cam = next(entry for entry in result.body["methods"] if entry["name"] == "seg-xres-cam@1")
    values = [body["methods"][0]["faithfulness"]["score"] for body in bodies]
    assert cam["means"]["faithfulness"]["estimate"] == pytest.approx(sum(values) / 2, rel=1e-4)
    assert cam["means"]["faithfulness"]["low"] is None  # two cases give no interval
    assert cam["cases"] == 2
    random = [body["methods"][1]["faithfulness"]["score"] for body in bodies]
    difference = cam["better_than"]["random"]["difference"]["estimate"]
    assert difference == pytest.approx(sum(values) / 2 - sum(random) / 2, rel=1e-4)
    rows = list(csv.DictReader((result.folder / "benchmark.csv").open()))
    assert [row["rank"] for row in rows] == ["1", "2"]


def test_finished_cases_are_not_judged_again_and_other_settings_are_refused(asked, result):
    cohort, template = asked
    path = result.folder / "cases" / "a" / "benchmark.json"
    before = path.stat().st_mtime_ns
    counts = Counts()
    again = run_cohort_benchmark(cohort, template, counts)
    assert path.stat().st_mtime_ns == before and counts.seen == []
    assert counts.stages == list(COHORT_STAGES)
    assert again.body == result.body
    with pytest.raises(UsageError, match="other settings"):
        run_cohort_benchmark(cohort, dataclasses.replace(template, fill="mean"))
    kept = path.read_text()
    path.write_text("{")  # damaged
    with pytest.raises(UsageError, match="other settings"):
        run_cohort_benchmark(cohort, template)
    path.write_text(kept)


def test_a_case_that_cannot_be_judged_is_named_and_left_out(asked, tmp_path):
    cohort, template = asked
    volume = cohort.manifest.read_text().splitlines()[1].split(",")[1]
    image = sitk.ReadImage(volume)
    corner = sitk.Image(image.GetSize(), sitk.sitkUInt8)
    corner.CopyInformation(image)
    corner[0, 0, 0] = 1  # nnU-Net crops air away: nothing is predicted there
    sitk.WriteImage(corner, str(tmp_path / "corner.nii.gz"))
    (tmp_path / "manifest.csv").write_text(f"case,volume,region\ngood,{volume},\nbad,{volume},corner.nii.gz\n")
    counts = Counts()
    other = dataclasses.replace(cohort, manifest=tmp_path / "manifest.csv", output=tmp_path / "out")
    result = run_cohort_benchmark(other, template, counts)
    assert result.body["cases"] == ["good"]
    assert [(failed["case"], failed["code"]) for failed in result.body["failed_cases"]] == [("bad", "input")]
    assert str(tmp_path) not in result.body["failed_cases"][0]["reason"]
    assert counts.seen[-1] == (1, 1, 2)
    assert "case_failed" in counts.codes


def test_maps_of_ones_own_belong_to_one_case(asked, tmp_path):
    cohort, template = asked
    with pytest.raises(UsageError, match="one case"):
        run_cohort_benchmark(cohort, dataclasses.replace(template, maps=(("mine", tmp_path / "x.nii.gz"),)))


def entry(name, score, passed, kind="method"):
    curves = {"k": [1.0], "target_drop": [1.0], "score": score, "deletion_area": 0.0, "insertion_area": score}
    return {
        "name": name, "title": name, "kind": kind, "constant": False, "settings": {}, "rank": 1, "faithfulness": curves,
        "leakage": None, "robustness": None, "cost": None, "badges": [],
        "sanity": {"parameter_randomisation": [], "passed": passed, "random_input": 0.0},
    }  # fmt: skip


def test_who_fails_the_gate_in_most_cases_comes_last():
    bodies = [
        {
            "methods": [
                entry("good", 0.2, True),
                entry("shape", 0.9, number > 2),
                entry("random", -0.9, False, "baseline"),
            ]
        }
        for number in range(6)
    ]
    bodies[5]["methods"][1]["sanity"]["passed"] = False
    found = {one["name"]: one for one in method_entries(bodies, 0)}
    assert found["shape"]["sanity_passed"] == 2
    assert (found["good"]["rank"], found["shape"]["rank"], found["random"]["rank"]) == (1, 2, 3)
    assert found["good"]["better_than"]["random"]["difference"]["estimate"] == pytest.approx(1.1)
    assert found["random"]["better_than"] == {}


@pytest.mark.slow
def test_a_cluster_gives_the_same(asked, result):
    cohort, template = asked
    out = cohort.output.parent / "cluster"
    case = dataclasses.replace(template.case, output=out)
    there = dataclasses.replace(cohort, output=out, template=case, workers=1, threads=1)
    again = run_cohort_benchmark(there, dataclasses.replace(template, case=case))
    for one, other in zip(again.body["methods"], result.body["methods"], strict=True):
        assert one["name"] == other["name"]
        assert one["means"]["faithfulness"]["estimate"] == pytest.approx(
            other["means"]["faithfulness"]["estimate"], rel=1e-4
        )
