"""Whole runs with a small network with random weights: the pipeline's own numbers, resumed, in one process or more."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.domain.cohort_source import read_profile_source
from UMambaXAILogic.engine.domain.profile import write_profile
from UMambaXAILogic.engine.errors import CancelledError, InputError, UsageError
from UMambaXAILogic.engine.request import Target
from UMambaXAILogic.engine.shift import ShiftRequest, run_shift
from UMambaXAILogic.engine.shift.reporter import ShiftReporter
from UMambaXAILogic.engine.shift.strength import parse_strength

LAYER = ("decoder.1",)


@pytest.fixture(scope="module")
def model(make_trained_folder) -> str:
    return str(make_trained_folder(trainer="nnUNetTrainerUMambaBot", reader="SimpleITKIOWithReorient"))


@pytest.fixture(scope="module")
def explained(model, write_test_volume, tmp_path_factory):
    """A volume and, as its truth, a part of what the model predicts on it."""
    volume = write_test_volume(size=(24, 22, 20))
    result = run_case(Request(volume, model, tmp_path_factory.mktemp("case"), layers=LAYER))
    image = sitk.ReadImage(str(result.files["segmentation"]))
    truth = sitk.GetImageFromArray(np.roll(sitk.GetArrayFromImage(image), 1, axis=2))
    truth.CopyInformation(image)
    path = tmp_path_factory.mktemp("truth") / "gt.nii.gz"
    sitk.WriteImage(truth, str(path))
    return volume, path


def manifest_of(folder: Path, explained, cases=("a", "b")) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["case,volume,gt"]
    for case in cases:
        for source, name in zip(explained, (f"{case}.nii.gz", f"{case}_gt.nii.gz"), strict=True):
            shutil.copy(source, folder / name)
        rows.append(f"{case},{case}.nii.gz,{case}_gt.nii.gz")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder / "manifest.csv"


@pytest.fixture(scope="module")
def manifest(explained, tmp_path_factory) -> Path:
    return manifest_of(tmp_path_factory.mktemp("cohort"), explained)


def request_of(manifest: Path, model: str, output: Path, *strengths: str, **options) -> ShiftRequest:
    factors = [parse_strength(text) for text in strengths]
    options = {"goal": manifest, "factors": tuple(factor.key for factor in factors), **options}
    template = Request(manifest, model, output, layers=LAYER, device="cpu")
    return ShiftRequest(manifest, output=output, template=template,
                        strengths={factor.key: factor for factor in factors}, **options)  # fmt: skip


def values_of(folder: Path, case="a") -> dict:
    return json.loads((folder / "cases" / case / "values.json").read_text())


@pytest.fixture(scope="module")
def run(manifest, model, tmp_path_factory):
    """Three factors, one of them of another grid, with explanation."""
    output = tmp_path_factory.mktemp("shift")
    return run_shift(request_of(manifest, model, output, "blur=1", "slice_spacing=2.6", "noise=30"))


def test_without_interventions_the_values_are_those_of_explain(run, manifest, model, tmp_path):
    case = manifest.parent / "a.nii.gz"
    truth = manifest.parent / "a_gt.nii.gz"
    metrics = run_case(Request(case, model, tmp_path, ground_truth=truth, layers=LAYER)).metrics
    row = next(row for row in metrics["alignment"]
               if (row["reference"], row["layer"], row["threshold"]) == ("gt", "mean", 0.3))  # fmt: skip
    score = values_of(run.folder)["coalitions"]["none"]["score"]
    assert score["dice"] == metrics["segmentation"]["dice"] and 0.1 < score["dice"] < 1
    assert score["xai_gt_iou"] == row["iou"] and score["attention_voxels"] == row["attention_voxels"]


def test_all_coalitions_of_the_factors_that_act_are_there_with_their_controls(run):
    values = values_of(run.folder)
    assert len(values["coalitions"]) == 8 and set(values["controls"]) == {"blur", "slice_spacing", "noise"}
    assert values["controls"]["noise"]["score"] == values["coalitions"]["none"]["score"]
    assert values["controls"]["blur"]["needed_pass"] and not values["controls"]["noise"]["needed_pass"]


def test_the_same_head_under_another_name_has_other_noise_and_nothing_else_differs(run):
    first, second = (values_of(run.folder, case)["coalitions"] for case in "ab")
    for name in first:
        assert (first[name]["score"] == second[name]["score"]) == ("noise" not in name)


def test_shares_add_up_and_the_residual_closes_the_gap(run):
    for found in run.body["measures"].values():
        assert found["cases"] == 2
        shares = sum(factor["shapley"]["estimate"] for factor in found["factors"])
        change = found["change"]["estimate"]
        assert shares == pytest.approx(change) and change != 0
        gap = found["cohort_gap"]["difference"]["estimate"]
        assert gap == pytest.approx(0)  # the other cohort is the same one here
        assert found["residual"]["difference"]["estimate"] == pytest.approx(gap - change)


def test_files_say_the_same_as_the_result(run):
    body = json.loads(run.files["json"].read_text(), parse_constant=lambda name: pytest.fail(name))
    assert body == run.body
    rows = list(csv.DictReader(run.files["shapley"].open()))
    blur = next(row for row in rows if (row["measure"], row["factor"]) == ("dice", "blur"))
    expected = next(one for one in body["measures"]["dice"]["factors"] if one["key"] == "blur")
    assert float(blur["change_mean"]) == expected["shapley"]["estimate"]
    coalitions = list(csv.DictReader(run.files["coalitions"].open()))
    assert len(coalitions) == 2 * (8 + 3)
    assert run.files["figure"].read_bytes()[:4] == b"\x89PNG"


def test_nothing_is_left_behind_and_no_path_is_told(run, manifest):
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "cases", "coalitions.csv", "goal", "shapley.csv", "shift.json", "shift.png",
    ]  # fmt: skip
    for path in run.folder.rglob("*"):
        if path.suffix in (".json", ".csv"):
            assert str(manifest.parent) not in path.read_text()


class Counting(ShiftReporter):
    def __init__(self, stop_after=None):
        super().__init__(lambda: stop_after is not None and self.done >= stop_after)
        self.done, self.told, self.estimates, self.chosen, self.warnings = 0, [], [], None, []

    def factors(self, chosen, toward_source):
        self.chosen = {one.factor.key: one for one in chosen}

    def estimate(self, seconds_per_pass, passes_left):
        self.estimates.append((seconds_per_pass, passes_left))

    def passes(self, done, total, seconds_left):
        self.done = done
        self.told.append((done, total))

    def warning(self, code, message):
        self.warnings.append(code)


def test_a_stopped_run_goes_on_where_it_was_and_a_finished_one_computes_nothing(manifest, model, tmp_path):
    request = request_of(manifest, model, tmp_path, "intensity_scale=0.8,0", "noise=30", explains=False)
    with pytest.raises(CancelledError):
        run_shift(request, Counting(stop_after=5))
    first = Counting()
    resumed = run_shift(request, first)
    # Two of the other cohort, and five for each case: four coalitions and the control of the scale.
    assert first.told[-1] == (12 - 5, 12 - 5) and first.estimates[0][1] == 6
    again = Counting()
    assert run_shift(request, again).body["measures"] == resumed.body["measures"]
    assert again.told == []


def test_without_explanation_alignment_is_said_to_be_missing(manifest, model, tmp_path):
    body = run_shift(request_of(manifest, model, tmp_path, "noise=30", explains=False, count=1)).body
    found = body["measures"]["xai_gt_iou"]
    assert found["cases"] == 0 and found["change"]["estimate"] is None and found["left_out"][0]["case"] == "a"
    assert body["measures"]["dice"]["cases"] == 1 and body["attribution"] is None


def test_other_strengths_in_the_same_folder_are_refused_or_computed_anew(manifest, model, tmp_path):
    run_shift(request_of(manifest, model, tmp_path, "noise=30", explains=False, count=1))
    with pytest.raises(UsageError, match="other settings"):
        run_shift(request_of(manifest, model, tmp_path, "noise=60", explains=False, count=1))
    anew = Counting()
    run_shift(request_of(manifest, model, tmp_path, "noise=60", explains=False, count=1, restart=True), anew)
    assert anew.told[-1] == (2, 2)


def test_processes_of_a_cluster_compute_the_same(run, manifest, model, tmp_path):
    request = request_of(manifest, model, tmp_path, "blur=1", "slice_spacing=2.6", "noise=30", workers=1, threads=1)
    reporter = Counting()
    body = run_shift(request, reporter).body
    assert body["measures"] == run.body["measures"]
    assert reporter.told[-1] == (20, 20)


def test_strengths_are_estimated_against_a_stored_profile(manifest, model, tmp_path, explained):
    image = sitk.ReadImage(str(explained[0]))
    image.SetSpacing((*image.GetSpacing()[:2], image.GetSpacing()[2] * 2))
    goal = manifest_of(tmp_path / "goal", explained, ("c",))
    sitk.WriteImage(image, str(goal.parent / "c.nii.gz"))
    (goal.parent / "c_gt.nii.gz").unlink()
    (goal.parent / "manifest.csv").write_text("case,volume\nc,c.nii.gz\n")
    write_profile(read_profile_source(goal).profile, tmp_path / "profile.json")
    reporter = Counting()
    request = request_of(manifest, model, tmp_path / "out", explains=False, count=1, goal=tmp_path / "profile.json",
                         factors=("slice_spacing",))  # fmt: skip
    body = run_shift(request, reporter).body
    spacing = reporter.chosen["slice_spacing"]
    assert spacing.origin == "estimated" and spacing.factor.spacing_mm == pytest.approx(2.6, rel=1e-3)
    dice = body["measures"]["dice"]
    assert dice["cohort_gap"] is dice["residual"] is None and "not known" in dice["gap_missing_because"]


def test_the_way_back_is_marked_as_approximate(manifest, model, tmp_path):
    request = request_of(manifest, model, tmp_path, "noise=-5", explains=False, count=1, toward_source=True)
    body = run_shift(request).body
    assert body["approximate"] and body["direction"] == "target_to_source"
    assert any("approximate" in limit for limit in body["limits"])


def test_a_case_that_cannot_be_computed_is_named_and_does_not_stop_the_rest(explained, model, tmp_path):
    manifest = manifest_of(tmp_path / "cohort", explained)
    empty = sitk.ReadImage(str(explained[1])) * 0
    sitk.WriteImage(empty, str(manifest.parent / "a_gt.nii.gz"))
    reporter = Counting()
    body = run_shift(request_of(manifest, model, tmp_path / "out", "noise=30", explains=False), reporter).body
    assert body["cases"]["done"] == 1
    assert body["cases"]["failed"][0]["case"] == "a" and "no voxel" in body["cases"]["failed"][0]["reason"]
    assert "case_failed" in reporter.warnings


def test_scored_in_view_what_lies_outside_a_smaller_field_of_view_costs_nothing(manifest, model, tmp_path):
    found = {}
    for in_view in (False, True):
        request = request_of(manifest, model, tmp_path / str(in_view), "field_of_view=15,inf,inf", explains=False,
                             count=1, score_in_view=in_view)  # fmt: skip
        body = run_shift(request).body
        found[in_view] = next(one for one in body["measures"]["dice"]["factors"] if one["key"] == "field_of_view")
    assert found[False]["control"]["estimate"] < 0
    assert found[True]["control"]["estimate"] == 0.0
    net = found[False]["alone_less_control"]["estimate"]
    assert net == pytest.approx(found[False]["alone"]["estimate"] - found[False]["control"]["estimate"])


def test_a_manifest_without_ground_truth_is_refused(explained, model, tmp_path):
    manifest = manifest_of(tmp_path / "cohort", explained)
    manifest.write_text("case,volume\na,a.nii.gz\n")
    with pytest.raises(InputError, match="ground truth"):
        run_shift(request_of(manifest, model, tmp_path / "out", "noise=30"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [
    {"count": 0}, {"seed": -1}, {"factors": ()}, {"factors": ("blur",)}, {"label_extent_is_factor": True},
    {"label_extent_mm": (1.0, -1.0, 1.0)}, {"workers": 0}, {"workers": 1, "scheduler": "tcp://x:1"},
])  # fmt: skip
def test_requests_that_make_no_sense_are_refused(options, tmp_path):
    with pytest.raises(UsageError):
        request_of(tmp_path / "m.csv", "demo", tmp_path, "noise=1", **options)


def test_errors_of_one_kind_cannot_be_explained_here(tmp_path):
    template = Request(tmp_path / "v.nii", "demo", tmp_path, ground_truth=tmp_path / "g.nii", target=Target(kind="fp"))
    with pytest.raises(UsageError, match="FP"):
        ShiftRequest(tmp_path / "m.csv", tmp_path / "p.json", tmp_path, template)


def test_a_process_that_is_killed_loses_no_pass_that_was_written(manifest, model, tmp_path):
    """SIGKILL from outside, as the system does when memory runs out."""
    program = (
        "import sys, torch; torch.set_num_threads(1)\n"
        "from pathlib import Path\n"
        "from UMambaXAILogic.engine import Request\n"
        "from UMambaXAILogic.engine.shift import ShiftRequest, run_shift\n"
        "from UMambaXAILogic.engine.shift.strength import parse_strength\n"
        "manifest, model, output = sys.argv[1:]\n"
        "strengths = [parse_strength(text) for text in ('intensity_scale=0.8,0', 'blur=1', 'noise=30')]\n"
        "template = Request(manifest, model, output, layers=('decoder.1',), device='cpu')\n"
        "run_shift(ShiftRequest(Path(manifest), Path(manifest), Path(output), template, count=1,\n"
        "    factors=tuple(f.key for f in strengths), strengths={f.key: f for f in strengths}, explains=False))\n"
    )
    output = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", program, str(manifest), model, str(output)])
    values = output / "cases" / "a" / "values.json"
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and not (values.exists() and len(values_of(output)["coalitions"]) > 1):
            assert process.poll() is None or values.exists()
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    known = values_of(output)
    request = request_of(
        manifest, model, output, "intensity_scale=0.8,0", "blur=1", "noise=30", explains=False, count=1
    )
    reporter = Counting()
    run_shift(request, reporter)
    after = values_of(output)
    assert all(after["coalitions"][name] == value for name, value in known["coalitions"].items())
    assert len(after["coalitions"]) == 8 and len(reporter.told) == 10 - len(known["coalitions"]) - sum(
        control["needed_pass"] for control in known["controls"].values()
    )
    assert not list(output.glob(".*"))
