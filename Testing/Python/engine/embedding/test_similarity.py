from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.embedding.similarity import WeightedMeans, centre, unit_product, weighted_sums


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**20), channels=st.integers(2, 9), shape=st.sampled_from([(5,), (4, 3), (2, 3, 4)]))
def test_cosines_are_those_of_numpy(seed, channels, shape):
    random = np.random.default_rng(seed)
    features, vector = random.normal(3, 1, (channels, *shape)), random.normal(0, 1, channels)
    vector /= np.linalg.norm(vector)
    for centred in (True, False):
        flat = features.reshape(channels, -1)
        flat = flat - flat.mean(axis=1, keepdims=True) if centred else flat
        expected = vector @ flat / np.linalg.norm(flat, axis=0)
        found = unit_product(torch.from_numpy(features), torch.from_numpy(vector), centred=centred)
        assert np.allclose(found.numpy().ravel(), expected, atol=1e-9)
    assert torch.allclose(centre(torch.from_numpy(features)).flatten(1).mean(1), torch.zeros(channels).double())


def test_a_constant_window_is_like_nothing_although_rounding_makes_it_look_varied():
    features = torch.full((6, 4, 4, 4), 7.3) * (1 + 1e-7 * torch.randn(6, 4, 4, 4))
    assert features.std() > 0 and not unit_product(features, torch.ones(6), centred=True).any()
    assert not unit_product(torch.zeros(3, 4), torch.ones(3), centred=False).any()


def test_means_are_weighted_and_come_in_parts():
    random = np.random.default_rng(1)
    blocks = [(random.normal(size=(4, 3, 5)), random.random((2, 3, 5))) for _ in range(3)]
    means = WeightedMeans(("a", "b"))
    for features, weights in blocks:
        means.add(*weighted_sums(torch.from_numpy(features), torch.from_numpy(weights)))
    for number, name in enumerate("ab"):
        expected = np.average(
            np.concatenate([features.reshape(4, -1) for features, _ in blocks], axis=1),
            axis=1,
            weights=np.concatenate([weights[number].ravel() for _, weights in blocks]),
        )
        assert np.allclose(means.means()[name], expected)


def test_a_region_without_weight_has_no_mean():
    means = WeightedMeans(("some", "none"))
    assert means.means() == {"some": None, "none": None}
    means.add(*weighted_sums(torch.ones(2, 3), torch.tensor([[1.0, 0, 0], [0, 0, 0]])))
    assert means.means()["none"] is None and means.means()["some"].tolist() == [1, 1]
