"""A request says no at once to what makes no sense, and arrives as it was sent."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import MethodChoice, Region, Request, Target, TargetPart, VerdictCutoffs

#: Every field with another value than its default.
FULL = Request(
    volume=Path("head.nii.gz"),
    model="model",
    output=Path("out"),
    case="case 7",
    ground_truth=Path("gt.nii.gz"),
    ground_truth_labels=(1, 2),
    ground_truth_names=((1, "BA"), (2, "ICA")),
    method="seg-grad-cam",
    pool=2,
    pool_mode="mean",
    other_methods=(MethodChoice("seg-xres-cam", 1), MethodChoice("seg-xres-cam")),
    method_options=MethodOptions("grid", 6.5, 50, 12.0, "blur", "seg-grad-cam", 4, 0.2, 7),
    layers=("encoder.4", "decoder.0"),
    target=Target("vessel", "fp", "logit", TargetPart((1.5, -2, 3), "segment")),
    thresholds=(0.1, 0.5),
    reporting_threshold=0.5,
    region=Region(box_mm_ras=(-1, 1, -2.5, 2.5, 0, 9)),
    preset="paper",
    device="cuda:1",
    folds=(0, "all"),
    mirror=True,
    step=0.7,
    memory_limit_gb=8.0,
    scan_backend="reference",
    resample_ground_truth=True,
    series_uid="1.2.3",
    output_format="nrrd",
    save_layer_maps=True,
    badges=True,
    cutoffs=VerdictCutoffs(0.5, 0.1, 0.2),
)


def test_every_field_arrives_as_it_was_sent():
    defaults = Request(Path("v"), "m", Path("o"))
    assert [f.name for f in dataclasses.fields(FULL) if getattr(FULL, f.name) == getattr(defaults, f.name)] == []
    masked = dataclasses.replace(FULL, region=Region(mask=Path("region.nii.gz")))
    for request in (FULL, masked, defaults):
        assert Request.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", " "),
        ("model", 7),
        ("mirror", "no"),
        ("thresholds", 0.3),
        ("layers", "encoder.4"),
        ("folds", 0),
        ("pool", 0),
        ("pool", True),
        ("pool", 1.5),
        ("pool_mode", "median"),
        ("method_options", {"samples": 4}),
        ("step", 0),
        ("step", "half"),
        ("step", math.nan),
        ("thresholds", ()),
        ("thresholds", (0.3, 1.1)),
        ("thresholds", (math.nan,)),
        ("reporting_threshold", 0),
        ("preset", "poster"),
        ("output_format", "png"),
        ("memory_limit_gb", 0),
        ("memory_limit_gb", math.inf),
        ("memory_limit_gb", math.nan),
        ("ground_truth", None),
    ],
)
def test_a_value_out_of_its_range_is_refused(field, value):
    with pytest.raises(UsageError):
        dataclasses.replace(FULL, **{field: value})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "volume": "v"}'])
def test_what_is_no_request_is_refused(text):
    with pytest.raises(UsageError):
        Request.from_json(text)
    with pytest.raises(UsageError, match="colour"):
        Request.from_json(FULL.to_json().replace('"case"', '"colour"'))


def test_a_model_may_be_named_by_a_path():
    request = Request(Path("v"), Path("trained") / "model", Path("o"))
    assert Request.from_json(request.to_json()) == request
    assert request.model == str(Path("trained/model"))
