"""Strengths: estimated from two profiles with known differences, or given in words, and always said."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from UMambaXAILogic.engine.domain.measure import measure_domain
from UMambaXAILogic.engine.domain.profile import Profile
from UMambaXAILogic.engine.domain.row import DomainRow
from UMambaXAILogic.engine.domain.settings import DomainSettings
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.shift.blur import Blur
from UMambaXAILogic.engine.shift.estimate import estimate_factors
from UMambaXAILogic.engine.shift.field_of_view import FieldOfView
from UMambaXAILogic.engine.shift.intensity_scale import IntensityScale
from UMambaXAILogic.engine.shift.noise import Noise
from UMambaXAILogic.engine.shift.slice_spacing import SliceSpacing
from UMambaXAILogic.engine.shift.strength import OFF, ORDER, choose_factors, describe_strength, parse_strength
from UMambaXAILogic.engine.volume import Geometry, Volume


def scan(case, noise_hu, lumen_hu, tissue_hu, slices, slice_mm, with_vessels=True):
    """A block of tissue in air with a vessel through it, as one row."""
    rng = np.random.default_rng(len(case))
    array = np.full((slices, 90, 90), -1000.0)
    array[:, 15:75, 15:75] = tissue_hu
    vessel = np.zeros(array.shape, bool)
    vessel[:, 40:48, 40:48] = True
    array[vessel] = lumen_hu
    array += rng.normal(0, noise_hu, array.shape)
    volume = Volume(np.rint(array).astype(np.int16), Geometry((90, 90, slices), (0.8, 0.8, slice_mm)))
    return measure_domain(volume, case=case, vessels=vessel if with_vessels else None, modality="CT")


def profile(name, **differences):
    settings = {"noise_hu": 3.0, "lumen_hu": 350.0, "tissue_hu": 40.0, "slices": 30, "slice_mm": 1.0, **differences}
    return Profile(name, DomainSettings(), tuple(scan(f"{name}{n}", **settings) for n in range(2)))


@pytest.fixture(scope="module")
def source() -> Profile:
    return profile("source")


@pytest.fixture(scope="module")
def target() -> Profile:
    return profile("target", noise_hu=8.0, lumen_hu=290.0, tissue_hu=50.0, slices=10, slice_mm=2.0)


def test_strengths_carry_the_means_of_one_cohort_to_those_of_the_other(source, target):
    found = {key: estimate.factor for key, estimate in estimate_factors(source, target, toward_source=False).items()}
    assert found["field_of_view"] == FieldOfView((None, None, 20.0))
    assert found["slice_spacing"] == SliceSpacing(2.0)
    assert found["noise"].std == pytest.approx(np.sqrt(8**2 - 3**2), rel=0.05)
    mapped = [found["intensity_scale"].scale * hu + found["intensity_scale"].shift for hu in (350, 40)]
    assert mapped == pytest.approx([290, 50], abs=2)


def test_between_equal_cohorts_nothing_is_left_to_do(source):
    estimates = estimate_factors(source, source, toward_source=False)
    assert estimates["field_of_view"].factor is estimates["slice_spacing"].factor is estimates["noise"].factor is None
    assert estimates["intensity_scale"].factor == IntensityScale(pytest.approx(1), pytest.approx(0, abs=1e-9))


def test_noise_is_not_taken_off_on_the_way_to_the_target_but_on_the_way_back(source, target):
    refused = estimate_factors(target, source, toward_source=False)["noise"]
    assert refused.factor is None and "no valid operation" in refused.reason
    taken_off = estimate_factors(target, source, toward_source=True)["noise"]
    assert taken_off.factor.std == pytest.approx(-np.sqrt(8**2 - 3**2), rel=0.05)


def test_a_smaller_field_of_view_is_not_enlarged_and_that_is_said(source, target):
    estimate = estimate_factors(target, source, toward_source=True)["field_of_view"]
    assert estimate.factor is None and "cannot be enlarged" in estimate.reason


def test_without_vessels_only_a_shift_of_the_tissue_is_known(source):
    bare = profile("bare", tissue_hu=46.0, with_vessels=False)
    estimate = estimate_factors(source, bare, toward_source=False)["intensity_scale"]
    assert estimate.factor.scale == 1.0 and estimate.factor.shift == pytest.approx(6, abs=1.5)
    assert "Without vessel masks" in estimate.reason


def test_arbitrary_units_give_neither_scale_nor_noise(source):
    rows = []
    for row in source.rows:
        body = row.to_json()
        body["units"] = "arbitrary"
        rows.append(DomainRow.from_json(body))
    arbitrary = SimpleNamespace(rows=rows)
    estimates = estimate_factors(source, arbitrary, toward_source=False)
    assert estimates["intensity_scale"].factor is None and estimates["noise"].factor is None


def test_every_factor_is_named_with_its_reason(source, target):
    estimates = estimate_factors(source, target, toward_source=False)
    chosen = choose_factors(("noise", "blur", "slice_spacing"), {"slice_spacing": SliceSpacing(3.0)}, estimates)
    assert [one.factor.key for one in chosen] == list(ORDER)
    origins = {one.factor.key: one.origin for one in chosen}
    assert origins == {"field_of_view": "none", "intensity_scale": "none", "blur": "none", "slice_spacing": "given",
                       "noise": "estimated"}  # fmt: skip
    reasons = {one.factor.key: one.reason for one in chosen}
    assert "--strength blur=" in reasons["blur"] and "slices every 3 mm" in reasons["slice_spacing"]
    assert all(one.to_json()["strength"] for one in chosen)


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("noise=8", Noise(8.0)),
        ("noise=-2.5", Noise(-2.5)),
        ("blur=0.64", Blur(0.64)),
        ("slice-spacing=5", SliceSpacing(5.0)),
        ("intensity_scale=0.83,6.4", IntensityScale(0.83, 6.4)),
        ("Intensity-Scale=0.5", IntensityScale(0.5, 0.0)),
        ("field-of-view=120", FieldOfView((120.0, 120.0, 120.0))),
        ("field_of_view=120,inf,80", FieldOfView((120.0, None, 80.0))),
        ("noise=none", OFF["noise"]),
    ],
)
def test_strengths_are_given_as_factor_and_numbers(text, factor):
    assert parse_strength(text) == factor


@pytest.mark.parametrize(
    "text",
    ["noise", "noise=", "noise=a", "noise=nan", "noise=inf", "noise=1,2", "blurr=1", "slice_spacing=0", "blur=inf",
     "intensity_scale=-1,0", "intensity_scale=0", "field_of_view=1,2", "field_of_view=-1", "intensity_scale=1,inf"],
)  # fmt: skip
def test_what_is_no_strength_is_refused_with_the_form_to_write(text):
    with pytest.raises(UsageError) as error:
        parse_strength(text)
    assert error.value.remedy


@pytest.mark.parametrize(("text", "words"), [
    ("noise=8", "noise of std 8 added"), ("noise=-2", "noise of std 2 taken off"), ("blur=-1", "1 mm FWHM taken off"),
    ("field_of_view=120,inf,80", "120 x as it is x 80 mm"), ("intensity_scale=0.8,-3", "times 0.8 - 3"),
])  # fmt: skip
def test_strengths_are_described_with_their_units(text, words):
    assert words in describe_strength(parse_strength(text))
