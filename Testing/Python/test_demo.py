"""The demo: phantoms, an own volume, pictures and pages, whatever goes wrong on the way."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

from UMambaXAILogic.cli import demo, main
from UMambaXAILogic.engine.errors import InputError, ModelError
from UMambaXAILogic.engine.request import Request


@pytest.fixture
def stage(monkeypatch, tmp_path):
    """Everything the demo calls, replaced; remembers what it was asked."""
    stage = types.SimpleNamespace(requests=[], drawn=[], case_pages=[], errors={}, draw_status=0, index=None)

    def write_cohort(cohort, count, seed, folder):
        assert count == 1
        folder.mkdir(parents=True)
        manifest = folder / "manifest.csv"
        manifest.write_text(f"case,volume,gt,domain\nphantom_{cohort},volumes/v.nii.gz,masks/m.nii.gz,{cohort}\n")
        return manifest

    def run_case(request, reporter):
        stage.requests.append(request)
        if request.case in stage.errors:
            raise stage.errors[request.case]
        return types.SimpleNamespace(folder=request.output, metrics={}, files={})

    def build_demo_page(folder, cases):
        stage.index = list(cases)
        return folder / "index.html"

    def run_process(command, **options):
        stage.drawn.append(command)
        return subprocess.CompletedProcess(command, stage.draw_status, "", "noise\nNo OpenGL here.")

    pipeline = types.ModuleType("UMambaXAILogic.engine.pipeline")
    pipeline.run_case = run_case
    monkeypatch.setitem(sys.modules, pipeline.__name__, pipeline)
    monkeypatch.setattr("UMambaXAILogic.engine.phantom.write_cohort", write_cohort)
    monkeypatch.setattr("UMambaXAILogic.engine.page.build_case_page", lambda *words: stage.case_pages.append(words))
    monkeypatch.setattr("UMambaXAILogic.engine.page.build_demo_page", build_demo_page)
    monkeypatch.setattr("UMambaXAILogic.cli.summary.summary", lambda result: f"summary of {result.folder.name}")
    monkeypatch.setattr(demo.subprocess, "run", run_process)
    monkeypatch.setattr(demo, "find_spec", lambda name: object())
    monkeypatch.chdir(tmp_path)
    return stage


def test_both_phantoms_are_explained_against_their_truth_drawn_and_shown(stage, capsys):
    assert main(["demo"]) == 0
    out = Path("demo-output")
    assert stage.requests == [
        Request(
            volume=out / "phantoms" / cohort / "volumes" / "v.nii.gz",
            model="demo",
            output=out / f"phantom_{cohort}",
            case=f"phantom_{cohort}",
            ground_truth=out / "phantoms" / cohort / "masks" / "m.nii.gz",
        )
        for cohort in ("source", "target")
    ]
    for request, command, page in zip(stage.requests, stage.drawn, stage.case_pages, strict=True):
        assert command[0] == sys.executable
        assert command[1:] == [
            "-m", "UMambaXAILogic.scene.pictures", str(request.output),
            "--volume", str(request.volume), "--gt", str(request.ground_truth),
        ]  # fmt: skip
        assert page == (request.output, request.volume, request.ground_truth)
    assert stage.index == [request.output for request in stage.requests]
    text = capsys.readouterr().out
    assert "summary of phantom_source" in text
    assert text.strip().splitlines()[-1] == f"Look at {out / 'index.html'}"


def test_an_own_volume_comes_last_and_has_no_truth(stage):
    assert main(["demo", "scans/head.nii.gz", "--out", "elsewhere", "--device", "cpu"]) == 0
    assert [request.case for request in stage.requests] == ["phantom_source", "phantom_target", "head"]
    own = stage.requests[-1]
    assert (own.volume, own.output, own.ground_truth) == (Path("scans/head.nii.gz"), Path("elsewhere/head"), None)
    assert "--gt" not in stage.drawn[-1]
    assert {request.device for request in stage.requests} == {"cpu"}
    assert len(stage.index) == 3


def test_an_own_volume_that_cannot_be_used_is_named_and_the_phantoms_are_shown_all_the_same(stage, capsys):
    stage.errors["head"] = InputError("head.nii.gz has 4 dimensions.", "Give one volume.")
    assert main(["demo", "head.nii.gz"]) == 3
    captured = capsys.readouterr()
    assert "head.nii.gz has 4 dimensions. Give one volume." in captured.err
    assert "Look at" in captured.out
    assert len(stage.index) == 2


def test_a_phantom_that_cannot_be_explained_ends_the_demo(stage, capsys):
    stage.errors["phantom_source"] = ModelError("The demo model is missing.", "Install again.")
    assert main(["demo"]) == 4
    assert stage.index is None


def test_pictures_that_cannot_be_drawn_are_reported_and_the_page_is_built(stage, capsys):
    stage.draw_status = 1
    assert main(["demo"]) == 0
    assert "No OpenGL here." in capsys.readouterr().err
    assert len(stage.index) == 2


def test_without_slicer_core_the_demo_says_how_to_get_pictures(stage, capsys, monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    assert main(["demo"]) == 0
    assert "pip install slicer-core" in capsys.readouterr().err
    assert not stage.drawn
