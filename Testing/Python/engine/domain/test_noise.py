"""Known noise is added to known images, and each estimator finds it or says why it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import correlate2d

from UMambaXAILogic.engine.domain import measure_domain
from UMambaXAILogic.engine.volume import Geometry, Volume

from .heads import GEOMETRY, SHAPE, clean_head, white_noise, whole

#: Relative errors allowed. The wavelet rests on a median of 6,700 coefficients, whose standard error is 1.4 %.
TOLERANCE = {"air": 0.02, "parenchyma": 0.02, "wavelet": 0.05}


def noise_of(array, modality="CT", geometry=GEOMETRY):
    return measure_domain(Volume(array, geometry), case="a", modality=modality).noise


@pytest.mark.parametrize("std", [2.0, 8.0, 20.0])
def test_white_noise_is_found_by_all_three(std):
    found = noise_of(whole(clean_head() + std * white_noise()))
    assert list(found) == ["air", "parenchyma", "wavelet"]
    for name, estimate in found.items():
        assert estimate.std == pytest.approx(std, rel=TOLERANCE[name]), name
        assert estimate.voxels >= 1000 and estimate.reason is None


def test_noise_that_neighbours_share_is_whole_in_air_only():
    """Correlation biases the estimators that look at differences; see the documentation."""
    shared = gaussian_filter(white_noise(), (0, 1, 1))
    std = 10.0
    found = noise_of(whole(clean_head() + std / shared.std() * shared))
    assert found["air"].std == pytest.approx(std, rel=0.03)
    assert 0.05 * std < found["parenchyma"].std < 0.15 * std
    assert 0.05 * std < found["wavelet"].std < 0.2 * std


@pytest.mark.parametrize("std", [5.0, 25.0])
def test_magnitude_noise_is_divided_by_rayleighs_factor(std):
    clean = np.where(clean_head() < -500, 0.0, np.where(clean_head() > 500, 60.0, 400.0))
    magnitude = np.hypot(clean + std * white_noise(1), std * white_noise(2)).astype(np.float32)
    found = noise_of(magnitude, modality="MR")
    for name, estimate in found.items():
        assert estimate.std == pytest.approx(std, rel=TOLERANCE[name]), name


def test_air_that_is_no_rayleigh_noise_is_not_valid_in_mr():
    clean = np.where(clean_head() < -500, 50.0, 400.0)
    air = noise_of((clean + 5 * white_noise()).astype(np.float32), modality="MR")["air"]
    assert air.std is None and "9.99 times its standard deviation" in air.reason and "1.91" in air.reason


def test_padding_is_left_out_wherever_it_ends():
    std = 8.0
    array = whole(clean_head() + std * white_noise())
    _, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    array = np.where(np.hypot(y - 48, x - 48) > 46.3, np.int16(-3024), array)  # round field of view
    air = noise_of(array)["air"]
    assert air.std == pytest.approx(std, rel=TOLERANCE["air"])


def test_clipped_air_is_refused_and_its_share_said():
    air = noise_of(np.maximum(whole(clean_head() + 20 * white_noise()), -1024))["air"]
    assert air.std is None and "12% of the air has the lowest value, -1024" in air.reason
    rarely = noise_of(np.maximum(whole(clean_head() + 8 * white_noise()), -1024))["air"]
    assert rarely.std == pytest.approx(8, rel=TOLERANCE["air"])


def test_a_cushion_in_the_air_does_not_count():
    std = 5.0
    clean = clean_head()
    clean[:, 86:92, 30:60] = -960
    assert noise_of(whole(clean + std * white_noise()))["air"].std == pytest.approx(std, rel=TOLERANCE["air"])


def test_a_crop_inside_the_head_has_no_air():
    inner = np.full(SHAPE, 40.0)
    found = noise_of(whole(inner + 6 * white_noise()), geometry=GEOMETRY)
    assert found["air"].std is None and "no air" in found["air"].reason
    for name in ("parenchyma", "wavelet"):
        assert found[name].std == pytest.approx(6, rel=0.02)


def test_nothing_is_estimated_from_few_voxels():
    array = whole(clean_head()[:3, 30:38, 30:38] + 6 * white_noise()[:3, 30:38, 30:38])
    for estimate in noise_of(array, geometry=Geometry((8, 8, 3), GEOMETRY.spacing_mm)).values():
        assert estimate.std is None and estimate.reason


def test_an_image_without_noise_has_no_estimate():
    for estimate in noise_of(whole(clean_head())).values():
        assert estimate.std is None and estimate.reason


def test_bone_and_edges_do_not_reach_the_parenchyma():
    """The clean image alone has none of the estimator's response where it looks."""
    quiet = noise_of(whole(clean_head() + 3 * white_noise()))["parenchyma"].std
    flat = noise_of(whole(np.full(SHAPE, 40.0) + 3 * white_noise()))["parenchyma"].std
    assert quiet == pytest.approx(flat, rel=0.02)


def test_the_wavelet_band_is_that_of_an_independent_filter_bank():
    """Daubechies' high-pass filter from its published decimals, by plain correlation, every second pixel."""
    taps = np.array([-0.12940952, -0.22414387, 0.83651630, -0.48296291])
    array = (40 + 7 * white_noise()).astype(np.float32)
    bands = [correlate2d(plane, np.outer(taps, taps), mode="valid")[::2, ::2] for plane in array]
    found = noise_of(array)["wavelet"]
    assert found.std == pytest.approx(np.median(np.abs(bands)) / 0.6745, rel=1e-4)
    assert found.voxels == np.size(bands)


def test_linear_shading_is_no_noise():
    ramp = 40 + 0.2 * np.arange(SHAPE[2]) + 0.1 * np.arange(SHAPE[1])[:, None] + np.zeros(SHAPE)
    with_noise = noise_of((ramp + 3 * white_noise()).astype(np.float32))
    for name in ("parenchyma", "wavelet"):
        assert with_noise[name].std == pytest.approx(3, rel=0.02)
