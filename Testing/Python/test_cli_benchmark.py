"""``umamba-xai benchmark``: words to a request, and what is refused."""

from __future__ import annotations

import argparse

import pytest

from UMambaXAILogic.cli import benchmark
from UMambaXAILogic.cli.main import main
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.request import Target, TargetPart


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    benchmark.add_command(parser.add_subparsers())
    return parser.parse_args(["benchmark", "head.nii.gz", "--model", "demo", "--out", "judged", *words])


def test_words_become_a_request():
    words = ["--methods", "seg-xres-cam@2,dea", "--baselines", "frangi", "--map", "mine=a=b.nii.gz", "--axes", "none"]
    request = benchmark.request_from(parse(*words, "--fill", "mean", "--budget", "9", "--max-regions", "30"))
    assert (request.case.method, request.case.pool) == ("seg-xres-cam", 2)
    assert [str(method) for method in request.case.other_methods] == ["dea"]
    assert request.case.method_options.given() == {"max_regions": 30}
    assert [(name, str(path)) for name, path in request.maps] == [("mine", "a=b.nii.gz")]
    assert (request.baselines, request.axes, request.fill, request.budget) == (("frangi",), (), "mean", 9)


def test_one_part_can_be_judged_as_it_can_be_explained():
    request = benchmark.request_from(parse("--at=-1,2.5,3", "--part", "segment"))
    assert request.case.target == Target(part=TargetPart((-1, 2.5, 3), "segment"))
    with pytest.raises(UsageError, match="without a point"):
        benchmark.request_from(parse("--part", "segment"))


def test_a_kind_of_error_needs_a_ground_truth():
    with pytest.raises(UsageError, match="ground truth"):
        benchmark.request_from(parse("--kind", "fp"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--methods", "magic"], "magic"),
        (["--map", "mine"], "NAME=FILE"),
        (["--axes", "beauty"], "beauty"),
        (["--baselines", "noise"], "noise"),
        (["--budget", "1"], "budget"),
    ],
)
def test_wrong_words_end_in_one_paragraph(words, said, tmp_path, capsys):
    status = main(["benchmark", "head.nii.gz", "--model", "demo", "--out", str(tmp_path / "out"), *words])
    assert status == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_point_lies_in_one_volume_not_in_a_manifest(tmp_path, capsys):
    status = main(["benchmark", "cases.csv", "--model", "demo", "--out", str(tmp_path / "out"), "--at", "1,2,3"])
    assert status == 2 and "--at was given with a manifest" in capsys.readouterr().err
