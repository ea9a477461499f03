from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from UMambaXAILogic.engine.alignment.counting import count_attention
from UMambaXAILogic.engine.alignment.excess import excess_alignment

SPACING = (1.5, 1.0, 1.0)


def measure(attention, pm, gt, region=None, spacing=SPACING):
    counts = count_attention(attention, gt, pm, region, [0.2, 0.3])
    return excess_alignment(attention, counts, pm, gt, region, spacing, 0.3)


@pytest.fixture
def random_case():
    random = np.random.default_rng(5)
    shape = (9, 10, 11)
    attention = random.random(shape, dtype=np.float32)
    return attention, random.random(shape) < 0.2, random.random(shape) < 0.3, random.random(shape) < 0.8


@pytest.mark.parametrize("with_region", [False, True])
def test_excess_equals_its_definition(random_case, with_region):
    attention, pm, gt, region = random_case
    inside = region if with_region else np.ones_like(pm)
    result = measure(attention, pm, gt, region if with_region else None)
    a = (attention >= np.float32(0.3)) & inside
    shell = (distance_transform_edt(~pm, sampling=SPACING) <= 3.0) & ~pm & inside
    q = (a & pm).sum() / a.sum()
    p = (pm & gt & inside).sum() / (pm & inside).sum()
    b = (gt & shell).sum() / shell.sum()
    assert (result.q, result.p, result.b) == (pytest.approx(q), pytest.approx(p), pytest.approx(b))
    assert result.excess == pytest.approx(((a & gt).sum() / a.sum()) / (q * p + (1 - q) * b))
    assert result.in_pm_excess == pytest.approx(((a & pm & gt).sum() / (a & pm).sum()) / p)


def test_attention_equal_to_the_prediction_has_excess_one():
    pm, gt = np.zeros((4, 12, 12), bool), np.zeros((4, 12, 12), bool)
    pm[1:3, 4:8, 2:10] = True
    gt[1:3, 4:8, 6:12] = True
    result = measure(pm.astype(np.float32), pm, gt)
    assert result.q == 1.0
    assert result.excess == pytest.approx(1.0) and result.in_pm_excess == pytest.approx(1.0)


def test_empty_denominators_give_null():
    pm, gt = np.zeros((4, 6, 6), bool), np.zeros((4, 6, 6), bool)
    pm[1, 1:3, 1:3] = True
    attention = np.zeros((4, 6, 6), np.float32)
    nothing_attended = measure(attention, pm, gt)
    assert nothing_attended.q is None and nothing_attended.excess is None and nothing_attended.in_pm_excess is None
    attention[1, 1, 1] = 1.0
    nothing_true = measure(attention, pm, gt)
    assert (nothing_true.p, nothing_true.b, nothing_true.expected) == (0.0, 0.0, 0.0)
    assert nothing_true.excess is None and nothing_true.in_pm_excess is None


def ladder(tubes: int = 12, length: int = 30) -> np.ndarray:
    """Parallel vessels, 3 voxels thick."""
    pm = np.zeros((5, 6 * tubes, length), bool)
    for tube in range(tubes):
        pm[1:4, 6 * tube + 1 : 6 * tube + 4, 1:-1] = True
    return pm


def test_attention_on_the_false_half_of_the_vessels_is_found():
    pm = ladder()
    gt = pm.copy()
    gt[:, pm.shape[1] // 2 :] = False
    attention = np.where(pm & ~gt, np.float32(0.9), np.float32(0.0)).astype(np.float32)
    result = measure(attention, pm, gt, spacing=(1.0, 1.0, 1.0))
    assert result.test.segments >= 24
    assert result.in_pm_excess == 0.0 and result.test.p_value == pytest.approx(0.001)


def test_whole_vessels_attended_at_random_rarely_look_significant():
    pm = ladder()
    random = np.random.default_rng(2)
    p_values = []
    for _ in range(30):
        true, attended = np.zeros_like(pm), np.zeros_like(pm)
        for tube in range(12):
            rows = slice(6 * tube, 6 * tube + 6)
            for start in range(0, 30, 6):
                true[:, rows, start : start + 6] = random.random() < 0.5
                attended[:, rows, start : start + 6] = random.random() < 0.5
        p_values.append(
            measure((attended & pm).astype(np.float32), pm, true & pm, spacing=(1.0, 1.0, 1.0)).test.p_value
        )
    assert np.mean(np.array(p_values) <= 0.05) <= 0.2
    assert 0.25 < np.median(p_values) < 0.75
