"""Lumen, surroundings, and contrast in units of noise."""

from __future__ import annotations

import numpy as np
import pytest

from UMambaXAILogic.engine.domain import NOISE_ESTIMATORS, NoiseEstimate
from UMambaXAILogic.engine.domain.vessel_intensity import measure_vessel_intensity

SPACING = (1.0, 0.5, 0.5)


def noise(*stds):
    return {
        name: NoiseEstimate(std, 5000, None if std else "none")
        for name, std in zip(NOISE_ESTIMATORS, stds, strict=True)
    }


@pytest.fixture
def scene():
    """A vessel of 300 HU with a blurred edge of 150 HU in tissue of 40 HU, and bone 4 mm away."""
    array, vessel = np.full((20, 60, 60), 40.0), np.zeros((20, 60, 60), bool)
    array[:, 27:33, 27:33] = 150
    array[:, 28:32, 28:32] = 300
    array[:, :, 40:] = 1200
    vessel[:, 28:32, 28:32] = True
    return array, vessel


def test_contrast_is_that_to_the_tissue_beyond_the_blurred_edge(scene):
    found = measure_vessel_intensity(*scene, SPACING, noise(None, 6.5, 2.0))
    assert (found.inside.count, found.inside.mean, found.inside.std) == (320, 300, 0)
    assert found.background == 40
    assert found.noise_estimator == "parenchyma"
    assert found.contrast_to_noise == pytest.approx((300 - 40) / 6.5)


def test_without_a_valid_estimator_there_is_no_ratio(scene):
    found = measure_vessel_intensity(*scene, SPACING, noise(None, None, None))
    assert (found.noise_estimator, found.contrast_to_noise) == (None, None) and found.background == 40


def test_a_region_limits_vessel_and_surroundings(scene):
    array, vessel = scene
    array[10:] += 100
    region = np.zeros_like(vessel)
    region[10:] = True
    found = measure_vessel_intensity(array, vessel, SPACING, noise(5.0, None, None), region)
    assert (found.inside.count, found.inside.mean, found.background) == (160, 400, 140)
    assert measure_vessel_intensity(array, vessel, SPACING, noise(5.0, None, None), ~vessel) is None


def test_a_mask_that_fills_the_volume_has_no_surroundings():
    array = np.full((3, 4, 5), 7.0)
    found = measure_vessel_intensity(array, array > 0, SPACING, noise(5.0, None, None))
    assert (found.background, found.contrast_to_noise, found.inside.mean) == (None, None, 7.0)


def test_an_empty_mask_has_nothing(scene):
    array, vessel = scene
    assert measure_vessel_intensity(array, vessel & False, SPACING, noise(5.0, None, None)) is None
