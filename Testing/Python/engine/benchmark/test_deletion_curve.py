"""Deletion curves on a network whose evidence is known, and of a result from request to files."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine import Request
from UMambaXAILogic.engine.benchmark.deletion import STEPS, Deletion
from UMambaXAILogic.engine.benchmark.deletion_curve import DeletionCurves, refining_order, removal_places
from UMambaXAILogic.engine.benchmark.deletion_of_result import deletion_of_result
from UMambaXAILogic.engine.deletion_request import DeletionRequest
from UMambaXAILogic.engine.errors import CancelledError, InputError, UsageError
from UMambaXAILogic.engine.judge_request import JudgeRequest
from UMambaXAILogic.engine.pipeline import run_case
from UMambaXAILogic.engine.progress import DELETION_STAGES, Reporter
from UMambaXAILogic.engine.worker.requests import read_task


class Listener(Reporter):
    """Remembers what it hears; cancels after so many points."""

    def __init__(self, most: int = 10**6) -> None:
        super().__init__(lambda: len(self.points) >= most)
        self.points: list[tuple[str, dict]] = []
        self.fractions: list[float] = []
        self.stages: list[str] = []

    def stage(self, name: str) -> None:
        self.stages.append(name)

    def progress(self, fraction: float) -> None:
        self.fractions.append(fraction)

    def point(self, curve, values) -> None:
        self.points.append((curve, dict(values)))


def drawn(case, maps, points=5, listener=None):
    rankings = {name: values.astype(np.float32) for name, values in maps.items()}
    curves = DeletionCurves(case, rankings, points, "shell", 0, listener or Reporter())
    return curves, curves.draw()


@given(st.integers(2, 101))
def test_every_place_comes_once_the_ends_first_and_gaps_only_shrink(count):
    order = refining_order(count)
    assert sorted(order) == list(range(count)) and set(order[:2]) == {0, count - 1}
    widths = [max(np.diff(sorted(order[:known]))) for known in range(2, count + 1)]
    assert widths == sorted(widths, reverse=True)


def test_places_are_those_of_the_formula():
    assert removal_places(11) == pytest.approx([0, 0.05, 0.2, 0.45, 0.8, 1.25, 1.8, 2.45, 3.2, 4.05, 5])


def test_every_point_is_a_whole_prediction_of_the_changed_image(make_planted, evidence, stitch_in_float64):
    case = make_planted()
    values = evidence + 0.01 * np.random.default_rng(0).random(evidence.shape)
    curves, found = drawn(case, {"map": values})
    order = np.argsort(-values.astype(np.float32).reshape(-1), kind="stable")
    explained = int(case.mask.sum())
    for point in found["map"]:
        assert point.voxels == round(point.removed * explained)
        first = np.zeros(values.size, bool)
        first[order[: point.voxels]] = True
        image = case.data.clone()
        image[:] = torch.from_numpy(curves._removal._fill.filled(first.reshape(values.shape)))
        logits = stitch_in_float64(case.model, image, case.plan, False)
        assert point.score == pytest.approx(float(case.score.density(logits)[case.mask].mean()), abs=1e-6)
        surviving = case.score.predicted(logits)[case.mask].double().mean()
        assert point.surviving == pytest.approx(float(surviving), abs=1e-12)
        span = curves.original - curves.erased
        assert point.relative == pytest.approx((point.score - curves.erased) / span)


def test_the_true_evidence_falls_at_once_and_the_rest_does_not(make_planted, evidence):
    chance = np.random.default_rng(0).random(evidence.shape)
    curves, found = drawn(make_planted(), {"map": evidence, "random": chance, "wrong": 1.0 - evidence}, points=11)
    true, random, wrong = (curves.area(found[name]) for name in ("map", "random", "wrong"))
    assert true < 0.2 < 0.9 < random and wrong > 0.99
    at_one = [point for point in found["map"] if point.removed > 1][0]
    assert (
        at_one.surviving == 0 and at_one.relative < 0.05
    )  # below the erased image: that one keeps the evidence's haze
    assert found["map"][0].surviving == 1 and found["map"][0].relative == 1


def test_at_the_steps_of_the_benchmark_the_scores_are_the_same(make_planted, evidence):
    case = make_planted()
    values = (evidence + 0.01 * np.random.default_rng(1).random(evidence.shape)).astype(np.float32)
    benchmark = Deletion(case, "shell", 0, Reporter())
    curves, found = drawn(case, {"map": values}, points=3)  # 0, 1.25, 5
    assert (curves.original, curves.erased) == pytest.approx((benchmark.original, benchmark.erased), rel=1e-9)
    assert found["map"][-1].removed == STEPS[-1]
    assert found["map"][-1].score == pytest.approx(benchmark.curves(values, Reporter()).deleted[-1], abs=1e-9)


def test_points_come_as_they_are_known_and_progress_never_goes_back(make_planted, evidence):
    listener = Listener()
    chance = np.random.default_rng(0).random(evidence.shape)
    _, found = drawn(make_planted(), {"map": evidence, "random": chance}, 5, listener)
    assert [curve for curve, _ in listener.points] == ["map", "random"] * 5
    assert [values["removed"] for curve, values in listener.points if curve == "map"] == pytest.approx(
        [0, 5, 1.25, 0.3125, 2.8125]
    )
    assert [vars(point) for point in found["random"]] == sorted(
        (values for curve, values in listener.points if curve == "random"), key=lambda values: values["removed"]
    )
    assert listener.fractions == sorted(listener.fractions) and listener.fractions[-1] <= 1


def test_it_stops_before_the_next_window(make_planted, evidence):
    listener = Listener(most=3)
    with pytest.raises(CancelledError):
        drawn(make_planted(), {"map": evidence}, 11, listener)
    assert len(listener.points) == 3


def test_a_network_that_sees_nothing_has_no_area(constant):
    constant.mask[4:6, 4:6, 4:6] = True
    curves, found = drawn(constant, {"map": np.random.default_rng(0).random(constant.mask.shape)})
    assert curves.area(found["map"]) is None and found["map"][-1].relative is None


def test_a_volume_of_few_voxels_is_removed_as_a_whole_at_the_end(make_planted, evidence):
    case = make_planted()
    case.mask[:] = True
    case.mask[0] = False
    curves, found = drawn(case, {"map": evidence + np.linspace(0, 0.1, evidence.size).reshape(evidence.shape)}, 3)
    assert curves.reach == pytest.approx(16 / 15)
    assert found["map"][-1].voxels == evidence.size
    assert found["map"][-1].score == pytest.approx(curves.erased, abs=0.05)


@pytest.fixture(scope="module")
def explained(make_trained_folder, write_test_volume, tmp_path_factory):
    volume = write_test_volume((20, 18, 16))
    asked = Request(volume, str(make_trained_folder()), tmp_path_factory.mktemp("drawn") / "out", step=1.0)
    return asked, run_case(asked)


@pytest.fixture
def request_(explained, tmp_path) -> DeletionRequest:
    """A copy of a result, and its own map."""
    asked, result = explained
    folder = tmp_path / "result"
    shutil.copytree(result.folder, folder)
    files = JudgeRequest(folder, asked.volume, asked.model)
    return DeletionRequest(files, "mean", folder / "attention.nii.gz", points=3)


def test_a_result_gets_its_curve_beside_it(request_):
    listener = Listener()
    folder = request_.result.folder
    before = {path.name for path in folder.iterdir()}
    result = deletion_of_result(request_, listener)
    assert {path.name for path in folder.iterdir()} - before <= {"deletion.json", "deletion.csv", ".umamba-xai.lock"}
    body = json.loads((folder / "deletion.json").read_text(), parse_constant=pytest.fail)
    assert body == json.loads(json.dumps(result.body))
    assert listener.stages == list(DELETION_STAGES)
    assert [curve["name"] for curve in body["curves"]] == ["map", "random", "frangi"]
    assert [curve["kind"] for curve in body["curves"]] == ["given", "baseline", "baseline"]
    for curve in body["curves"]:
        assert curve["removed"][0] == 0 and curve["surviving"][0] == pytest.approx(1, abs=0.01)
        assert curve["score"][0] == pytest.approx(body["score"]["original"])
        heard = [values for name, values in listener.points if name == curve["name"]]
        assert sorted(values["score"] for values in heard) == sorted(curve["score"])
    rows = list(csv.DictReader((folder / "deletion.csv").open()))
    assert len(rows) == 9 and float(rows[0]["score"]) == pytest.approx(body["curves"][0]["score"][0])
    assert body["verdict"]["text"] and "null" not in (folder / "deletion.csv").read_text()


def test_a_cancelled_curve_leaves_no_file(request_):
    folder = request_.result.folder
    before = {path.name for path in folder.iterdir()}
    with pytest.raises(CancelledError):
        deletion_of_result(request_, Listener(most=2))
    assert {path.name for path in folder.iterdir()} - before <= {".umamba-xai.lock"}


def test_a_baseline_can_be_the_map(request_):
    asked = dataclasses.replace(request_, map="intensity", map_file=None, references=())
    body = deletion_of_result(asked).body
    (curve,) = body["curves"]
    assert (curve["name"], curve["title"], curve["kind"]) == ("map", "Intensity", "baseline")


def test_another_volume_or_a_constant_map_is_refused(request_, write_test_volume, tmp_path):
    other = write_test_volume((20, 18, 16), seed=3)
    with pytest.raises(InputError, match="not the one that the result was made from"):
        deletion_of_result(dataclasses.replace(request_, result=dataclasses.replace(request_.result, volume=other)))
    import SimpleITK as sitk

    flat = sitk.ReadImage(str(request_.map_file)) * 0
    sitk.WriteImage(flat, str(tmp_path / "flat.nii.gz"))
    with pytest.raises(InputError, match="same everywhere"):
        deletion_of_result(dataclasses.replace(request_, map_file=tmp_path / "flat.nii.gz"))


def test_the_worker_reads_what_a_scene_asks(request_):
    assert DeletionRequest.from_json(request_.to_json()) == request_
    task = read_task(request_.to_json(), request_.result.folder)
    answer = task.run(Reporter())
    assert set(answer.files) == {"deletion", "table"} and all(path.is_file() for path in answer.files.values())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"points": 2}, "points"),
        ({"points": True}, "points"),
        ({"references": ("noise",)}, "noise"),
        ({"references": "random"}, "not a list"),
        ({"fill": "zero"}, "fill"),
        ({"seed": -1}, "seed"),
        ({"map_file": None}, "mean"),
        ({"map_file": None, "map": "random"}, "itself"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(changes, words):
    whole = DeletionRequest(JudgeRequest(Path("r"), Path("v"), "demo"), "mean", Path("a"))
    with pytest.raises(UsageError, match=words):
        dataclasses.replace(whole, **changes)


@pytest.mark.parametrize("text", ["[]", "{}", '{"result": 3}', "{"])
def test_what_is_no_request_is_refused(text):
    with pytest.raises(UsageError):
        DeletionRequest.from_json(text)
