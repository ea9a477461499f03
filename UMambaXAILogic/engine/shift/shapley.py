"""Exact Shapley values: one fair share for every factor, from the values of all coalitions.

L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II (1953) 307-317. The share of
factor i is its marginal contribution v(S with i) - v(S), averaged over all orders in which factors can join: a
coalition S of s of the n - 1 others has the weight s! (n - 1 - s)! / n!.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def shapley_values(values: Sequence[float] | FloatArray) -> FloatArray:
    """The Shapley values of a game.

    Args:
        values: v of every coalition, shape (2**n,); bit i of the index says whether factor i takes part.

    Returns:
        One share a factor, shape (n,), float64. They sum to v(all) - v(none).

    Raises:
        ValueError: the number of values is no power of two, or a value is not finite.
    """
    game = np.asarray(values, dtype=np.float64)
    players = game.size.bit_length() - 1
    if game.ndim != 1 or game.size != 1 << players:
        raise ValueError(f"{game.shape} values are not those of all coalitions of some number of factors")
    if not np.isfinite(game).all():
        raise ValueError("the value of a coalition is not finite")
    coalitions = np.arange(game.size)
    sizes = np.array([coalition.bit_count() for coalition in range(game.size)])
    by_size = [factorial(size) * factorial(players - 1 - size) / factorial(players) for size in range(players)]
    shares = np.empty(players)
    for player in range(players):
        without = coalitions[coalitions >> player & 1 == 0]
        weights = np.array(by_size)[sizes[without]]
        shares[player] = weights @ (game[without | 1 << player] - game[without])
    return shares
