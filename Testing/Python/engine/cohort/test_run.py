"""A cohort from manifest to tables, on a cluster that is there already; cases are imitated, all else is real."""

from __future__ import annotations

import gc
import json
import os
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from distributed import Future
from filelock import FileLock

from UMambaXAILogic.engine.cohort import cluster, run_cohort
from UMambaXAILogic.engine.cohort.case_state import FinishedCase
from UMambaXAILogic.engine.domain.profile import read_profile
from UMambaXAILogic.engine.errors import CancelledError, InputError, ModelError, NotInstalledError, UsageError
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import MethodChoice, Target
from UMambaXAILogic.engine.unfinished import LOCK_NAME, UNFINISHED_PREFIX


class Listener(Reporter):
    def __init__(self, stop_after: int | None = None) -> None:
        super().__init__(lambda: self._stop_after is not None and self.ended >= self._stop_after)
        self._stop_after = stop_after
        self.ended, self.counts, self.warnings, self.stages = 0, [], [], []

    def cases(self, done, failed, total, seconds_left):
        self.ended = done + failed
        self.counts.append((done, failed, total, seconds_left))

    def warning(self, code, message):
        self.warnings.append((code, message))

    def stage(self, name):
        self.stages.append(name)


def table(folder, name: str) -> list[dict]:
    return pq.read_table(folder / f"{name}.parquet").to_pylist()


def test_every_case_lands_in_every_table(make_request, imitate, scheduler, pattern):
    listener = Listener()
    result = run_cohort(make_request(["a", "b", "c"], scheduler=scheduler), listener, imitate)
    assert (result.done, result.failed, result.failures) == (3, 0, ())
    cases = sorted(table(result.folder, "cases"), key=lambda row: row["number"])
    assert [(row["case"], row["domain"], row["status"], row["attempts"]) for row in cases] == [
        ("a", "even", "done", 1),
        ("b", "odd", "done", 1),
        ("c", "even", "done", 1),
    ]
    metrics = pattern.metrics
    assert cases[0]["dice"] == metrics["segmentation"]["dice"] and cases[0]["folder"] == "cases/a"
    assert cases[1]["gap"] == metrics["gap"] and cases[1]["verdict"] == metrics["verdict"]["name"]
    assert cases[2]["in_pm_excess"] == metrics["excess_alignment"]["in_pm_excess"]
    row = next(r for r in metrics["alignment"] if (r["layer"], r["reference"], r["threshold"]) == ("mean", "gt", 0.3))
    assert (cases[0]["xai_gt_iou"], cases[0]["attention_voxels"]) == (row["iou"], row["attention_voxels"])

    alignment = [row for row in table(result.folder, "alignment") if row["case"] == "b"]
    per_method = {"seg-xres-cam": 6 * (2 + 1 + 1), "seg-grad-cam": 6}  # layers, mean, mean without the last
    found = {name: sum(row["method"] == name for row in alignment) for name in per_method}
    assert found == per_method and all(row["main"] == (row["method"] == "seg-xres-cam") for row in alignment)
    for row in alignment:
        union = row["attention_voxels"] + row["reference_voxels"] - row["overlap_voxels"]
        assert row["iou"] == pytest.approx(row["overlap_voxels"] / union)

    slices = [row for row in table(result.folder, "slices") if row["case"] == "c"]
    assert sum(row["pm_voxels"] for row in slices) == metrics["segmentation"]["pm_voxels"]
    assert {row["domain"] for row in slices} == {"even"} and isinstance(slices[0]["position_s_mm"], float)

    profile = read_profile(result.files["profile"])
    assert sorted(row.case for row in profile.rows) == ["a", "b", "c"] and profile.name == "out"
    summary = json.loads(result.files["summary"].read_text())
    assert (summary["cases"], summary["done"], summary["failed"], summary["unfinished"]) == (3, 3, 0, 0)
    assert summary["finished"] and summary["with_gt"] == 3 and summary["domain_cases"] == {"even": 2, "odd": 1}
    assert summary["dice_pooled"] == pytest.approx(metrics["segmentation"]["dice"])
    assert summary["model"] == metrics["model"] and summary["methods"][1]["method"] == "seg-grad-cam"
    assert listener.counts[-1][:3] == (3, 0, 3) and listener.stages == ["load_model", "check", "cases"]
    assert not [path for path in result.folder.iterdir() if path.name.startswith(".")]


def test_a_case_that_fails_is_told_and_stops_no_other(make_request, imitate, scheduler, volume):
    result = run_cohort(make_request(["fail", "good", "bug"], scheduler=scheduler), compute=imitate)
    assert (result.done, result.failed) == (1, 2)
    failures = {failure["case"]: failure for failure in result.failures}
    assert failures["fail"]["code"] == "input" and failures["bug"]["code"] == "bug"
    reason = failures["fail"]["reason"]
    assert reason.startswith("The volume of the series uid-") and "Leave it out." in reason
    assert str(volume) not in reason and volume.name not in reason and "1.2.840" not in reason
    rows = {row["case"]: row for row in table(result.folder, "cases")}
    assert rows["fail"]["status"] == "failed" and rows["fail"]["reason"] == reason and rows["fail"]["dice"] is None
    status = json.loads((result.folder / "cases/bug/status.json").read_text())
    assert "ZeroDivisionError" in status["traceback"] and status["attempts"] == 1
    assert result.summary["unfinished"] == 0 and result.summary["failures"] == list(result.failures)


def test_finished_cases_are_not_computed_again_and_failed_ones_are_tried_again(make_request, imitate, scheduler, begun):
    request = make_request(["a", "fail", "b"], scheduler=scheduler)
    run_cohort(request, compute=imitate)
    assert sorted(begun()) == ["a", "b", "fail"]
    for name in ("cases", "slices", "alignment"):
        (request.output / f"{name}.parquet").unlink()
    listener = Listener()
    result = run_cohort(request, listener, imitate)
    assert sorted(begun()) == ["a", "b", "fail", "fail"]
    rows = {row["case"]: row for row in table(result.folder, "cases")}
    assert {case: row["attempts"] for case, row in rows.items()} == {"a": 1, "b": 1, "fail": 2}
    assert listener.counts[0][:3] == (2, 0, 3) and len(table(result.folder, "slices")) > 0


def test_what_a_process_left_that_was_killed_right_after_its_last_file_is_removed(make_request, imitate, scheduler):
    request = make_request(["a", "held"], scheduler=scheduler)
    run_cohort(request, compute=imitate)
    for case in ("a", "held"):
        folder = request.output / "cases" / case
        (folder / f"{UNFINISHED_PREFIX}left/deeper").mkdir(parents=True)
        (folder / LOCK_NAME).touch()
    with FileLock(folder / LOCK_NAME):  # a process that still leaves the folder by itself
        assert run_cohort(request, compute=imitate).done == 2
        assert (folder / f"{UNFINISHED_PREFIX}left").is_dir()
    assert not [path.name for path in (request.output / "cases/a").iterdir() if path.name.startswith(".")]


def test_nothing_is_started_where_everything_is_finished(make_request, imitate, scheduler):
    request = make_request(["a"], scheduler=scheduler)
    run_cohort(request, compute=imitate)
    again = replace(request, scheduler="tcp://127.0.0.1:1")  # nobody would answer
    assert run_cohort(again, compute=imitate).done == 1


def test_cases_added_to_the_manifest_are_computed_and_removed_ones_leave_the_tables(
    make_request, imitate, scheduler, begun
):
    run_cohort(make_request(["a", "b"], scheduler=scheduler), compute=imitate)
    result = run_cohort(make_request(["c", "b"], scheduler=scheduler), compute=imitate)
    assert sorted(begun()) == ["a", "b", "c"]
    assert sorted(row["case"] for row in table(result.folder, "cases")) == ["b", "c"]
    assert (result.folder / "cases/a/metrics.json").exists()


def test_other_settings_in_the_same_folder_are_refused_with_what_differs(make_request, imitate, scheduler, begun):
    request = make_request(["a", "b"], scheduler=scheduler)
    # The imitated results carry the pattern's settings, so these are what was asked for.
    run_cohort(request, compute=imitate)
    other = replace(request, template=replace(request.template, pool=2, thresholds=(0.5,)))
    with pytest.raises(UsageError, match="2 cases .* other settings") as error:
        run_cohort(other, compute=imitate)
    assert "pool was None and is 2 now" in error.value.message and "thresholds was" in error.value.message
    assert "compute the cases again" in error.value.remedy and sorted(begun()) == ["a", "b"]
    assert len(table(request.output, "cases")) == 2  # the earlier tables are untouched
    assert run_cohort(replace(other, restart=True), compute=imitate).done == 2
    assert sorted(begun()) == ["a", "a", "b", "b"]


def test_another_model_is_another_setting(make_request, imitate, scheduler, make_trained_folder):
    request = make_request(["a"], scheduler=scheduler)
    run_cohort(request, compute=imitate)
    model = str(make_trained_folder(trainer="nnUNetTrainerUMambaBot", seed=5))
    with pytest.raises(UsageError, match="the model was"):
        run_cohort(replace(request, template=replace(request.template, model=model)), compute=imitate)


def test_a_case_whose_files_changed_is_computed_again(make_request, imitate, scheduler, begun, truth):
    request = make_request(["a"], scheduler=scheduler)
    run_cohort(request, compute=imitate)
    state = truth.stat()
    os.utime(truth, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000))
    try:
        listener = Listener()
        assert run_cohort(request, listener, imitate).done == 1
    finally:
        os.utime(truth, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert begun() == ["a", "a"] and [code for code, _ in listener.warnings] == ["input_changed"]


@pytest.mark.parametrize("damage", ["half a file", '{"request": 1}', "[]"])
def test_a_damaged_result_is_computed_again(make_request, imitate, scheduler, begun, damage):
    request = make_request(["a"], scheduler=scheduler)
    run_cohort(request, compute=imitate)
    (request.output / "cases/a/metrics.json").write_text(damage)
    (request.output / "cases/a/status.json").write_text(damage)
    assert run_cohort(request, compute=imitate).done == 1
    assert begun() == ["a", "a"]


def test_a_case_that_kills_its_worker_is_told_and_does_not_loop(make_request, imitate, scheduler, begun):
    result = run_cohort(make_request(["kill", "a", "once", "b"], scheduler=scheduler), compute=imitate)
    assert (result.done, result.failed) == (3, 1)
    (failure,) = result.failures
    assert failure["case"] == "kill" and failure["code"] == "crashed" and failure["attempts"] == 2
    assert "killed or crashed" in failure["reason"]
    assert begun().count("kill") == 2 and begun().count("once") == 2
    rows = {row["case"]: row["attempts"] for row in table(result.folder, "cases")}
    assert rows["once"] == 2


def test_cancelling_keeps_what_is_finished(make_request, imitate, scheduler, begun):
    request = make_request(["a", "b", "slow1", "slow2", "c"], scheduler=scheduler)
    with pytest.raises(CancelledError):
        run_cohort(request, Listener(stop_after=2), imitate)
    summary = json.loads((request.output / "summary.json").read_text())
    assert summary["done"] == 2 and summary["unfinished"] == 3 and not summary["finished"]
    assert len(table(request.output, "cases")) == 2
    assert "slow1" in begun() and "c" not in begun()


def test_two_runs_do_not_share_a_folder(make_request, imitate, scheduler):
    request = make_request(["a"], scheduler=scheduler)
    refused = []

    class Second(Listener):
        def stage(self, name):
            if name == "check":
                with pytest.raises(UsageError, match="Another run"):
                    run_cohort(request, compute=imitate)
                refused.append(name)

    run_cohort(request, Second(), imitate)
    assert refused == ["check"]


def test_a_scheduler_that_does_not_answer_is_named(make_request, imitate, monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "_CONNECT_S", 0.3)
    for address in ("tcp://127.0.0.1:1", "nonsense", str(tmp_path / "missing.json")):
        with pytest.raises(UsageError, match="No Dask scheduler"):
            run_cohort(make_request(["a"], scheduler=address), compute=imitate)
    assert not (tmp_path / "out").exists()


def test_everything_is_refused_before_the_first_case(make_request, imitate, begun, tmp_path):
    good = make_request(["a", "b"])
    for change, kind in [
        ({"method": "nothing"}, UsageError),
        ({"other_methods": (MethodChoice("seg-xres-cam"),)}, UsageError),
        ({"layers": ("encoder.99",)}, UsageError),
        ({"target": Target("no such label")}, UsageError),
        ({"device": "cuda:99"}, NotInstalledError),
        ({"model": "no such folder"}, ModelError),
    ]:
        with pytest.raises(kind):
            run_cohort(replace(good, template=replace(good.template, **change)), compute=imitate)
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"no image")
    good.manifest.write_text(f"case,volume\na,{broken}\nb,{broken}\n")
    with pytest.raises(InputError, match="2 problems"):
        run_cohort(good, compute=imitate)
    assert begun() == [] and not (tmp_path / "out").exists()


def test_the_launcher_keeps_no_case_that_it_has_taken_in(make_request, imitate, scheduler):
    alive = []

    class Census(Listener):
        def cases(self, done, failed, total, seconds_left):
            if done in (10, 40):
                gc.collect()
                kept = [thing for thing in gc.get_objects() if type(thing) in (FinishedCase, Future)]
                alive.append((sum(type(thing) is FinishedCase for thing in kept), len(kept)))

    result = run_cohort(make_request([f"case{number}" for number in range(40)], scheduler=scheduler), Census(), imitate)
    assert result.done == 40 and len(alive) == 2
    # The fixture's own, the one just taken in, and at most those that have come in meanwhile.
    assert all(finished <= 3 for finished, _ in alive) and alive[1][1] <= 15
