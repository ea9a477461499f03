from __future__ import annotations

import pytest

from UMambaXAILogic.engine.alignment.overlap import Overlap


def test_ratios_of_known_sets():
    found = Overlap(measured=6, reference=4, common=3)
    assert found.dice == found.f1 == pytest.approx(6 / 10)
    assert found.iou == pytest.approx(3 / 7)
    assert found.precision == pytest.approx(3 / 6)
    assert found.recall == pytest.approx(3 / 4)


def test_two_empty_sets_have_no_ratio():
    nothing = Overlap(0, 0, 0)
    assert (nothing.dice, nothing.f1, nothing.iou, nothing.precision, nothing.recall) == (None,) * 5


def test_truth_without_attention_has_f1_zero_and_no_precision():
    missed = Overlap(measured=0, reference=5, common=0)
    assert (missed.f1, missed.iou, missed.recall) == (0.0, 0.0, 0.0)
    assert missed.precision is None


def test_attention_without_truth_has_no_recall():
    invented = Overlap(measured=5, reference=0, common=0)
    assert (invented.f1, invented.iou, invented.precision) == (0.0, 0.0, 0.0)
    assert invented.recall is None


def test_pooling_adds_counts_before_dividing():
    assert (Overlap(1, 1, 1) + Overlap(9, 9, 0)).dice == pytest.approx(0.1)  # the mean of both would be 0.5


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="5 common voxels"):
        Overlap(4, 6, 5)
