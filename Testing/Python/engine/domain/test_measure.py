"""One case as a whole: storage order, known phantoms, units, regions."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.domain import DomainRow, DomainSettings, measure_domain
from UMambaXAILogic.engine.grids import AxisOrder, reordered
from UMambaXAILogic.engine.phantom import COHORTS, make_phantom
from UMambaXAILogic.engine.volume import Geometry, Volume

from .heads import AIR, BRAIN, GEOMETRY, SHAPE, clean_head, white_noise, whole

TILTED = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)


def head_with_vessels() -> tuple[Volume, np.ndarray]:
    vessels = np.zeros(SHAPE, bool)
    vessels[4:20, 40:44, 50:54] = True
    vessels[8:11, 40:60, 50:53] = True
    array = clean_head()
    array[vessels] = 350
    return Volume(whole(array + 6 * white_noise()), GEOMETRY), vessels


HEAD, VESSELS = head_with_vessels()
EVERY_ORDER = [
    AxisOrder(axes, backwards)
    for axes in itertools.permutations(range(3))
    for backwards in itertools.product((False, True), repeat=3)
]


@pytest.fixture(scope="module")
def row() -> DomainRow:
    return measure_domain(HEAD, case="a", vessels=VESSELS, modality="CT")


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(EVERY_ORDER), st.booleans(), st.booleans())
def test_storage_order_changes_nothing(order, contiguous, tilted):
    geometry = Geometry(GEOMETRY.size, GEOMETRY.spacing_mm, GEOMETRY.origin_mm, TILTED) if tilted else GEOMETRY
    stored = [order.apply(array) for array in (HEAD.array, VESSELS)]
    if contiguous:
        stored = [np.ascontiguousarray(array) for array in stored]
    volume = Volume(stored[0], reordered(geometry, order))
    found = measure_domain(volume, case="a", vessels=stored[1], modality="CT").to_json()
    expected = measure_domain(Volume(HEAD.array, geometry), case="a", vessels=VESSELS, modality="CT").to_json()
    angles = [one["resolution"].pop("obliquity_degrees") for one in (found, expected)]
    assert found == expected
    assert angles[0] == pytest.approx(angles[1], abs=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_the_stored_type_changes_nothing(row, dtype):
    volume = Volume(HEAD.array.astype(dtype), GEOMETRY)
    assert measure_domain(volume, case="a", vessels=VESSELS, modality="CT").to_json() == row.to_json()


def test_intensities_are_numpys(row):
    values = HEAD.array.astype(float)
    window = values[(values >= 0) & (values <= 80)]
    found = row.intensity
    assert found.window == (0, 80)
    assert found.in_window.count == window.size
    assert found.in_window.mean == pytest.approx(window.mean()) and found.in_window.std == pytest.approx(window.std())
    assert found.full.mean == pytest.approx(values.mean()) and found.full.std == pytest.approx(values.std())
    assert found.percentiles == pytest.approx({share: np.percentile(values, share) for share in found.percentiles})
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    assert found.histogram.total == values.size
    assert found.vessel.inside.mean == pytest.approx(values[VESSELS].mean())
    assert found.vessel.background == pytest.approx(BRAIN, abs=1)
    assert found.vessel.contrast_to_noise == pytest.approx((350 - BRAIN) / 6, rel=0.03)


def test_the_row_reads_its_own_json(row):
    body = json.loads(json.dumps(row.to_json(), allow_nan=False))
    assert DomainRow.from_json(body).to_json() == body


def test_a_region_limits_intensities_and_diameters_but_not_noise(row):
    region = np.zeros(SHAPE, bool)
    region[6:16, 30:60, 40:70] = True
    found = measure_domain(HEAD, case="a", vessels=VESSELS, modality="CT", region=region)
    values = HEAD.array[region].astype(float)
    assert found.region_voxels == region.sum() == found.intensity.full.count == found.intensity.histogram.total
    assert found.intensity.full.mean == pytest.approx(values.mean())
    assert found.intensity.percentiles[50] == np.median(values)
    assert found.intensity.vessel.inside.count == (VESSELS & region).sum()
    assert 0 < found.morphology.diameters.count < row.morphology.diameters.count
    assert found.noise == row.noise and found.resolution == row.resolution


def test_the_window_and_cubes_of_the_settings_are_used():
    settings = DomainSettings(window_hu=(-100, 100), isotropic_mm=1.0)
    found = measure_domain(HEAD, case="a", vessels=VESSELS, modality="CT", settings=settings)
    assert found.intensity.window == (-100, 100) and found.morphology.isotropic_mm == 1.0
    assert found.intensity.in_window.count == ((HEAD.array >= -100) & (HEAD.array <= 100)).sum()


@pytest.mark.parametrize(
    "modality, offset, rescale_type, units",
    [
        ("CT", 0, None, "HU"),
        ("CT", 0, "HU", "HU"),
        (None, 0, None, "HU"),  # values as low as air's
        ("CT", 1100, None, "arbitrary"),  # not rescaled
        (None, 1100, None, "arbitrary"),
        ("CT", 0, "US", "arbitrary"),
        ("MR", 0, None, "arbitrary"),
    ],
)
def test_units_are_those_that_modality_and_values_allow(modality, offset, rescale_type, units):
    volume = Volume(HEAD.array + np.int16(offset), GEOMETRY)
    found = measure_domain(volume, case="a", modality=modality, rescale_type=rescale_type)
    assert (found.units, found.modality) == (units, modality)
    if units == "arbitrary":
        assert found.intensity.window is None and found.intensity.in_window is None
        assert found.intensity.histogram.bins.name == "signed-octaves-1"


def test_brain_alone_of_unknown_modality_is_not_taken_for_ct():
    volume = Volume(whole(40 + 15 * white_noise()), GEOMETRY)
    assert measure_domain(volume, case="a", modality=None).units == "arbitrary"
    assert measure_domain(volume, case="a", modality="CT").units == "HU"


def test_no_mask_no_morphology_and_an_empty_one_counts_nothing():
    assert measure_domain(HEAD, case="a", modality="CT").morphology is None
    empty = measure_domain(HEAD, case="a", vessels=VESSELS & False, modality="CT")
    assert empty.morphology.diameters.count == 0 and empty.intensity.vessel is None


@pytest.mark.parametrize("array", [np.zeros((1, 1, 1)), np.full((3, 5, 7), AIR), np.arange(24.0).reshape(4, 3, 2)])
def test_volumes_too_small_for_anything_have_a_row_all_the_same(array):
    volume = Volume(array, Geometry(array.shape[::-1], (2.0, 2.0, 2.0)))
    found = measure_domain(volume, case="a", vessels=array > 3, modality=None)
    json.dumps(found.to_json(), allow_nan=False)
    assert all(estimate.std is None for estimate in found.noise.values())


@pytest.mark.parametrize("cohort", COHORTS)
def test_a_phantom_measures_what_it_was_made_from(cohort):
    """Noise, spacing, lumen and diameters of the recipe and of the case's own truth."""
    phantom, recipe = make_phantom(cohort, 3), COHORTS[cohort]
    found = measure_domain(phantom.image, case="a", vessels=phantom.mask.array > 0, modality="CT")
    spacing = found.resolution.spacing_mm
    assert (spacing.right_left, spacing.anterior_posterior, spacing.superior_inferior) == recipe.spacing_mm
    assert found.noise["parenchyma"].std == pytest.approx(phantom.facts.noise_std_hu, rel=0.02)
    assert found.noise["wavelet"].std == pytest.approx(phantom.facts.noise_std_hu, rel=0.15)
    true = phantom.facts.centreline_diameters_mm
    assert found.morphology.diameters.mean == pytest.approx(true.mean(), abs=recipe.spacing_mm[0])
    assert found.morphology.median == pytest.approx(np.median(true), abs=recipe.spacing_mm[0])
    bright = phantom.image.array[phantom.mask.array > 0]
    assert found.intensity.vessel.inside.mean == pytest.approx(bright.mean())
    assert found.intensity.vessel.inside.mean < phantom.facts.lumen_hu  # partial volume and blur at the walls
