"""What can be used of a cohort's folder, and what is said where it cannot."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from UMambaXAILogic.engine.diagnosis.cohort_results import read_cohort
from UMambaXAILogic.engine.errors import InputError


def codes(results) -> list[str]:
    return [code for code, _ in results.warnings]


def test_a_finished_cohort_has_nothing_to_warn_of(known, write_cohort):
    results = read_cohort(write_cohort("hospital", [known("a", 1), known("b", 2)]))
    assert [case["case"] for case in results.cases] == ["a", "b"]
    assert (results.name, results.threshold, results.unfinished, results.warnings) == ("hospital", 0.3, 0, ())
    assert results.facts["settings"]["step"] == 0.5 and results.is_phantom
    assert results.profile_file is not None


def test_another_name_may_be_given(known, write_cohort):
    assert read_cohort(write_cohort("hospital", [known("a", 1)]), "Site 7").name == "Site 7"


def test_a_running_cohort_goes_on_with_what_is_finished(known, write_cohort):
    failed = replace(known("c", 3), failed="The volume cannot be read.")
    results = read_cohort(write_cohort("hospital", [known("a", 1), failed], unfinished=3))
    assert codes(results) == ["cohort_unfinished", "cases_failed"]
    assert results.warnings[0][1].startswith("3 of 5 cases are not finished")
    assert [case["reason"] for case in results.failed] == ["The volume cannot be read."]


def test_cases_without_truth_are_left_out_of_what_is_scored(known, nothing_predicted, write_cohort):
    without = replace(known("b", 2), gt=None)
    results = read_cohort(write_cohort("hospital", [known("a", 1), without, nothing_predicted("c")]))
    assert codes(results) == ["some_without_ground_truth", "cases_without_attention"]
    assert [case["case"] for case in results.scored] == ["a", "c"]


def test_a_cohort_without_any_truth_is_scored_against_its_predictions(known, write_cohort):
    results = read_cohort(write_cohort("hospital", [replace(known("a", 1), gt=None)]))
    assert codes(results) == ["no_ground_truth"]
    assert [case["case"] for case in results.scored] == ["a"] and results.with_ground_truth == []


def test_what_the_cases_warned_of_is_counted(known, write_cohort):
    outside = known("a", 1, warnings=("prediction_outside_annotation",))
    results = read_cohort(write_cohort("hospital", [outside, known("b", 2)]))
    assert codes(results) == ["prediction_outside_annotation"] and "In 1 of 2 cases" in results.warnings[0][1]


def test_a_lost_summary_is_said(known, write_cohort):
    folder = write_cohort("hospital", [known("a", 1)])
    (folder / "summary.json").unlink()
    results = read_cohort(folder)
    assert codes(results) == ["summary_missing"] and results.facts["settings"] is None


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: [path.unlink() for path in folder.iterdir()], "is not a cohort's folder"),
        (lambda folder: (folder / "slices.parquet").unlink(), "slices.parquet is missing"),
        (lambda folder: (folder / "alignment.parquet").write_bytes(b"PAR1"), "cannot be read"),
        (lambda folder: pq.write_table(pa.table({"case": ["a"]}), folder / "cases.parquet"), "lacks the columns"),
    ],
)
def test_damaged_folders_are_refused(known, write_cohort, spoil, says):
    folder = write_cohort("hospital", [known("a", 1)])
    spoil(folder)
    with pytest.raises(InputError, match=says):
        read_cohort(folder)


def test_a_missing_folder_and_a_case_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        read_cohort(tmp_path / "missing")
    (tmp_path / "metrics.json").write_text(json.dumps({}))
    with pytest.raises(InputError, match="the results of one case"):
        read_cohort(tmp_path)


def test_a_cohort_with_no_case_done_is_refused(known, write_cohort):
    failed = replace(known("a", 1), failed="It broke.")
    with pytest.raises(InputError, match="1 failed and 2 are unfinished"):
        read_cohort(write_cohort("hospital", [failed], unfinished=2))


def test_cases_of_different_models_are_refused(known, write_cohort):
    cases = [known("a", 1), known("b", 2, settings={"model_sha256": "b" * 64})]
    with pytest.raises(InputError, match="several models"):
        read_cohort(write_cohort("hospital", cases))
