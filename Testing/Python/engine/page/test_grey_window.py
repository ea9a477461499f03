from __future__ import annotations

import numpy as np
import pytest

from UMambaXAILogic.engine.page.grey_window import GreyWindow, choose_window


def test_ct_numbers_get_the_angiography_window():
    image = np.array([[-1000, 40, 300, 1500]] * 50, np.int16)
    assert choose_window(image) == GreyWindow(-100.0, 500.0)


def test_other_intensities_get_the_range_of_most_voxels():
    random = np.random.default_rng(0)
    image = np.zeros((20, 40, 40), np.float32)
    image[5:] = random.uniform(100, 900, image[5:].shape)
    image[6, 3, 3] = 30000  # one hot voxel does not set the window
    window = choose_window(image)
    assert 100 <= window.low < 120 and 880 < window.high <= 900


@pytest.mark.parametrize("modality", ["MR", "PT"])
def test_negative_values_of_another_modality_are_not_ct_numbers(modality):
    image = np.linspace(-900, 900, 7000).reshape(10, 20, 35)
    assert choose_window(image, modality).low < -800


def test_a_constant_image_has_a_window():
    window = choose_window(np.full((3, 4, 5), 7.0))
    assert window.grey(np.array([7.0])) == 0 and window.high > window.low


def test_grey_values_are_clipped():
    assert list(GreyWindow(0, 100).grey(np.array([-5, 0, 50, 100, 500]))) == [0, 0, 128, 255, 255]
