"""The tables of a cohort: rows of any case, published at a pace that does not slow the run down."""

from __future__ import annotations

import copy
import json
import tracemalloc
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.cohort import growing_table
from UMambaXAILogic.engine.cohort.case_state import FinishedCase
from UMambaXAILogic.engine.cohort.profile_rows import ProfileRows
from UMambaXAILogic.engine.cohort.store import CasePlace, CohortStore
from UMambaXAILogic.engine.domain.profile import Profile, write_profile
from UMambaXAILogic.engine.domain.row import DomainRow
from UMambaXAILogic.engine.domain.settings import DomainSettings


@pytest.fixture
def clock():
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    (tmp_path / "scratch").mkdir()
    store = CohortStore(tmp_path, tmp_path / "scratch", {"name": "test", "cases": 3}, clock)
    yield store
    store.close()


def finish(store: CohortStore, number: int, finished: FinishedCase) -> None:
    case = f"case{number}"
    store.add_done(CasePlace(number, case, None), 1, replace(finished, metrics={**finished.metrics, "case": case}))


def rows(folder, name: str = "cases") -> list[dict]:
    return pq.read_table(folder / f"{name}.parquet").to_pylist()


def test_tables_are_published_at_once_and_then_when_due(store, clock, pattern, tmp_path, monkeypatch):
    finish(store, 1, pattern)
    store.publish_if_due()
    assert len(rows(tmp_path)) == 1
    finish(store, 2, pattern)
    clock.now += 1.9
    store.publish_if_due()
    assert len(rows(tmp_path)) == 1
    clock.now += 0.2

    # A publication that took three seconds puts the next off by a minute.
    original = store._cases.publish
    monkeypatch.setattr(store._cases, "publish", lambda: (original(), setattr(clock, "now", clock.now + 3.0)))
    store.publish_if_due()
    assert len(rows(tmp_path)) == 2
    finish(store, 3, pattern)
    clock.now += 59
    store.publish_if_due()
    assert len(rows(tmp_path)) == 2
    clock.now += 2
    store.publish_if_due()
    assert len(rows(tmp_path)) == 3


def test_a_table_that_somebody_holds_open_does_not_stop_the_run(store, clock, pattern, tmp_path, monkeypatch):
    finish(store, 1, pattern)
    with monkeypatch.context() as windows:
        windows.setattr("os.replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "in use")))
        store.publish_if_due()
        with pytest.raises(PermissionError):
            store.publish(finished=True)
    store.publish(finished=True)
    assert len(rows(tmp_path)) == 1 and len(rows(tmp_path, "slices")) == pattern.slices_csv.count("\n") - 1


def test_a_case_without_ground_truth_or_prediction_has_nulls(
    store, model_folder, volume, make_trained_folder, tmp_path_factory, tmp_path
):
    blind = str(make_trained_folder(trainer="nnUNetTrainerUMambaBot", background_bias=1e3))
    for number, model in enumerate((model_folder, blind), 1):
        folder = tmp_path_factory.mktemp("case")
        metrics = run_case(Request(volume, model, folder, layers=("decoder.1",))).metrics
        finish(store, number, FinishedCase(metrics, (folder / "slices.csv").read_text()))
    store.publish(finished=True)
    explained, nothing = rows(tmp_path)
    assert explained["dice"] is None and explained["xai_gt_iou"] is None and explained["xai_pm_iou"] is not None
    assert explained["cl_dice"] is None and explained["recall_thin"] is None and explained["centreline_mm"] > 0
    assert explained["vessel_reference"] == "pm" and explained["vessel_segments_unfound"] is None
    assert nothing["vessel_reference"] is None and nothing["attention_share_within_radius"] is None
    assert explained["excess"] is None and explained["verdict"] == "not_available" and explained["slices"] is None
    assert nothing["pm_voxels"] == 0 and nothing["method"] is None and nothing["attention_voxels"] is None
    assert "nothing_predicted" in nothing["warnings"]
    assert {row["case"] for row in rows(tmp_path, "alignment")} == {"case1"}
    assert all(row["gt_voxels"] is None for row in rows(tmp_path, "slices"))
    summary = store.summary()
    assert summary["with_gt"] == 0 and summary["dice_pooled"] is None
    assert summary["case_mean"]["dice"] == {"mean": None, "cases": 0}
    assert summary["case_mean"]["xai_pm_iou"]["cases"] == 1 and summary["unfinished"] == 1


def test_a_case_with_ground_truth_has_its_vessel_readout(store, pattern, tmp_path):
    finish(store, 1, pattern)
    older = copy.deepcopy(pattern)
    del older.metrics["vessel_readout"], older.metrics["segmentation"]["cl_dice"]
    finish(store, 2, older)
    store.publish(finished=True)
    now, before = rows(tmp_path)
    segmentation, readout = pattern.metrics["segmentation"], pattern.metrics["vessel_readout"]
    for name in ("cl_dice", "topology_precision", "topology_sensitivity"):
        assert now[name] == segmentation[name] is not None
    for name, value in readout["summary"].items():
        assert now[name] == value
    assert now["vessel_reference"] == "gt" and now["attention_share_within_radius"] > 0
    assert (now["vessel_segments"], now["centreline_mm"]) == (readout["axial"]["count"], readout["centreline_mm"])
    assert before["cl_dice"] is None and before["vessel_reference"] is None and before["dice"] == now["dice"]


def test_pooled_dice_is_that_of_all_voxels_together(store, pattern):
    other = copy.deepcopy(pattern)
    other.metrics["segmentation"] |= {"pm_voxels": 10, "gt_voxels": 30, "overlap_voxels": 5, "dice": 0.25}
    finish(store, 1, pattern)
    finish(store, 2, other)
    first = pattern.metrics["segmentation"]
    expected = 2 * (first["overlap_voxels"] + 5) / (first["pm_voxels"] + first["gt_voxels"] + 40)
    summary = store.summary()
    assert summary["dice_pooled"] == pytest.approx(expected)
    assert summary["case_mean"]["dice"]["mean"] == pytest.approx((first["dice"] + 0.25) / 2)


def test_the_profile_is_the_one_that_the_profile_writer_writes(pattern, tmp_path):
    settings = DomainSettings()
    bodies = [{**pattern.metrics["domain"], "case": case, "phantom": case == "b"} for case in ("a", "b", "c")]
    write_profile(Profile("name", settings, tuple(DomainRow.from_json(body) for body in bodies)), tmp_path / "whole")
    streamed = ProfileRows(tmp_path, "name")
    for body in bodies:
        streamed.append(body)
    assert streamed.write(tmp_path / "streamed")
    assert json.loads((tmp_path / "streamed").read_text()) == json.loads((tmp_path / "whole").read_text())
    assert (tmp_path / "streamed").read_bytes() == (tmp_path / "whole").read_bytes()
    assert not ProfileRows(tmp_path / "scratch", "none").write(tmp_path / "none")


def test_memory_does_not_grow_with_the_number_of_cases(store, clock, pattern, monkeypatch):
    monkeypatch.setattr(growing_table, "ROWS_IN_MEMORY", 200)

    def take_in(first: int, last: int) -> None:
        for number in range(first, last):
            finish(store, number, pattern)
            clock.now += 0.1
            store.publish_if_due()

    take_in(0, 40)
    tracemalloc.start()
    try:
        take_in(40, 80)
        after_80, _ = tracemalloc.get_traced_memory()
        take_in(80, 280)
        after_280, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    slices = pattern.slices_csv.count("\n") - 1
    bytes_of_rows = 200 * slices * 22 * 8  # the smallest that the rows of 200 cases could take
    assert after_280 - after_80 < bytes_of_rows / 4
