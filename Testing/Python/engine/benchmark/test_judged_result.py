"""Badges in the run that makes the map, and on demand for a result that is there."""

from __future__ import annotations

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from UMambaXAILogic.cli.benchmark_summary import summary
from UMambaXAILogic.engine import Request
from UMambaXAILogic.engine.badges import cache
from UMambaXAILogic.engine.benchmark import BenchmarkRequest, gate, run_benchmark
from UMambaXAILogic.engine.benchmark.gate import judge_map
from UMambaXAILogic.engine.benchmark.judged_result import judge_result
from UMambaXAILogic.engine.case.input import read_case
from UMambaXAILogic.engine.case.record import CaseRecord
from UMambaXAILogic.engine.content_fingerprint import content_fingerprint
from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.judge_request import JudgeRequest
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.pipeline import run_case
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import MethodChoice, Target, TargetPart
from UMambaXAILogic.engine.worker.requests import read_task


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing is kept in the tester's own cache."""
    monkeypatch.setattr(cache, "user_cache", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def asked(make_trained_folder, write_test_volume, tmp_path_factory) -> Request:
    volume = write_test_volume((20, 18, 16))
    return Request(volume, str(make_trained_folder()), tmp_path_factory.mktemp("judged") / "out", step=1.0)


@pytest.fixture(scope="module")
def unjudged(asked):
    return run_case(asked)


@pytest.fixture
def result(unjudged, asked, tmp_path) -> JudgeRequest:
    """A copy of a result that nobody has judged."""
    folder = tmp_path / "result"
    shutil.copytree(unjudged.folder, folder)
    return JudgeRequest(folder, asked.volume, asked.model)


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)


@pytest.fixture
def judgements(monkeypatch) -> list[str]:
    """How often a map was judged anew."""
    counted: list[str] = []
    judge = gate.judge_candidates

    def counting(candidates, *arguments):
        counted.extend(candidate.name for candidate in candidates)
        return judge(candidates, *arguments)

    monkeypatch.setattr(gate, "judge_candidates", counting)
    return counted


def test_a_result_says_that_it_was_not_judged(unjudged):
    assert unjudged.metrics["badges"] is None and unjudged.metrics["gate_version"] is None


def test_the_run_and_the_demand_and_the_benchmark_agree(asked, result, tmp_path, own_cache):
    judged = run_case(dataclasses.replace(asked, output=tmp_path / "judged", badges=True))
    in_run = judged.metrics["badges"]
    assert [badge["name"] for badge in in_run] == [
        "parameter_randomisation",
        "better_than_vesselness",
        "not_dominated_by_last_layer",
    ]
    assert judged.metrics["timing"]["judge"] > 0
    assert judged.metrics["request"] == metrics_of(result.folder)["request"]
    shutil.rmtree(own_cache)
    on_demand = judge_result(result)
    for one, other in zip(in_run, on_demand, strict=True):
        assert one["value"] == pytest.approx(other["value"], rel=1e-4)
    case = dataclasses.replace(asked, output=tmp_path / "benchmark")
    body = run_benchmark(BenchmarkRequest(case, baselines=("frangi",), axes=("sanity",))).body
    entry = next(entry for entry in body["methods"] if entry["kind"] == "method")
    for one, other in zip(in_run, entry["badges"], strict=True):
        assert one["name"] == other["name"] and one["passed"] == other["passed"]
        assert one["value"] == pytest.approx(other["value"], rel=1e-4)


def test_one_part_is_judged_in_its_run_on_demand_and_in_the_benchmark(asked, unjudged, tmp_path, own_cache):
    """All three are about the component at the point, which is not all that was segmented."""
    image = sitk.ReadImage(str(unjudged.files["segmentation"]))
    labels, _ = ndimage.label(sitk.GetArrayFromImage(image) > 0, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    assert len(sizes) > 1
    second = labels == 1 + np.argsort(-sizes)[1]
    index = [int(value) for value in np.argwhere(second)[0][::-1]]
    x, y, z = image.TransformIndexToPhysicalPoint(index)
    case = dataclasses.replace(asked, output=tmp_path / "run", target=Target(part=TargetPart((-x, -y, z))), badges=True)
    run = run_case(case)
    assert run.metrics["target"]["part"]["voxels"] == second.sum()
    shutil.rmtree(own_cache)
    (tmp_path / "run" / "metrics.json").write_text(json.dumps({**run.metrics, "badges": None, "gate_version": None}))
    on_demand = judge_result(JudgeRequest(tmp_path / "run", asked.volume, asked.model))
    case = dataclasses.replace(case, output=tmp_path / "benchmark", badges=False)
    result = run_benchmark(BenchmarkRequest(case, baselines=("frangi",), axes=("sanity",)))
    assert result.body["target"] == run.metrics["target"]
    assert f"one component of {run.metrics['target']['name']} ({second.sum()} voxels)" in summary(result)
    (entry,) = (entry for entry in result.body["methods"] if entry["kind"] == "method")
    for one, other, third in zip(run.metrics["badges"], on_demand, entry["badges"], strict=True):
        assert one["value"] == pytest.approx(other["value"], rel=1e-4) == pytest.approx(third["value"], rel=1e-4)
    whole = run_benchmark(
        BenchmarkRequest(dataclasses.replace(asked, output=tmp_path / "whole"), baselines=(), axes=())
    )
    assert "part" not in whole.body["target"]
    assert whole.body["score"]["original"] != pytest.approx(result.body["score"]["original"])
    outside = dataclasses.replace(case, target=Target(part=TargetPart((9999, 0, 0))))
    with pytest.raises(InputError, match="outside the volume"):
        run_benchmark(BenchmarkRequest(outside))


def test_on_demand_the_badges_are_written_beside_the_result(result):
    for name in ("index.html", "slices.png", "view_3d.png"):
        (result.folder / name).write_text("a page or picture that says: not judged")
    before = metrics_of(result.folder)
    found = judge_result(result)
    after = metrics_of(result.folder)
    assert after == {**before, "badges": found, "gate_version": cache.GATE_VERSION}
    assert not (result.folder / "index.html").exists()
    assert {path.name for path in result.folder.iterdir()} == {
        *("attention.nii.gz", "segmentation.nii.gz", "metrics.json", "slices.csv", "log.txt"),
    }


def test_a_second_ask_computes_nothing(asked, result, judgements, own_cache, tmp_path):
    first = judge_result(result)
    (result.folder / "index.html").write_text("a page with badges")
    assert judge_result(result) == first and len(judgements) == 1
    assert (result.folder / "index.html").exists()
    shutil.rmtree(own_cache)
    assert judge_result(result) == first and len(judgements) == 1, "metrics.json answers"
    gate.judge_map(asked)
    assert len(judgements) == 2
    again = run_case(dataclasses.replace(asked, output=tmp_path / "again", badges=True))
    assert again.metrics["badges"] and len(judgements) == 2, "the user's cache answers"


def test_the_same_image_elsewhere_is_the_same_case(result, judgements, tmp_path):
    judge_result(result)
    copied = tmp_path / "moved.nii.gz"
    sitk.WriteImage(sitk.ReadImage(str(result.volume)), str(copied))
    judge_result(dataclasses.replace(result, volume=copied))
    assert len(judgements) == 1


def test_an_older_gate_is_asked_again(result, judgements, monkeypatch):
    judge_result(result)
    monkeypatch.setattr(cache, "GATE_VERSION", 0)
    monkeypatch.setattr("UMambaXAILogic.engine.benchmark.judged_result.GATE_VERSION", 0)
    judge_result(result)
    assert len(judgements) == 2 and metrics_of(result.folder)["gate_version"] == 0


def test_another_setting_is_judged_anew(asked, judgements):
    gate.judge_map(asked)
    gate.judge_map(dataclasses.replace(asked, pool=2))
    gate.judge_map(asked)
    assert len(judgements) == 2


def test_another_volume_is_refused(result, tmp_path, judgements):
    image = sitk.ReadImage(str(result.volume))
    array = sitk.GetArrayFromImage(image)
    array[8, 8, 8] += 1
    other = sitk.GetImageFromArray(array)
    other.CopyInformation(image)
    sitk.WriteImage(other, str(tmp_path / "other.nii.gz"))
    before = (result.folder / "metrics.json").read_bytes()
    with pytest.raises(InputError, match="not the one that the result was made from"):
        judge_result(dataclasses.replace(result, volume=tmp_path / "other.nii.gz"))
    assert (result.folder / "metrics.json").read_bytes() == before and not judgements


def test_the_maps_of_further_methods_are_judged_as_if_each_had_been_alone(asked, tmp_path, judgements):
    others = (MethodChoice("seg-grad-cam"), MethodChoice("grad-x-input"))
    many = dataclasses.replace(asked, badges=True, other_methods=others, output=tmp_path / "many")
    entries = run_case(many).metrics["methods"]
    assert judgements == ["seg-xres-cam@1", "seg-grad-cam", "grad-x-input"]
    assert entries[0]["badges"] == metrics_of(many.output)["badges"]
    alone = dataclasses.replace(asked, badges=True, method="grad-x-input", output=tmp_path / "alone")
    found = run_case(alone).metrics["badges"]
    assert found == entries[2]["badges"] and len(judgements) == 3  # kept
    shutil.rmtree(tmp_path / "cache")
    assert judge_map(alone) == found and len(judgements) == 4  # and the same when it is judged by itself
    assert [len(entry["badges"]) for entry in entries] == [3, 3, 2]


def test_where_nobody_asked_no_method_was_judged(asked, tmp_path):
    run = run_case(dataclasses.replace(asked, other_methods=(MethodChoice("seg-grad-cam"),), output=tmp_path / "two"))
    assert all("badges" not in entry for entry in run.metrics["methods"])


def test_a_volume_that_was_moved_is_refused(result, tmp_path):
    image = sitk.ReadImage(str(result.volume))
    image.SetOrigin([position + 5.0 for position in image.GetOrigin()])
    sitk.WriteImage(image, str(tmp_path / "moved.nii.gz"))
    with pytest.raises(InputError, match="grid is another one"):
        judge_result(dataclasses.replace(result, volume=tmp_path / "moved.nii.gz"))


def test_a_result_is_not_refused_for_an_option_that_came_later(result, asked, judgements):
    """Its settings lack the option, and its fingerprint was made of those."""
    body = metrics_of(result.folder)
    settings = body["request"]["settings"]
    del settings["save_layer_maps"]
    model = load_model(asked.model)
    case = read_case(asked, model, SimpleNamespace(label_values=(1,)), CaseRecord(Reporter()))
    body["request"]["content"] = content_fingerprint(asked, model.sha256, case, settings)
    (result.folder / "metrics.json").write_text(json.dumps(body))
    assert len(judge_result(result)) == 3 and judgements


def test_of_a_result_whose_inputs_were_told_apart_in_another_way_the_files_are_not_blamed(result):
    body = metrics_of(result.folder)
    body["request"]["content"] = "0" * 64
    (result.folder / "metrics.json").write_text(json.dumps(body))
    with pytest.raises(InputError, match="volume is the one that the result was made from.*earlier version"):
        judge_result(result)


def test_the_map_of_filled_regions_is_judged_on_demand(asked, tmp_path):
    options = MethodOptions(regions="grid", max_regions=4)
    run = run_case(dataclasses.replace(asked, method="dea", method_options=options, output=tmp_path / "dea"))
    found = judge_result(JudgeRequest(run.folder, asked.volume, asked.model))
    assert [badge["name"] for badge in found] == ["parameter_randomisation", "better_than_vesselness"]


def test_another_model_is_refused(result, make_trained_folder):
    with pytest.raises(InputError, match="not the one that the result was made by"):
        judge_result(dataclasses.replace(result, model=str(make_trained_folder(seed=5))))


def test_what_does_not_say_where_it_comes_from_is_refused(result, tmp_path):
    body = metrics_of(result.folder)
    del body["request"]["content"]
    (result.folder / "metrics.json").write_text(json.dumps(body))
    with pytest.raises(InputError, match="earlier version"):
        judge_result(result)
    with pytest.raises(InputError, match="cannot be read"):
        judge_result(dataclasses.replace(result, folder=tmp_path / "nothing"))


def test_a_result_without_a_map_has_nothing_to_judge(asked, make_trained_folder, tmp_path):
    model = str(make_trained_folder(background_bias=100.0))
    run = run_case(dataclasses.replace(asked, model=model, output=tmp_path / "empty", badges=True))
    assert run.metrics["badges"] is None
    with pytest.raises(InputError, match="no map"):
        judge_result(JudgeRequest(run.folder, asked.volume, model))


def test_the_worker_judges_a_result_too(result, tmp_path):
    answer = read_task(result.to_json(), tmp_path).run(Reporter())
    assert answer.files == {"metrics": result.folder / "metrics.json"}
    assert len(metrics_of(result.folder)["badges"]) == 3
    for text in ('{"kind": "badges"}', '{"kind": "badges", "folder": "a", "volume": "b", "model": "c", "colour": 1}'):
        with pytest.raises(UsageError, match="cannot be read"):
            read_task(text, tmp_path)


def test_explained_errors_and_regions_need_their_files(asked, tmp_path):
    image = sitk.ReadImage(str(asked.volume))
    truth = sitk.GetImageFromArray((sitk.GetArrayFromImage(image) > 100).astype(np.uint8))
    truth.CopyInformation(image)
    sitk.WriteImage(truth, str(tmp_path / "gt.nii.gz"))
    asked = dataclasses.replace(
        asked, output=tmp_path / "errors", ground_truth=tmp_path / "gt.nii.gz", target=Target(kind="fp")
    )
    run_case(asked)
    files = JudgeRequest(asked.output, asked.volume, asked.model)
    with pytest.raises(UsageError, match="ground truth"):
        judge_result(files)
    assert judge_result(dataclasses.replace(files, ground_truth=asked.ground_truth))
