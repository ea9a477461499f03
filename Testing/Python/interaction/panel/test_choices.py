"""How a run is to be done, from texts that people type and scenes keep."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.settings import SETTINGS
from UMambaXAILogic.engine.request import Request
from UMambaXAILogic.interaction.panel.choices import (
    DEFAULT_THRESHOLD_TEXT,
    RunChoices,
    setting_value,
    thresholds_of,
    with_setting,
)


def test_the_defaults_are_those_of_a_request():
    usual, request = RunChoices(), Request("v", "demo", "o")
    assert usual.method == request.method
    assert usual.pool_mode == request.pool_mode
    assert usual.target_kind == request.target.kind
    assert usual.device == request.device
    assert usual.step == request.step
    assert usual.mirror == request.mirror
    assert usual.save_layer_maps == request.save_layer_maps
    assert thresholds_of(DEFAULT_THRESHOLD_TEXT) == request.thresholds


@pytest.mark.parametrize("text", ["0.2, 0.3,0.4", "0.2 0.3 0.4", " 0.2;0.3 ; 0.4 "])
def test_thresholds_are_read_as_people_write_them(text):
    assert thresholds_of(text) == (0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    ("text", "named"), [("0.3, 2", "'2'"), ("0", "'0'"), ("-0.1", "'-0.1'"), ("a", "'a'"), ("nan", "nan")]
)
def test_a_threshold_out_of_range_is_named(text, named):
    with pytest.raises(UsageError, match=named):
        thresholds_of(text)


@pytest.mark.parametrize("text", ["", " ", ",;"])
def test_no_threshold_is_refused(text):
    with pytest.raises(UsageError, match="No attention threshold"):
        thresholds_of(text)


def test_a_method_of_another_version_gives_way_to_the_default():
    assert RunChoices(method="crystal-ball").method_facts.name == "seg-xres-cam"


def test_settings_are_those_of_the_method_and_differ_from_its_defaults():
    settings = ("fill=blur", "region_size_mm=8.0", "samples=20", "reach_mm=-1", "fill2=x", "seed")
    assert RunChoices(method="dea", settings=settings).method_settings() == {"fill": "blur"}
    assert RunChoices(method="smoothgrad", settings=settings).method_settings() == {"samples": 20}
    assert RunChoices(settings=settings).method_settings() == {}


def test_a_setting_is_replaced_not_repeated():
    settings = with_setting(with_setting(("fill=mean",), "samples", 5), "fill", "blur")
    assert settings == ("samples=5", "fill=blur")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("fill", "blur", "blur"),
        ("fill", "sand", None),
        ("samples", "7", 7),
        ("samples", "7.5", None),
        ("samples", "0", None),
        ("noise", "0.25", 0.25),
        ("noise", "nan", None),
        ("noise", "", None),
    ],
)
def test_a_text_becomes_the_value_it_stands_for(name, text, value):
    assert setting_value(SETTINGS[name], text) == value


def test_a_method_that_averages_another_has_its_layers_and_pooling():
    assert RunChoices(method="smoothgrad").explained_as.at_input
    averaged = RunChoices(method="smoothgrad", settings=("base_method=seg-xres-cam",)).explained_as
    assert averaged.pools and not averaged.at_input
