"""Fixed bins: cohorts merge by adding counts, and quantiles are good to the width of their bin."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from UMambaXAILogic.engine.domain import BINS, DIAMETER, HOUNSFIELD, SIGNED_OCTAVES, Histogram
from UMambaXAILogic.engine.errors import InputError

ranges = {"hounsfield-1": (-1000, 3000), "signed-octaves-1": (-1e6, 1e6), "diameter-1": (0, 59.9)}


def values_in(bins, min_size=1):
    low, high = ranges[bins.name]
    return arrays(float, st.integers(min_size, 60), elements=st.floats(low, high, allow_nan=False))


@pytest.mark.parametrize("bins", BINS.values(), ids=lambda bins: bins.name)
def test_edges_ascend_and_every_value_has_one_bin(bins):
    assert (bins.widths > 0).all()
    middles = (bins.edges[:-1] + bins.edges[1:]) / 2
    for values in (bins.edges[:-1], middles):
        assert (Histogram.of(values, bins).counts == 1).all()


def test_whole_ct_numbers_lie_in_the_middle_of_their_bin():
    middles = (HOUNSFIELD.edges[:-1] + HOUNSFIELD.edges[1:]) / 2
    tissue = middles[(middles >= -200) & (middles <= 599)]
    np.testing.assert_array_equal(tissue, np.arange(-200, 600))
    assert HOUNSFIELD.edges[0] == -1024.5 and HOUNSFIELD.edges[-1] > 3071


def test_octave_bins_are_as_fine_as_the_value_asks_for():
    for value in (0.001, 0.5, 7.0, 300.0, 60_000.0):
        for signed in (value, -value):
            assert SIGNED_OCTAVES.width_at(signed) <= value / 31
    whole = np.arange(-64, 65)
    assert (Histogram.of(whole, SIGNED_OCTAVES).counts <= 1).all()


@pytest.mark.parametrize("bins", BINS.values(), ids=lambda bins: bins.name)
@given(data=st.data())
def test_merging_is_counting_together(bins, data):
    parts = data.draw(st.lists(values_in(bins, min_size=0), min_size=1, max_size=4))
    merged = Histogram.merged(Histogram.of(part, bins) for part in parts)
    together = Histogram.of(np.concatenate(parts), bins)
    np.testing.assert_array_equal(merged.counts, together.counts)
    assert (merged.minimum, merged.maximum) == (together.minimum, together.maximum)
    assert merged.total == sum(part.size for part in parts)


@pytest.mark.parametrize("bins", BINS.values(), ids=lambda bins: bins.name)
@given(data=st.data(), share=st.floats(0, 1))
def test_quantiles_are_good_to_the_width_of_their_bin(bins, data, share):
    values = np.sort(data.draw(values_in(bins)))
    found = Histogram.of(values, bins).quantile(share)
    # Any definition of the quantile lies between these two order statistics.
    low = values[max(0, int(np.ceil(share * values.size)) - 1)]
    high = values[min(values.size - 1, int(np.floor(share * values.size)))]
    assert low - bins.width_at(low) <= found <= high + bins.width_at(high)


@pytest.mark.parametrize("bins", BINS.values(), ids=lambda bins: bins.name)
@given(data=st.data())
def test_json_gives_the_histogram_back(bins, data):
    histogram = Histogram.of(data.draw(values_in(bins, min_size=0)), bins)
    back = Histogram.from_json(json.loads(json.dumps(histogram.to_json(), allow_nan=False)))
    np.testing.assert_array_equal(back.counts, histogram.counts)
    assert replace(back, counts=histogram.counts) == histogram


def test_what_lies_beyond_all_bins_is_counted():
    histogram = Histogram.of([-3024.0, -1025.0, 0.0, 5000.0], HOUNSFIELD)
    assert (histogram.below, histogram.above, histogram.total) == (2, 1, 4)
    assert histogram.quantile(0) == -3024 and histogram.quantile(1) == 5000
    assert -3024 < histogram.quantile(0.25) < -1024


def test_within_a_window_only_its_bins_are_left():
    histogram = Histogram.of([-500.0, 0.0, 40.0, 80.0, 81.0, 300.0], HOUNSFIELD).within(0, 80)
    assert histogram.total == 3 and histogram.quantile(0.5) == pytest.approx(40, abs=0.5)
    assert Histogram.of([500.0], HOUNSFIELD).within(0, 80).quantile(0.5) is None


def test_nothing_has_no_quantile_and_no_distribution():
    assert Histogram.empty(DIAMETER).quantile(0.5) is None
    with pytest.raises(ValueError, match="no distribution"):
        Histogram.empty(DIAMETER).distribution()


def test_other_bins_do_not_merge():
    with pytest.raises(ValueError, match="do not merge"):
        Histogram.merged([Histogram.empty(DIAMETER), Histogram.empty(HOUNSFIELD)])


@pytest.mark.parametrize(
    "change, said",
    [
        ({"bins": "hounsfield-9"}, "'hounsfield-9' are not known"),
        ({"first": 1057}, "do not fit"),
        ({"first": -1}, "do not fit"),
        ({"counts": [1, -2]}, "do not fit"),
    ],
)
def test_counts_that_cannot_be_are_refused(change, said):
    body = Histogram.of([0.0, 5.0], HOUNSFIELD).to_json() | change
    with pytest.raises(InputError, match=said):
        Histogram.from_json(body)
