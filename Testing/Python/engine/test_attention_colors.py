"""The colours of attention: equal steps look equally large."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from UMambaXAILogic.engine.attention_colors import attention_colors


def test_lightness_grows_evenly():
    lightness = rgb2lab(attention_colors(256)[None])[0, :, 0]
    steps = np.diff(lightness)
    assert steps.min() > 0
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.1)
    assert lightness[-1] - lightness[0] > 60


def test_ends_are_visible_on_black_and_are_not_white():
    colors = attention_colors(256)
    assert rgb2lab(colors[None, :1])[0, 0, 0] > 20
    assert colors[-1, 2] < 0.75


@pytest.mark.parametrize("count", [2, 32, 256])
def test_count_and_range(count):
    colors = attention_colors(count)
    assert colors.shape == (count, 3)
    assert colors.min() >= 0 and colors.max() <= 1
    np.testing.assert_allclose(colors[[0, -1]], attention_colors(256)[[0, -1]])
