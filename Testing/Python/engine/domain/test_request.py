"""A domain request survives the way through JSON, and refuses what it cannot mean."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from UMambaXAILogic.engine.domain import DomainRequest
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.request import Region


@pytest.mark.parametrize(
    "request_",
    [
        DomainRequest(Path("a.nii.gz"), Path("out")),
        DomainRequest(
            "a",
            "out",
            case="one",
            mask="m.nrrd",
            vessels_are="prediction",
            profile="p.json",
            region=Region(box_mm_ras=(0, 1, 2, 3, 4, 5)),
            series_uid="1.2",
            resample_mask=True,
            modality="CT",
        ),
        DomainRequest("a", "out", region=Region(mask=Path("roi.nii.gz"))),
    ],
)
def test_json_gives_the_request_back(request_):
    assert DomainRequest.from_json(request_.to_json()) == request_
    assert json.loads(request_.to_json())["kind"] == "domain"


@pytest.mark.parametrize("change", [{"resample_mask": "no"}, {"vessels_are": "mine"}, {"region": (0, 1)}])
def test_what_cannot_be_meant_is_refused(change):
    with pytest.raises(UsageError):
        DomainRequest("a", "out", **change)


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        "{}",
        '{"kind": "case", "version": 1}',
        '{"kind": "domain", "version": 2}',
        '{"kind": "domain", "version": 1}',
        '{"kind": "domain", "version": 1, "volume": "a", "output": "o", "x": 1}',
    ],
)
def test_what_is_no_domain_request_is_refused(text):
    with pytest.raises(UsageError):
        DomainRequest.from_json(text)


def test_a_door_builds_a_request_and_reads_rows_without_heavy_packages():
    code = (
        "import sys; from UMambaXAILogic.engine.domain import DomainRequest, DomainRow, Histogram; "
        "print([name for name in ('torch', 'numba', 'scipy', 'SimpleITK', 'skimage') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
