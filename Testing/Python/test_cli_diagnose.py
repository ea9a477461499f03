"""``umamba-xai diagnose``, and ``view`` of what it leaves."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine.diagnosis import DiagnosisOptions
from UMambaXAILogic.engine.request import VerdictCutoffs

COMMAND = ["diagnose", "--source", "a", "--target", "b", "--out", "report"]
REPORT = {
    "phantom": True,
    "audit": {"findings": [{}, {}]},
    "verdict": {
        "text": "No drop in alignment is shown",
        "headline": "The network segments both alike.",
        "source": {"text": "Anatomically faithful"},
        "target": {"text": "Inconclusive"},
    },
}


@pytest.fixture
def asked(monkeypatch, tmp_path) -> list[tuple]:
    """What the computation was asked; a stand-in takes its place."""
    calls: list[tuple] = []
    module = types.ModuleType("UMambaXAILogic.engine.diagnosis.run")

    def diagnose(source, target, output, options, reporter):
        calls.append((source, target, output, options))
        reporter.warning("other_models", "The cohorts were computed by different models.")
        return types.SimpleNamespace(folder=output, files={"report_html": output / "report.html"}, report=REPORT)

    module.diagnose = diagnose
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("UMambaXAILogic.engine.diagnosis.run", module, raising=False)
    monkeypatch.chdir(tmp_path)
    return calls


def test_only_the_folders_give_the_default_options(asked):
    assert main(COMMAND) == 0
    assert asked == [(Path("a"), Path("b"), Path("report"), DiagnosisOptions())]


def test_every_option_reaches_the_diagnosis(asked):
    words = """--source-name A --target-name B --reporting-threshold 0.4 --high 0.5 --low 0.1 --gap 0.2 --joint-dice 0.7
        --joint-f1 0.2 --fold-false-positive --exclude-false-positive --paired --anonymise --paper --examples 3 --seed 5
        --quiet"""
    assert main(COMMAND + words.split()) == 0
    assert asked[0][3] == DiagnosisOptions(
        source_name="A",
        target_name="B",
        threshold=0.4,
        cutoffs=VerdictCutoffs(high=0.5, low=0.1, gap=0.2),
        joint_dice_cutoff=0.7,
        joint_f1_cutoff=0.2,
        fold_false_positive=True,
        exclude_false_positive=True,
        paired=True,
        anonymise=True,
        paper=True,
        examples=3,
        seed=5,
    )


@pytest.mark.parametrize(("words", "value"), [([], None), (["--anonymise"], True), (["--keep-names"], False)])
def test_names_are_kept_hidden_or_judged(asked, words, value):
    assert main(COMMAND + words) == 0
    assert asked[0][3].anonymise is value


def test_the_verdict_comes_first_and_the_page_last(asked, capsys):
    assert main(COMMAND) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[:2] == ["No drop in alignment is shown", "The network segments both alike."]
    assert lines[-1] == f"Look at {Path('report') / 'report.html'}"
    assert "PHANTOM" in printed.out and "2 findings about the numbers" in printed.out
    assert "different models" in printed.err


def test_quiet_prints_nothing(asked, capsys):
    assert main([*COMMAND, "--quiet"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--joint-dice", "60"], "60"),
        (["--low", "0.5"], "above 'high'"),
        (["--examples", "-1"], "-1"),
        (["--anonymise", "--keep-names"], "not allowed with"),
        (["--reporting-threshold", "often"], "often"),
    ],
)
def test_impossible_options_are_refused(asked, capsys, words, says):
    assert main(COMMAND + words) == 2
    assert says in capsys.readouterr().err and asked == []


def test_folders_that_are_no_cohorts_are_unusable_input(tmp_path, capsys):
    words = ["diagnose", "--source", str(tmp_path), "--target", str(tmp_path), "--out", str(tmp_path / "report")]
    assert main(words) == 3
    printed = capsys.readouterr().err
    assert "cases.parquet" in printed and "Traceback" not in printed
    assert not (tmp_path / "report").exists()


def test_view_opens_a_report(tmp_path, capsys):
    (tmp_path / "report.html").write_text("<p>report</p>")
    assert main(["view", str(tmp_path), "--no-browser"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "report.html")


@pytest.mark.parametrize("name", ["report.html", "cases.parquet"])
def test_a_volume_belongs_to_a_case(tmp_path, capsys, name):
    (tmp_path / name).touch()
    assert main(["view", str(tmp_path), "--volume", "head.nii.gz", "--no-browser"]) == 2
    assert "--volume and --gt belong to one" in capsys.readouterr().err
