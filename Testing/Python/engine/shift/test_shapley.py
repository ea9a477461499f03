"""Shapley values against their definition over orders of joining, and the axioms that single them out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from UMambaXAILogic.engine.shift.shapley import shapley_values


def over_orders(game: np.ndarray) -> np.ndarray:
    """The definition: what each factor adds when it joins, averaged over every order."""
    players = int(np.log2(game.size))
    total = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        coalition = 0
        for player in order:
            joined = coalition | 1 << player
            total[player] += game[joined] - game[coalition]
            coalition = joined
    return total / len(orders)


games = st.integers(1, 6).flatmap(lambda n: arrays(np.float64, 2**n, elements=st.floats(-1, 1)))


@settings(deadline=None)
@given(games)
def test_they_are_the_mean_contribution_over_all_orders(game):
    np.testing.assert_allclose(shapley_values(game), over_orders(game), atol=1e-13)


@settings(deadline=None)
@given(games)
def test_efficiency_the_shares_sum_to_the_whole_change(game):
    assert shapley_values(game).sum() == pytest.approx(game[-1] - game[0], abs=1e-12)


@settings(deadline=None)
@given(arrays(np.float64, 32, elements=st.floats(-1, 1)), st.integers(0, 4))
def test_dummy_a_factor_that_changes_nothing_gets_exactly_nothing(game, player):
    coalitions = np.arange(32)
    assert shapley_values(game[coalitions & ~(1 << player)])[player] == 0.0


@settings(deadline=None)
@given(arrays(np.float64, 32, elements=st.floats(-1, 1)))
def test_symmetry_factors_that_do_the_same_get_the_same(game):
    coalitions = np.arange(32)
    first, second = coalitions & 1, coalitions >> 1 & 1
    alike = (coalitions & ~3) | ((first + second) >= 1) | (((first + second) == 2) * 2)  # 01 and 10 share a value
    shares = shapley_values(game[alike])
    assert shares[0] == pytest.approx(shares[1], abs=1e-13)


def test_additive_effects_are_given_back_as_they_are():
    effects = np.array([-0.01, 0.02, -0.05, 0.0, -0.125])
    taking_part = np.arange(32)[:, None] >> np.arange(5) & 1
    np.testing.assert_allclose(shapley_values(0.9 + taking_part @ effects), effects, atol=1e-15)


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [], [[0.0, 1.0]], [0.0, float("nan")]])
def test_what_is_no_game_is_refused(values):
    with pytest.raises(ValueError):
        shapley_values(values)
