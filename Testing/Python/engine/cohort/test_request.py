"""Cohort requests travel as JSON and become one request a case."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from UMambaXAILogic.engine.cohort import CohortRequest, ManifestCase
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.request import MethodChoice, Region, Request, Target

TEMPLATE = Request(
    "m.csv",
    "demo",
    "out",
    method="seg-grad-cam",
    other_methods=(MethodChoice("seg-xres-cam", 2),),
    region=Region(box_mm_ras=(0, 1, 2, 3, 4, 5)),
)


def test_a_request_survives_json():
    request = CohortRequest("m.csv", "out", TEMPLATE, workers=2, threads=1, restart=True)
    text = request.to_json()
    assert CohortRequest.from_json(text) == request
    assert json.loads(text)["kind"] == "cohort"


def test_a_row_becomes_a_request_with_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    request = CohortRequest("m.csv", "out", TEMPLATE)
    case = ManifestCase("a", tmp_path / "a.nii", tmp_path / "gt.nii", "source", tmp_path / "roi.nii", "1.2")
    made = request.for_case(case)
    assert (made.volume, made.output) == (tmp_path / "a.nii", tmp_path / "out/cases/a")
    assert (made.case, made.ground_truth, made.series_uid) == ("a", tmp_path / "gt.nii", "1.2")
    assert made.region == Region(mask=tmp_path / "roi.nii")
    assert made.method == "seg-grad-cam" and made.other_methods == TEMPLATE.other_methods
    assert request.for_case(ManifestCase("b", tmp_path / "b.nii")).region == TEMPLATE.region


def test_explaining_errors_needs_a_ground_truth_in_the_row():
    template = Request("m.csv", "demo", "out", ground_truth="m.csv", target=Target(kind="fp"))
    with pytest.raises(UsageError, match="FP"):
        CohortRequest("m.csv", "out", template).for_case(ManifestCase("a", Path("a.nii")))


@pytest.mark.parametrize(
    "options",
    [{"workers": 0}, {"workers": True}, {"threads": 1.5}, {"scheduler": " "}, {"scheduler": "tcp://a:1", "workers": 2}],
)
def test_values_out_of_range_are_refused(options):
    with pytest.raises(UsageError):
        CohortRequest("m.csv", "out", TEMPLATE, **options)


@pytest.mark.parametrize("text", ["[]", "{}", '{"kind": "cohort", "version": 2}', "no json", TEMPLATE.to_json()])
def test_other_texts_are_refused(text):
    with pytest.raises(UsageError):
        CohortRequest.from_json(text)


@pytest.mark.parametrize("text", ["seg-grad-cam", "seg-xres-cam@2"])
def test_methods_are_read_as_they_are_written(text):
    assert str(MethodChoice.parse(text)) == text


@pytest.mark.parametrize("text", ["", "@2", "a@", "a@0", "a@-1", "a@x", "a@1.5", "a@²"])
def test_what_is_no_method_is_refused(text):
    with pytest.raises(UsageError):
        MethodChoice.parse(text)


def test_building_a_request_loads_no_packages():
    code = "import sys; from UMambaXAILogic.engine.cohort import CohortRequest; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "dask", "torch", "SimpleITK"} & {*done.stdout.split()}
