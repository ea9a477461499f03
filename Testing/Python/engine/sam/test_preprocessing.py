from __future__ import annotations

import numpy as np
import pytest
from skimage.exposure import equalize_adapthist

from UMambaXAILogic.engine.sam.preprocessing import choose_grey_scale, slice_image


@pytest.fixture
def head():
    random = np.random.default_rng(0)
    values = np.full((6, 48, 64), -1000, np.int16)
    values[:, 8:40, 8:56] = random.normal(40, 20, (6, 32, 48))
    values[2, 20:24, 20:40] = 350
    values[3, 10, 10] = 3000
    return values


def test_the_foreground_above_the_window_is_stretched_by_its_percentiles(head):
    scale = choose_grey_scale(head, (-100, 500))
    seen = np.clip(head[head > -100], -100, 500)
    assert (scale.black, scale.white) == pytest.approx(tuple(np.percentile(seen, (0.5, 99.5))))
    grey = scale.grey(head)
    assert grey.min() == 0 and grey.max() == 1 and grey.dtype == np.float32
    middle = (scale.black + scale.white) / 2
    assert scale.grey(np.array([middle])) == pytest.approx(0.5)


def test_without_a_window_the_background_is_the_lowest_value(head):
    scale = choose_grey_scale(head, None)
    assert np.array_equal(scale.foreground(head), head > -1000)
    constant = choose_grey_scale(np.full((2, 3, 4), 7.0), None)
    assert np.isfinite(constant.grey(np.full((3, 4), 7.0))).all()


def test_local_contrast_is_blended_in_on_the_foreground_only(head):
    scale = choose_grey_scale(head, (-100, 500))
    image, grey = slice_image(head[2], scale), scale.grey(head[2])
    outside = head[2] <= -100
    assert np.array_equal(image[outside], grey[outside])
    equalised = equalize_adapthist(grey, kernel_size=(6, 8), clip_limit=2 / 256, nbins=256)
    assert np.allclose(image[~outside], (grey + equalised)[~outside] / 2, atol=1e-6)
    assert np.abs(image - grey)[~outside].max() > 0.05
    assert image.min() >= 0 and image.max() <= 1


def test_a_slice_of_nothing_but_air_stays_black(head):
    scale = choose_grey_scale(head, (-100, 500))
    assert not slice_image(np.full((48, 64), -1000, np.int16), scale).any()
