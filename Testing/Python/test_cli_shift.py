"""The command shift: options become a request, progress tells what is done, the summary what was found."""

from __future__ import annotations

import types
from pathlib import Path

import pytest

from UMambaXAILogic.cli.main import main
from UMambaXAILogic.cli.shift_progress import ShiftLines, estimate_text, factor_lines, passes_text
from UMambaXAILogic.cli.shift_summary import shift_summary
from UMambaXAILogic.engine import shift
from UMambaXAILogic.engine.request import Region, Target
from UMambaXAILogic.engine.shift.analysis import Goal, analyse
from UMambaXAILogic.engine.shift.case_values import CaseValues, Value
from UMambaXAILogic.engine.shift.coalitions import coalition_name
from UMambaXAILogic.engine.shift.noise import Noise
from UMambaXAILogic.engine.shift.scoring import Score
from UMambaXAILogic.engine.shift.slice_spacing import SliceSpacing
from UMambaXAILogic.engine.shift.strength import ORDER, choose_factors, parse_strength

SHIFT = ["shift", "--source", "s.csv", "--target", "t.json", "--model", "demo", "--out", "out"]


def body_of(goal: Goal, explains=False) -> dict:
    values = CaseValues("a", True, "f", ("noise",), ())
    for coalition, dice in enumerate((0.9, 0.7)):
        score = Score(dice, 0.5 if explains else None, 10, 10, 5, None, None)
        values.coalitions[coalition_name(coalition, ["noise"])] = Value(score, None, 1.0)
    values.controls["noise"] = values.coalitions["none"]
    return {
        "measures": analyse([values], ORDER, goal, False, 0),
        "phantom": True,
        "direction": "source_to_target",
        "explains": explains,
        "approximate": False,
        "cases": {"done": 1, "failed": [{"case": "b", "reason": "It is empty."}]},
        "limits": ["a limit"],
    }


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """Stands in for the computation; remembers what it was asked."""
    asked = []

    def run_shift(request, reporter):
        asked.append(request)
        reporter.factors(choose_factors(ORDER, request.strengths, {}), request.toward_source)
        reporter.estimate(5.0, 33)
        reporter.passes(34, 34, 0.0)
        goal = Goal({}, {"dice": "no scores", "xai_gt_iou": "no scores"})
        return types.SimpleNamespace(folder=Path("out"), files={"json": Path("out/shift.json")}, body=body_of(goal))

    monkeypatch.setattr(shift, "run_shift", run_shift, raising=False)
    monkeypatch.chdir(tmp_path)
    return asked


def test_only_the_essentials_give_the_default_request(runs, capsys):
    assert main(SHIFT) == 0
    request = runs[0]
    assert (request.cases, request.goal, request.output) == (Path("s.csv"), Path("t.json"), Path("out"))
    assert request.factors == ORDER and request.explains and not request.strengths and not request.toward_source
    assert request.template.reporting_threshold == 0.3 and request.template.method == "seg-xres-cam"
    told = capsys.readouterr()
    assert "Noise" in told.out and "-0.200" in told.out and "PHANTOM" not in told.err
    assert "33 are left at most" in told.err and "34 of 34 passes done" in told.err


def test_every_option_reaches_the_request(runs):
    options = """--cases 3 --factors noise,slice-spacing --strength noise=8 slice-spacing=3 --without-explanation
        --cases-profile s.json --label-extent 80,70,60 --score-in-view --seed 5 --restart --workers 2 --threads 1
        --fold 0 --mirror --step 0.25 --gt-label 1,2 --resample-gt --region -1,1,-2,2,-3,3 --method seg-grad-cam
        --pool 2 --pool-mode mean
        --layers encoder.4 --label 3 --score logit --threshold 0.2 --preset paper --device cpu --memory-limit 4
        --scan-backend reference --quiet"""
    assert main(SHIFT + options.split()) == 0
    request, template = runs[0], runs[0].template
    assert request.factors == ("noise", "slice_spacing") and request.count == 3 and not request.explains
    assert request.strengths == {"noise": Noise(8.0), "slice_spacing": SliceSpacing(3.0)}
    assert (
        request.cases_profile == Path("s.json")
        and request.label_extent_mm == (80.0, 70.0, 60.0)
        and request.score_in_view
    )
    assert (request.seed, request.restart, request.workers, request.threads) == (5, True, 2, 1)
    assert template.target == Target(3, "prediction", "logit") and template.region == Region(
        box_mm_ras=(-1, 1, -2, 2, -3, 3)
    )
    assert template.reporting_threshold == 0.2 and template.ground_truth_labels == (1, 2) and template.folds == (0,)
    assert (template.method, template.pool, template.preset, template.step) == ("seg-grad-cam", 2, "paper", 0.25)


def test_the_way_back_changes_the_targets_cases(runs):
    arguments = ["shift", "--source", "s.json", "--target", "t.csv", "--model", "demo", "--out", "out"]
    assert main([*arguments, "--direction", "target-to-source"]) == 0
    assert (runs[0].cases, runs[0].goal, runs[0].toward_source) == (Path("t.csv"), Path("s.json"), True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--direction", "target-to-source"], "stored profile"),
        (["--strength", "noise"], "no strength"),
        (["--factors", "noise,weather"], "weather"),
        (["--factors", "noise", "--strength", "blur=1"], "blur"),
        (["--label-extent", "1,2"], "three numbers"),
        (["--label-extent-as-factor"], "Label extent"),
        (["--cases", "0"], "0 cases"),
        (["--workers", "2", "--scheduler", "tcp://x:1"], "workers"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(runs, capsys, options, words):
    assert main(SHIFT + options) == 2
    assert words in capsys.readouterr().err and not runs


def test_strengths_are_told_before_anything_is_computed():
    chosen = choose_factors(("noise", "blur"), {"noise": parse_strength("noise=8")}, {})
    lines = factor_lines(chosen, toward_source=False)
    assert "toward the target" in lines[0] and len(lines) == 6
    assert "noise of std 8 added in quadrature (given)" in lines[5] and "--strength blur=" in lines[3]
    assert "approximate" in factor_lines(chosen, toward_source=True)[0]


def test_times_are_told_in_words():
    assert estimate_text(5.2, 63) == "One pass of the model takes 5.2 s; 63 are left at most: about 5 min."
    assert estimate_text(5.2, 0) == "One pass of the model takes 5.2 s."
    assert passes_text(12, 64, 240.0) == "12 of 64 passes done, about 4 min left"
    assert passes_text(64, 64, 0.0) == "64 of 64 passes done"


def test_lines_do_not_flood_a_log(capsys):
    with ShiftLines(lambda: False) as reporter:
        for done in range(1, 33):
            reporter.passes(done, 32, 1.0)
    assert capsys.readouterr().err.splitlines() == ["32 of 32 passes done"]


def test_the_summary_names_shares_what_is_left_and_what_is_not_known():
    unknown = shift_summary(body_of(Goal({}, {"dice": "name its result folder", "xai_gt_iou": ""})))
    assert "n/a  name its result folder" in unknown and "XAI-GT IoU: not asked for." in unknown
    assert "left out: b: It is empty." in unknown and "synthetic" in unknown
    known = shift_summary(body_of(Goal({"dice": [0.5, 0.6]}, {})))
    residual = next(line for line in known.splitlines() if "unexplained" in line)
    assert "-0.150" in residual
    noise = next(line for line in known.splitlines() if line.strip().startswith("Noise"))
    assert "-0.200" in noise and "100" in noise and "too few cases" in noise
