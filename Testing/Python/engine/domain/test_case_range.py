from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from UMambaXAILogic.engine.domain.case_range import compare_case_with_profile, out_of_range_warnings


def noises(number):
    return float(5 + 0.5 * np.random.default_rng(3).standard_normal(200)[number])


def position(comparison, key):
    return next(one for one in comparison.positions if one.quantity.key == key)


@pytest.fixture(scope="module")
def profile(make_profile):
    return make_profile("hospital", 40, noise=noises, spacing=lambda number: (0.5, 0.5, 1.0 + 0.01 * (number % 5)))


def test_a_case_lies_where_it_lies_among_the_profiles(profile, make_row):
    values = np.array([noises(number) for number in range(40)])
    one = position(compare_case_with_profile(make_row(noise=5.5), profile), "noise.air")
    assert (one.value, one.count) == (5.5, 40)
    assert (one.mean, one.std) == (pytest.approx(values.mean()), pytest.approx(values.std(ddof=1)))
    assert (one.minimum, one.maximum) == (values.min(), values.max())
    assert one.percentile == pytest.approx(stats.percentileofscore(values, 5.5))
    assert one.z == pytest.approx((5.5 - values.mean()) / values.std(ddof=1))
    assert not one.is_outside


def test_equal_values_count_half(profile, make_row):
    one = position(
        compare_case_with_profile(make_row(spacing=(0.5, 0.5, 1.0)), profile), "resolution.spacing_mm.right_left"
    )
    assert one.percentile == 50 and one.z is None and not one.is_outside


@pytest.mark.parametrize(
    ("figures", "codes"),
    [
        ({}, []),
        ({"noise": 9.0}, ["noise_outside_profile"]),
        ({"spacing": (0.5, 0.5, 3.0), "matrix": (40, 40, 7)}, ["resolution_outside_profile"]),
        ({"tissue": (55.0, 12.0)}, ["intensity_outside_profile"]),
        ({"diameters": (5.0, 0.5)}, ["vessels_outside_profile"]),
        ({"units": "arbitrary", "modality": "MR"}, ["units_outside_profile"]),
    ],
)
def test_what_differs_is_warned_of(profile, make_row, figures, codes):
    row = make_row("new", **({"diameters": None} | figures), seed=500)
    assert [code for code, _ in out_of_range_warnings(row, profile)] == codes


def test_the_warning_names_the_figures(profile, make_row):
    ((code, message),) = out_of_range_warnings(
        make_row(diameters=None, spacing=(0.5, 0.5, 3.0), matrix=(40, 40, 7)), profile
    )
    assert code == "resolution_outside_profile"
    assert message == (
        "Its grid is outside what the model was trained on (profile hospital): "
        "spacing S-I 3 mm (40 training cases 1 to 1.04 mm)."
    )


def test_cases_of_the_same_population_are_seldom_warned_of(make_profile, make_row):
    rng = np.random.default_rng(8)
    warned = 0
    for trial in range(40):
        values = 5 + rng.standard_normal(11)  # a spread far above the floor
        cohort = make_profile("a", 10, noise=lambda number, values=values: float(values[number]))
        row = make_row("new", noise=float(values[10]), seed=1000 + trial)
        warned += position(compare_case_with_profile(row, cohort), "noise.air").is_outside
    assert warned <= 2  # outside the extremes alone would be about 2 in 11, that is 7


def test_a_case_slightly_beyond_a_protocol_that_never_varies_is_in_range(make_profile, make_row):
    cohort = make_profile("a", 6, spacing=(0.5, 0.5, 1.0))
    near = compare_case_with_profile(make_row(spacing=(0.5, 0.5, 1.2)), cohort)
    far = compare_case_with_profile(make_row(spacing=(0.5, 0.5, 1.4)), cohort)
    assert not position(near, "resolution.spacing_mm.superior_inferior").is_outside
    assert position(far, "resolution.spacing_mm.superior_inferior").is_outside


def test_one_case_makes_a_profile(make_profile, make_row):
    cohort = make_profile("a", 1)
    comparison = compare_case_with_profile(make_row(noise=20.0), cohort)
    one = position(comparison, "noise.air")
    assert (one.std, one.z, one.percentile, one.is_outside) == (None, None, 100.0, True)
    assert (
        "the one training case 5 HU"
        in dict(out_of_range_warnings(make_row(noise=20.0), cohort))["noise_outside_profile"]
    )


def test_what_cannot_be_compared_is_listed(make_profile, make_row):
    cohort = make_profile("a", 3, noise=(5.0, None, None))
    body = compare_case_with_profile(make_row(diameters=None, noise=(None, 5.0, 5.0)), cohort).to_json()
    json.dumps(body, allow_nan=False)
    assert body["noise_estimator"]["estimator"] is None
    reasons = {entry["key"]: entry["reason"] for entry in body["not_compared"]}
    assert reasons["morphology.diameter_mm.mean"] == "The case has no value."
    assert "resolution.slice_gap_irregularity" in reasons
    assert not any(key["key"].startswith("noise") for key in body["positions"])
