"""Two cohorts' folders in, one document out: its structure, what is refused, and what never gets into it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from UMambaXAILogic.engine.diagnosis import DiagnosisOptions, diagnose
from UMambaXAILogic.engine.diagnosis.anonymise import hashed_name
from UMambaXAILogic.engine.diagnosis.cohort_results import read_cohort
from UMambaXAILogic.engine.diagnosis.run import diagnose_results
from UMambaXAILogic.engine.errors import CancelledError, InputError, UsageError
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import VerdictCutoffs

UID = "1.2.826.0.1.3680043.8.498.77"
ORDER = ["1", "2", "3", "4", "5", "7", "8", "9", "10", "11", "differences", "layers", "gap", "excess"]


@pytest.fixture(scope="module")
def folders(known, write_cohort):
    return {
        "source": write_cohort("trained on", [known(f"s{i}", i) for i in range(7)]),
        "target": write_cohort("elsewhere", [known(f"t{i}", 30 + i, agreement=0.4) for i in range(6)]),
    }


def report_of(folders, **options):
    results = {side: read_cohort(folder) for side, folder in folders.items()}
    return diagnose_results(results, DiagnosisOptions(**options), Reporter())


@pytest.fixture(scope="module")
def report(folders):
    return report_of(folders)


def structure(value):
    """Keys of objects, all the way down; of lists, the first member's. Values are not compared."""
    if isinstance(value, dict):
        return {key: structure(item) for key, item in sorted(value.items())}
    return [structure(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def test_the_example_that_the_page_is_tested_with_has_the_structure_of_a_real_report(report):
    example = json.loads((Path(__file__).parent / "example_report.json").read_text())
    assert list(report) == list(example)
    assert list(report["tables"]) == list(example["tables"]) == ORDER
    for key, table in report["tables"].items():
        assert table["columns"] == example["tables"][key]["columns"], key
    for key in ("verdict", "options", "environment", "audit"):
        assert structure(report[key]).keys() == structure(example[key]).keys(), key
    assert structure(report["verdict"]) == structure(example["verdict"])
    assert structure(report["cases_to_look_at"]) == structure(example["cases_to_look_at"])
    for side in ("source", "target"):
        real, shown = report["compared"][side], example["compared"][side]
        assert list(real) == list(shown)
        assert set(real["settings"]) == set(shown["settings"])


def test_the_document_is_json_and_the_same_every_time(folders, report):
    again = report_of(folders)
    text = json.dumps({**report, "created": ""}, allow_nan=False)
    assert text == json.dumps({**again, "created": ""}, allow_nan=False)


def test_what_was_compared_is_said(report):
    source = report["compared"]["source"]
    assert (source["name"], source["cases"], source["done"], source["with_gt"]) == ("trained on", 7, 7, 7)
    assert source["methods"] == ["seg-xres-cam, pool 1", "seg-xres-cam, pool 2", "seg-grad-cam"]
    assert source["settings"]["layers"] == ["encoder.1", "decoder.0", "decoder.1"]
    assert report["phantom"] and "phantoms" in report["limits"][0]
    assert report["phase2"]["source"]["alignment"][0]["case_mean"]["iou"]["count"] == 7


def test_the_averages_of_one_statistic_stand_together(report):
    statistics = [row["statistic"] for row in report["tables"]["4"]["rows"]]
    assert statistics[:2] == [statistics[0]] * 2
    runs = [one for one, other in zip(statistics, [None, *statistics], strict=False) if one != other]
    assert len(runs) == len(set(runs))


def test_published_numbers_stand_beside_only_where_asked(folders, report):
    assert all(table["paper"] is None for table in report["tables"].values())
    tables = report_of(folders, paper=True)["tables"]
    assert {"cohort": "source", "dice": 0.8604} in tables["7"]["paper"]
    ratios = {"iou": 0.1002, "f1": 0.1803, "precision": 0.2227, "recall": 0.1581}
    assert {"threshold": 0.4, "cohort": "target", **ratios} in tables["9"]["paper"]
    assert tables["gap"]["paper"] == [{"cohort": "source", "gap": 0.0549}, {"cohort": "target", "gap": 0.1805}]
    spacing = tables["2"]["paper"][2]
    assert (spacing["source"], spacing["target"], spacing["relative_percent"]) == (1.114, 0.715, pytest.approx(-35.8))
    assert spacing["statistic"] == tables["2"]["rows"][2]["statistic"]
    assert tables["3"]["paper"][0]["ratio"] == 3.4
    assert len(tables["4"]["paper"]) == 6 and len(tables["5"]["paper"]) == 6 and len(tables["11"]["paper"]) == 8
    assert all(tables[key]["paper"] is None for key in ("differences", "layers", "excess"))


def test_failed_cases_are_listed_without_paths(folders, known, write_cohort):
    failed = replace(known("doe", 3), failed="The volume /data/John Doe/scan.nii.gz of doe is empty.")
    target = write_cohort("with failures", [known("a", 1), failed])
    report = report_of({**folders, "target": target})
    assert report["failed_cases"] == [
        {
            "cohort": "target",
            "case": "doe",
            "reason": "The volume [path] of doe is empty.",
            "code": "input",
            "attempts": 2,
        }
    ]
    assert "cases_failed" in [warning["code"] for warning in report["warnings"]]


def test_identifiers_never_reach_the_document(folders, known, write_cohort):
    cases = [known(UID, 1), known("doe_john", 2), replace(known(f"{UID}.9", 3), failed=f"Series {UID}.9 is missing.")]
    target = write_cohort("hospital", cases)
    report = report_of({**folders, "target": target})
    text = json.dumps(report)
    assert UID not in text and hashed_name(UID) in text and "doe_john" in text
    assert report["compared"]["target"]["anonymised"] and not report["compared"]["source"]["anonymised"]
    assert str(target) not in text and str(target.parent) not in text
    hidden = json.dumps(report_of({**folders, "target": target}, anonymise=True))
    assert "doe_john" not in hidden and hashed_name("doe_john") in hidden
    assert UID in json.dumps(report_of({**folders, "target": target}, anonymise=False))


def test_another_threshold_may_be_reported_without_what_exists_only_at_the_own(folders):
    report = report_of(folders, threshold=0.4)
    tables = report["tables"]
    assert "attention >= 0.4" in tables["gap"]["title"] and "attention >= 0.4" in tables["layers"]["title"]
    assert tables["layers"]["rows"] and tables["excess"]["rows"] == []
    assert report["verdict"]["cutoffs"]["threshold"] == 0.4
    assert any("exist only at the threshold" in limit for limit in report["limits"])
    rows = [row for row in tables["9"]["rows"] if row["averaging"] == "slice_mean"]
    assert {row["threshold"] for row in rows} == {0.3}
    with pytest.raises(UsageError, match="not measured at attention >= 0.35, only at 0.2, 0.3, 0.4"):
        report_of(folders, threshold=0.35)


def test_cohorts_reported_at_different_thresholds_are_refused_unless_one_is_named(folders, known, write_cohort):
    target = write_cohort("other threshold", [known(f"t{i}", i) for i in range(2)], threshold=0.4)
    with pytest.raises(InputError, match="source was reported at attention >= 0.3, the target at >= 0.4"):
        report_of({**folders, "target": target})
    report = report_of({**folders, "target": target}, threshold=0.4)
    assert {row["cohort"] for row in report["tables"]["excess"]["rows"]} == {"target"}
    assert "settings_differ" not in [warning["code"] for warning in report["warnings"]]


def test_what_differs_between_the_runs_is_named(folders, known, write_cohort):
    case = known("t", 1, settings={"model_sha256": "b" * 64})
    report = report_of({**folders, "target": write_cohort("other", [case], step=0.7)})
    warnings = {warning["code"]: warning["message"] for warning in report["warnings"]}
    assert warnings["models_differ"] == f"The cohorts' models differ: source {'a' * 12}, target {'b' * 12}."
    assert warnings["settings_differ"] == "The cohorts were run with different settings: step 0.5 and 0.7."


def test_settings_that_differ_are_told_in_words(folders, known, write_cohort):
    more = write_cohort("more", [known("m", 1)], other_methods=[{"name": "seg-grad-cam", "pool": None}])
    none = write_cohort("none", [known("n", 1)], other_methods=[])
    messages = [one["message"] for one in report_of({"source": none, "target": more})["warnings"]]
    assert any("other_methods none and name seg-grad-cam" in message for message in messages)


def test_the_same_folder_twice_is_said_and_differs_in_nothing(folders):
    report = report_of({"source": folders["source"], "target": folders["source"]})
    assert "same_folder" in [warning["code"] for warning in report["warnings"]]
    assert report["verdict"]["name"] == "no_drop"
    assert {row["difference"]["estimate"] for row in report["tables"]["differences"]["rows"]} == {0.0}


def test_pairs_are_compared_case_by_case_whatever_their_order(known, write_cohort):
    before = [known(f"c{i}", i) for i in range(7)]
    after = [known(f"c{i}", 50 + i, agreement=0.5) for i in range(7)]
    folders = {"source": write_cohort("before", before), "target": write_cohort("after", after[::-1])}
    assert "same_case_names" in [warning["code"] for warning in report_of(folders)["warnings"]]
    report = report_of(folders, paired=True)
    assert "same_case_names" not in [warning["code"] for warning in report["warnings"]]
    found = report["phase2"]["comparison"]["dice"]

    def dice(case):
        return 2 * (case.pm & case.gt).sum() / (case.pm.sum() + case.gt.sum())

    changes = [dice(b) - dice(a) for a, b in zip(before, after, strict=True)]
    assert found["paired"] and found["difference"]["estimate"] == pytest.approx(np.mean(changes))
    error = np.std(changes, ddof=1) / np.sqrt(7)
    assert found["difference"]["high"] - found["difference"]["estimate"] == pytest.approx(2.446911851 * error)
    assert "paired" in found["test"] and "case by case" in report["tables"]["differences"]["notes"][0]


def test_pairs_of_other_cases_are_refused(folders):
    with pytest.raises(UsageError, match="7 are in the source alone: s0, s1, s2, ..."):
        report_of(folders, paired=True)


def test_a_pair_counts_where_both_cases_are_done(known, write_cohort):
    cases = [known(f"c{i}", i) for i in range(7)]
    lost = [replace(case, failed="It broke.") if case.name == "c3" else case for case in cases]
    folders = {"source": write_cohort("before", cases), "target": write_cohort("after", lost)}
    assert report_of(folders, paired=True)["phase2"]["comparison"]["dice"]["difference"]["count"] == 6


def test_without_ground_truth_only_what_needs_none_is_told(folders, known, write_cohort):
    blind = [replace(known(f"t{i}", i), gt=None) for i in range(6)]
    report = report_of({**folders, "target": write_cohort("blind", blind)})
    tables = report["tables"]
    for key in ("7", "8", "9", "11", "gap", "excess"):
        assert "target" not in {row["cohort"] for row in tables[key]["rows"]}, key
        assert any("target" in note and ("no ground truth" in note) for note in tables[key]["notes"]), key
    assert "target" in {row["cohort"] for row in tables["10"]["rows"]}
    assert report["verdict"]["name"] == "not_available"
    assert "There is no ground truth" in report["verdict"]["target"]["headline"]
    assert [row["case"] for row in report["cases_to_look_at"] if row["cohort"] == "target"] == []
    assert report["audit"]["findings"] == []


def test_a_cohort_where_nothing_was_predicted_has_dice_and_no_attention(folders, nothing_predicted, write_cohort):
    silent = [nothing_predicted(f"t{i}") for i in range(6)]
    report = report_of({**folders, "target": write_cohort("silent", silent)})
    dice = [row["dice"] for row in report["tables"]["7"]["rows"] if row["cohort"] == "target"]
    assert dice[0] == 0.0 and dice[1]["estimate"] == 0.0
    assert "The target has no attention map: n/a." in report["tables"]["9"]["notes"]
    assert {row["count"] for row in report["tables"]["11"]["rows"] if row["cohort"] == "target"} == {0}
    assert {row["percent"] for row in report["tables"]["11"]["rows"] if row["cohort"] == "target"} == {None}
    assert report["verdict"]["target"]["name"] == "not_available"
    assert "methods_differ" not in [warning["code"] for warning in report["warnings"]]


def test_domain_statistics_are_about_the_finished_cases(folders, known, write_cohort):
    """A profile is written when a cohort ends: while it goes on, that of an earlier run lies there."""
    target = write_cohort("grown", [known(f"g{i}", 50 + i) for i in range(3)])
    earlier = write_cohort("earlier", [known("g0", 50), known("g1", 51), known("removed since", 60)])
    (target / "profile.json").write_bytes((earlier / "profile.json").read_bytes())
    report = report_of({**folders, "target": target})
    spacing = report["tables"]["2"]["rows"][0]["target"]
    assert (spacing["count"], report["compared"]["target"]["done"]) == (2, 3)
    message = {one["code"]: one["message"] for one in report["warnings"]}["domain_statistics_incomplete"]
    assert message.startswith("Target: 1 of 3 finished cases are not in profile.json")
    assert "removed since" not in json.dumps(report)


def test_domain_statistics_that_are_missing_are_said(folders, known, write_cohort):
    target = write_cohort("running", [known("a", 1)], unfinished=2)
    (target / "profile.json").unlink()
    report = report_of({**folders, "target": target})
    assert report["phase1"] is None and report["tables"]["1"]["rows"] == []
    assert report["tables"]["1"]["notes"] == ["No profile.json in running: it is written when a cohort ends."]
    (target / "profile.json").write_text("{}")
    report = report_of({**folders, "target": target})
    assert "cannot be compared" in report["tables"]["4"]["notes"][0] and str(target) not in json.dumps(report)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"threshold": 1.5}, "threshold 1.5 is not between 0 and 1"),
        ({"joint_f1_cutoff": float("nan")}, "joint F1 cut-off nan"),
        ({"cutoffs": VerdictCutoffs(high=0.2, low=0.4)}, "'low' 0.4 is above 'high' 0.2"),
        ({"examples": -1}, "-1 cases to look at"),
    ],
)
def test_impossible_options_are_refused(options, says):
    with pytest.raises(UsageError, match=says):
        DiagnosisOptions(**options)


def test_the_report_is_written_with_its_page(folders, tmp_path):
    done = diagnose(folders["source"], folders["target"], tmp_path / "out", DiagnosisOptions(source_name="Site <A>"))
    assert json.loads(done.files["report_json"].read_text()) == done.report
    assert done.report["compared"]["source"]["name"] == "Site <A>"
    page = done.files["report_html"].read_text()
    assert "Site &lt;A&gt;" in page and "Site <A>" not in page
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.html", "report.json"]


def test_a_file_in_the_outputs_place_is_refused(folders, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="folder of a cohort's results"):
        diagnose(folders["source"], folders["target"], folders["target"])
    with pytest.raises(UsageError, match="is a file"):
        diagnose(folders["source"], folders["target"], tmp_path / "out")


def test_cancelling_leaves_no_report(folders, tmp_path):
    with pytest.raises(CancelledError):
        diagnose(folders["source"], folders["target"], tmp_path / "out", reporter=Reporter(lambda: True))
    assert list((tmp_path / "out").iterdir()) == []
