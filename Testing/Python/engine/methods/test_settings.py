"""Settings of methods: ranges, who has which, and what is refused before a model is loaded."""

from __future__ import annotations

import dataclasses
import math

import pytest

from UMambaXAILogic.engine.case.plan import plan_methods
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.methods.settings import GRADIENT_METHODS, SETTINGS, MethodOptions, MethodSettings
from UMambaXAILogic.engine.request import MethodChoice, Request


def request_of(method: str, **fields) -> Request:
    return Request("volume.nii", "demo", "out", method=method, **fields)


def test_every_option_is_a_setting_and_says_what_it_does():
    names = [field.name for field in dataclasses.fields(MethodOptions)]
    assert names == list(SETTINGS)
    assert set(names) < {field.name for field in dataclasses.fields(MethodSettings)}
    for name, facts in SETTINGS.items():
        assert facts.name == name and facts.title and facts.explanation.endswith(".")


def test_every_setting_belongs_to_a_method_and_every_default_is_in_range():
    assert {name for facts in METHOD_FACTS.values() for name in facts.settings} == set(SETTINGS)
    for facts in METHOD_FACTS.values():
        for name in facts.settings:
            SETTINGS[name].check(getattr(facts.defaults, name))
    assert set(GRADIENT_METHODS) < set(METHOD_FACTS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("regions", "voxels"),
        ("region_size_mm", 0),
        ("region_size_mm", math.nan),
        ("region_size_mm", "8"),
        ("max_regions", 0),
        ("max_regions", 2.5),
        ("max_regions", True),
        ("reach_mm", -1),
        ("fill", "zero"),
        ("base_method", "occlusion"),
        ("samples", 0),
        ("noise", 1.5),
        ("noise", math.inf),
        ("seed", -1),
    ],
)
def test_a_value_out_of_its_range_is_refused(name, value):
    with pytest.raises(UsageError, match=SETTINGS[name].title):
        MethodOptions(**{name: value})


def test_what_is_asked_for_takes_the_place_of_the_default():
    options = MethodOptions(fill="mean", reach_mm=0, samples=3)
    dea, smoothgrad = plan_methods(
        request_of("dea", method_options=options, other_methods=[MethodChoice("smoothgrad")])
    )
    assert (dea.settings.fill, dea.settings.reach_mm, dea.settings.regions) == ("mean", 0, "supervoxel")
    assert dea.own_settings() == {
        "regions": "supervoxel", "region_size_mm": 8.0, "max_regions": 200, "reach_mm": 0, "fill": "mean"
    }  # fmt: skip
    assert smoothgrad.own_settings() == {"base_method": "grad-x-input", "samples": 3, "noise": 0.1, "seed": 0}
    assert plan_methods(request_of("seg-xres-cam"))[0].own_settings() == {}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (request_of("seg-xres-cam", method_options=MethodOptions(samples=3)), "'Samples' was given.*smoothgrad"),
        (request_of("occlusion", method_options=MethodOptions(regions="supervoxel")), "'Regions' was given.*dea"),
        (request_of("dea", layers=["encoder.1"]), "encoder.1 were named.*input.*seg-xres-cam"),
        (request_of("smoothgrad", layers=["encoder.1"]), "encoder.1 were named"),
        (request_of("occlusion", preset="paper"), "paper.*occlusion.*seg-xres-cam, seg-grad-cam"),
    ],
)
def test_what_no_method_has_is_refused(request_, words):
    with pytest.raises(UsageError, match=words):
        plan_methods(request_)


def test_layers_and_pooling_of_an_averaged_method_are_its_own():
    options = MethodOptions(base_method="seg-xres-cam")
    request = request_of("smoothgrad", pool=2, layers=["encoder.1"], method_options=options)
    (planned,) = plan_methods(request)
    assert planned.facts() == {"method": "smoothgrad", "pool": 2, "pool_mode": "max"}
    (plain,) = plan_methods(request_of("smoothgrad", pool=2))
    assert plain.facts() == {"method": "smoothgrad", "pool": None, "pool_mode": None}


def test_layers_may_be_named_where_one_method_has_them():
    planned = plan_methods(request_of("seg-xres-cam", layers=["encoder.1"], other_methods=[MethodChoice("occlusion")]))
    assert [entry.explained_as.at_input for entry in planned] == [False, True]
