from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from UMambaXAILogic.engine.domain import HOUNSFIELD, DomainSettings, Histogram
from UMambaXAILogic.engine.domain.comparison import compare_profiles
from UMambaXAILogic.engine.domain.profile import Profile
from UMambaXAILogic.engine.errors import InputError


def around(center, spread, seed):
    """A figure for each case: ``center`` with a little of its own."""
    rng = np.random.default_rng(seed)
    values = center + spread * rng.standard_normal(100)
    return lambda number: float(values[number])


def row(comparison, table, key, averaged="case_mean"):
    rows = comparison.to_json()["tables"][str(table)]["rows"]
    return next(row for row in rows if row["key"] == key and row["averaged"] == averaged)


@pytest.fixture(scope="module")
def planted(make_profile):
    """Slice spacing differs by -40 %, noise by +40 %, tissue by 5 HU, diameters by 8 %: in this order."""
    source = make_profile("source", 14, noise=around(5, 0.2, 0), spacing=(0.5, 0.5, 1.0))
    target = make_profile(
        "target",
        12,
        seed=lambda number: number + 100,
        noise=around(7, 0.2, 1),
        spacing=(0.5, 0.5, 0.6),
        matrix=(40, 40, 33),
        tissue=(45.0, 12.0),
        diameters=(2.6, 0.54),
        lumen=lambda number: 45 + 310 * 1.4,  # keeps the contrast-to-noise ratio
    )
    return compare_profiles(source, target)


def test_planted_shifts_are_found_in_their_order(planted):
    order = [shift.compared.quantity.key for shift in planted.shifts]
    expected = [
        "intensity.vessel.mean",  # follows from the noise and an equal contrast-to-noise ratio
        "resolution.spacing_mm.superior_inferior",
        "noise.air",
        "intensity.mean",
    ]
    assert order[:4] == expected
    assert set(order[4:8]) == {f"morphology.diameter_mm.{name}" for name in ("mean", "median", "std", "p99")}
    assert abs(planted.shifts[8].compared.standardised_difference) < 0.4


def test_shifts_carry_their_figures(planted):
    shift = next(shift for shift in planted.to_json()["shifts"] if shift["key"].endswith("superior_inferior"))
    assert (shift["source"], shift["target"]) == (1.0, 0.6)
    assert shift["difference"] == pytest.approx(-0.4) and shift["relative_difference"] == pytest.approx(-0.4)
    assert shift["standardised_difference"] == pytest.approx(-0.4 / 0.08)  # no spread: 10 % of the mean 0.8
    assert (shift["table"], shift["unit"], shift["p_value"]) == (2, "mm", pytest.approx(1e-4))


def test_table_lines_are_the_statistics_of_the_cases(planted):
    values = [[case.noise["air"].std for case in profile.rows] for profile in (planted.source, planted.target)]
    line = row(planted, 3, "noise.air")
    assert line["source"]["estimate"] == pytest.approx(np.mean(values[0]))
    assert line["ratio"] == pytest.approx(np.mean(values[1]) / np.mean(values[0]))
    assert line["difference"]["estimate"] == pytest.approx(np.mean(values[1]) - np.mean(values[0]))
    assert line["difference"]["method"] == "bca" and line["difference"]["count"] == 12
    spread = np.sqrt((13 * np.var(values[0], ddof=1) + 11 * np.var(values[1], ddof=1)) / 24)
    assert line["spread"] == pytest.approx(spread)
    floor = 0.1 * (np.mean(values[0]) + np.mean(values[1])) / 2
    assert line["standardised_difference"] == pytest.approx(line["difference"]["estimate"] / np.hypot(spread, floor))


def test_relative_differences_need_a_true_zero(planted):
    assert row(planted, 1, "intensity.mean")["relative_difference"] is None
    assert row(planted, 1, "intensity.mean")["ratio"] is None
    assert row(planted, 1, "intensity.std")["ratio"] == pytest.approx(1.0, abs=0.05)


def test_pooled_figures_are_those_of_all_voxels_together(make_profile):
    sizes = {"diameters": lambda number: (2.0 + 0.3 * number, 0.5)}
    profile = make_profile("a", 3, tissue=lambda number: (30.0 + 5 * number, 10.0), **sizes)
    comparison = compare_profiles(profile, make_profile("b", 2))
    rng_values = []
    inside = []
    for number in range(3):  # the values that make_row drew
        rng = np.random.default_rng(number)
        tissue = rng.normal(30.0 + 5 * number, 10.0, 400)
        inside.append(tissue[(tissue >= 0) & (tissue <= 80)])
        rng_values.append(np.abs(rng.normal(2.0 + 0.3 * number, 0.5, 400)))
    diameters, tissue = np.concatenate(rng_values), np.concatenate(inside)
    for name, expected in {
        "mean": diameters.mean(),
        "std": diameters.std(),
        "minimum": diameters.min(),
        "maximum": diameters.max(),
    }.items():
        assert row(comparison, 4, f"morphology.diameter_mm.{name}", "pooled")["source"]["estimate"] == pytest.approx(
            expected
        )
    for name, share in (("median", 50), ("p99", 99)):
        value = row(comparison, 4, f"morphology.diameter_mm.{name}", "pooled")["source"]["estimate"]
        assert value == pytest.approx(np.percentile(diameters, share), abs=0.02)
    assert row(comparison, 1, "intensity.mean", "pooled")["source"]["estimate"] == pytest.approx(tissue.mean())
    assert row(comparison, 1, "intensity.std", "pooled")["source"]["estimate"] == pytest.approx(tissue.std())
    means = [part.mean() for part in rng_values]
    line = row(comparison, 4, "morphology.diameter_mm.mean")
    assert line["source"]["values"] == pytest.approx(means)
    assert line["source"]["estimate"] == pytest.approx(np.mean(means))


def test_distances_are_those_of_the_values(make_profile):
    source, target = make_profile("a", 3, noise=around(5, 1, 0)), make_profile("b", 4, noise=around(6, 1, 1))
    target = make_profile("b", 4, noise=around(6, 1, 1), tissue=(50.0, 12.0), seed=lambda number: number)
    distances = compare_profiles(source, target).to_json()["distances"]
    values = [[case.noise["air"].std for case in profile.rows] for profile in (source, target)]
    assert distances["noise"]["wasserstein"] == pytest.approx(stats.wasserstein_distance(*values))
    assert distances["noise"]["kolmogorov_smirnov"] == pytest.approx(stats.ks_2samp(*values).statistic)
    assert distances["intensity"]["wasserstein"] == pytest.approx(10, abs=0.6)
    assert distances["intensity"]["source_count"] == 1200 and distances["diameter"]["unit"] == "mm"
    assert distances["diameter"]["wasserstein"] == pytest.approx(0, abs=0.05)


def test_identical_cohorts_do_not_differ(make_profile):
    first = make_profile("a", 5, noise=around(5, 1, 0))
    comparison = compare_profiles(first, Profile("b", first.settings, first.rows))
    body = comparison.to_json()
    assert all(shift["standardised_difference"] == 0 and shift["p_value"] == 1 for shift in body["shifts"])
    assert all(
        distance["wasserstein"] == distance["kolmogorov_smirnov"] == 0 for distance in body["distances"].values()
    )


@pytest.mark.parametrize("counts", [(1, 1), (1, 3)])
def test_single_cases_are_put_in_order(make_profile, counts):
    source, target = make_profile("a", counts[0]), make_profile("b", counts[1], spacing=(0.5, 0.5, 3.0))
    comparison = compare_profiles(source, target)
    json.dumps(comparison.to_json(), allow_nan=False)
    assert comparison.shifts[0].compared.quantity.key in (
        "resolution.spacing_mm.superior_inferior",
        "resolution.field_of_view_mm.superior_inferior",
    )
    first = comparison.shifts[0].compared
    assert first.standardised_difference == pytest.approx(10) and first.p_value is None
    assert "1 in the source" in first.p_value_missing_because


def test_zero_in_every_case_is_no_shift(make_profile):
    comparison = compare_profiles(make_profile("a", 2, noise=0.0), make_profile("b", 2, noise=0.0))
    assert row(comparison, 3, "noise.air")["standardised_difference"] == 0
    assert row(comparison, 3, "noise.air")["relative_difference"] is None
    assert row(comparison, 1, "intensity.vessel.contrast_to_noise")["not_compared_because"]


@pytest.mark.parametrize(
    ("noise", "chosen"),
    [((5.0, 4.0, 3.0), "air"), ((None, 4.0, 3.0), "parenchyma"), ((None, None, 3.0), "wavelet")],
)
def test_one_noise_estimator_that_is_valid_everywhere_is_compared(make_profile, noise, chosen):
    source = make_profile("a", 3, noise=(6.0, 5.0, 4.0))
    target = make_profile("b", 3, noise=lambda number: noise if number == 1 else (6.0, 5.0, 4.0))
    comparison = compare_profiles(source, target)
    assert comparison.noise.estimator == chosen
    body = comparison.to_json()
    for name in ("air", "parenchyma", "wavelet"):
        line = row(comparison, 3, f"noise.{name}")
        assert (line["not_compared_because"] is None) == (name == chosen)
        assert line["source"]["count"] == 3
    if chosen != "air":
        assert "air is not valid in 1 of 6 cases (b_1: too little of it)" in body["noise_estimator"]["reason"]
    assert f"({chosen})" in row(comparison, 1, "intensity.vessel.contrast_to_noise")["title"]
    assert sum(shift["key"].startswith("noise.") for shift in body["shifts"]) == 1


def test_no_estimator_valid_everywhere_leaves_the_noise_open(make_profile):
    source = make_profile("a", 2, noise=(None, 4.0, 3.0))
    target = make_profile("b", 2, noise=lambda number: (5.0, None, 3.0) if number else (5.0, 4.0, None))
    body = compare_profiles(source, target).to_json()
    assert body["noise_estimator"]["estimator"] is None
    assert all(f"{name} is not valid" in body["noise_estimator"]["reason"] for name in ("air", "parenchyma", "wavelet"))
    assert body["distances"]["noise"]["wasserstein"] is None and body["distances"]["noise"]["missing_because"]
    assert not any(shift["key"].startswith("noise.") for shift in body["shifts"])


def test_the_contrast_to_noise_ratio_uses_the_compared_estimator(make_profile):
    source = make_profile("a", 2, noise=(None, 4.0, 3.0), tissue=(40.0, 0.0), lumen=340.0)
    target = make_profile("b", 2, noise=(1.0, 5.0, 3.0), tissue=(40.0, 0.0), lumen=340.0)
    line = row(compare_profiles(source, target), 1, "intensity.vessel.contrast_to_noise")
    assert (line["source"]["estimate"], line["target"]["estimate"]) == (75.0, 60.0)


def test_arbitrary_units_are_not_compared_with_hounsfield_units(make_profile):
    source, target = make_profile("a", 3), make_profile("b", 3, units="arbitrary", modality="MR", tissue=(800.0, 90.0))
    comparison = compare_profiles(source, target)
    body = comparison.to_json()
    line = row(comparison, 1, "intensity.vessel.mean")
    assert line["target"]["estimate"] is None and "target" in line["not_compared_because"]
    assert body["distances"]["intensity"]["wasserstein"] is None
    assert body["distances"]["noise"]["wasserstein"] is None
    assert row(comparison, 2, "resolution.spacing_mm.right_left")["difference"]["estimate"] == 0
    assert row(comparison, 4, "morphology.diameter_mm.mean")["difference"]["estimate"] is not None
    assert "3 of 3 cases of the target are in arbitrary units" in body["tables"]["1"]["notes"][0]
    assert any("source CT, target MR" in note for note in body["notes"])
    assert body["tables"]["3"]["notes"][0] == "Noise is not compared."
    assert "noise.air" in [entry["key"] for entry in body["not_compared"]]


def test_a_mixed_cohort_is_compared_by_its_cases_in_hounsfield_units(make_profile):
    source = make_profile("a", 4, units=lambda number: "arbitrary" if number == 0 else "HU")
    comparison = compare_profiles(source, make_profile("b", 4))
    assert row(comparison, 1, "intensity.mean")["source"]["count"] == 3
    assert comparison.to_json()["distances"]["intensity"]["source_count"] == 1200
    assert "1 of 4 cases of the source" in comparison.to_json()["tables"]["3"]["notes"][-1]


def test_masks_of_unlike_origin_are_said_to_be(make_profile):
    source = make_profile("a", 3)
    target = make_profile("b", 3, mask="prediction", diameters=lambda number: None if number == 2 else (2.4, 0.5))
    notes = compare_profiles(source, target).to_json()["tables"]["4"]["notes"]
    assert "1 of 3 cases of the target have no vessels" in notes[0]
    assert "source is measured in the ground truth, the target in the prediction" in notes[1]


def test_cohorts_without_masks_have_no_morphology(make_profile):
    comparison = compare_profiles(make_profile("a", 2, diameters=None), make_profile("b", 2))
    pooled = row(comparison, 4, "morphology.diameter_mm.p99", "pooled")
    assert pooled["source"]["estimate"] is None and pooled["not_compared_because"] == "No case of the source has it."
    assert comparison.to_json()["distributions"]["diameter"]["source"] is None


def test_phantoms_are_called_phantoms(make_profile):
    comparison = compare_profiles(
        make_profile("a", 2, phantom=True), make_profile("b", 2, phantom=lambda number: number == 1)
    )
    body = comparison.to_json()
    assert body["phantom"] and (body["source"]["phantoms"], body["target"]["phantoms"]) == (2, 1)
    assert body["notes"][0].startswith("All cases of the source are phantoms")
    assert body["notes"][1].startswith("1 of 2 cases of the target are phantoms")


def test_cases_of_both_cohorts_are_named(make_profile):
    source = make_profile("source", 3)
    again = make_profile("target", 2, case=lambda number: f"renamed_{number}", mask="prediction")
    others = make_profile("target", 2, seed=lambda number: number + 50)
    notes = compare_profiles(source, Profile("target", source.settings, (*again.rows, *others.rows))).notes
    named = "2 cases are in both cohorts, with the same figures (renamed_0, renamed_1)"
    assert any(note.startswith(named) for note in notes)
    assert not any("both cohorts" in note for note in compare_profiles(source, others).notes)


def test_other_settings_are_refused(make_profile):
    with pytest.raises(InputError, match="other settings"):
        compare_profiles(make_profile("a", 1), make_profile("b", 1, DomainSettings((0, 100))))


def test_distributions_hold_all_values(planted):
    parts = planted.to_json()["distributions"]
    for name in ("intensity", "diameter"):
        part = parts[name]
        assert len(part["edges"]) == len(part["source"]) + 1 <= 151
        assert sum(part["source"]) == pytest.approx(1, abs=0.01) and sum(part["target"]) == pytest.approx(1, abs=0.01)
    middles = np.convolve(parts["intensity"]["edges"], (0.5, 0.5), "valid")
    assert middles @ np.array(parts["intensity"]["source"]) == pytest.approx(40, abs=1)
    assert parts["spacing"]["superior_inferior"] == {"source": [1.0] * 14, "target": [0.6] * 12}
    assert len(parts["noise"]["source"]) == 14


def test_bins_of_the_window_hold_a_ct_number_each_and_all_of_the_window(make_profile):
    """A whole CT number that is split between two bins would show voxels below the window."""
    profile = make_profile("flat", 1, tissue=(40.0, 0.0))
    part = compare_profiles(profile, profile).to_json()["distributions"]["intensity_in_window"]
    assert part["edges"][0] == -0.5 and part["edges"][-1] == 80.5 and len(part["edges"]) == 82
    assert part["source"][40] == pytest.approx(1) and sum(part["source"]) == pytest.approx(1)


def test_padding_below_all_bins_is_not_drawn_as_if_it_were_spread(make_row):
    settings = DomainSettings()
    row = make_row("padded")
    values = np.concatenate([np.random.default_rng(0).normal(40, 12, 300), np.full(100, -3024.0)])
    padded = replace(row, intensity=replace(row.intensity, histogram=Histogram.of(values, HOUNSFIELD)))
    profile = Profile("padded", settings, (padded,))
    part = compare_profiles(profile, profile).to_json()["distributions"]["intensity"]
    assert part["edges"][0] > -1100 and sum(part["source"]) == pytest.approx(0.75, abs=0.01)


def test_the_seed_decides(make_profile):
    cohorts = make_profile("a", 12, noise=around(5, 1, 0)), make_profile("b", 12, noise=around(6, 1, 1))
    first, again, other = (compare_profiles(*cohorts, seed=seed) for seed in (1, 1, 2))
    assert first.to_json() == again.to_json()
    assert row(first, 3, "noise.air")["difference"]["low"] != row(other, 3, "noise.air")["difference"]["low"]
