"""Elementary functions of sixteen lanes: polynomials in float32, the C library lane by lane in float64.

The float32 coefficients interpolate at Chebyshev nodes; their own relative errors (2e-8, 8e-9) are below rounding.
"""

from __future__ import annotations

import math

from numba import types
from numba.extending import overload

from .compilation import part
from .lanes import (
    LANES,
    LanesType,
    at_least,
    at_most,
    broadcast,
    extract,
    insert,
    multiply_add,
    power_of_two,
    where_negative,
)

LOG2_E = 1.4426950408889634
LN_2 = 0.6931471805599453
_LN2_HIGH = 0.693359375  # few bits, so that k * _LN2_HIGH is exact
_LN2_LOW = -2.12194440054690583e-4
_ROUND = 12582912.0  # 1.5 * 2^23: adding it leaves a float32 rounded to an integer in the low mantissa bits


def exp2_minus_one(rate, step, bound):
    """2^(rate step) - 1 for lanes ``rate`` and a number ``step``, without cancellation near 0.

    The less there can be to do, the faster it is: ``bound`` is a number that no magnitude of the exponents exceeds.
    2^x saturates at 2^-126 and 2^127.
    """


def exp_of_negative(x):
    """e^x for x <= 0; saturates at 2^-126."""


def log1p_unit(w):
    """log(1 + w) for w in [0, 1]."""


@part
def _fraction_polynomial(f):
    """2^f - 1 for f in [-1/2, 1/2]."""
    p = broadcast(0.00015453163359779865, f)
    p = multiply_add(p, f, broadcast(0.0013390863314270973, f))
    p = multiply_add(p, f, broadcast(0.009618083015084267, f))
    p = multiply_add(p, f, broadcast(0.055503569543361664, f))
    p = multiply_add(p, f, broadcast(0.24022650718688965, f))
    p = multiply_add(p, f, broadcast(0.6931471824645996, f))
    return p * f


@overload(exp2_minus_one)
def _exp2_minus_one(rate, step, bound):
    if not isinstance(rate, LanesType):
        return None
    if rate.element == types.float32:

        def single(rate, step, bound):
            step = broadcast(step, rate)
            if bound <= 0.5:
                return _fraction_polynomial(rate * step)
            if bound <= 126:
                shifted = multiply_add(rate, step, broadcast(_ROUND, rate))
                p = _fraction_polynomial(multiply_add(rate, step, _ROUND - shifted))
            else:
                x = at_most(at_least(rate * step, broadcast(-126.0, rate)), broadcast(127.0, rate))
                shifted = x + _ROUND
                p = _fraction_polynomial(x - (shifted - _ROUND))
            scale = power_of_two(shifted)
            return multiply_add(p, scale, scale - 1.0)

        return single

    def double(rate, step, bound):
        for lane in range(LANES):
            rate = insert(rate, lane, math.expm1(extract(rate, lane) * step * LN_2))
        return rate

    return double


@overload(exp_of_negative)
def _exp_of_negative(x):
    if not isinstance(x, LanesType):
        return None
    if x.element == types.float32:

        def single(x):
            x = at_least(x, broadcast(-87.3, x))
            shifted = x * LOG2_E + _ROUND
            k = shifted - _ROUND
            remainder = multiply_add(k, broadcast(-_LN2_LOW, x), multiply_add(k, broadcast(-_LN2_HIGH, x), x))
            scale = power_of_two(shifted)
            return multiply_add(_fraction_polynomial(remainder * LOG2_E), scale, scale)

        return single

    def double(x):
        for lane in range(LANES):
            x = insert(x, lane, math.exp(extract(x, lane)))
        return x

    return double


@overload(log1p_unit)
def _log1p_unit(w):
    if not isinstance(w, LanesType):
        return None
    if w.element == types.float32:

        def single(w):  # 2 artanh(s), s = w / (2 + w)
            s = w / (w + 2.0)
            q = s * s
            p = broadcast(0.28157779574394226, w)
            p = multiply_add(p, q, broadcast(0.27965158224105835, w))
            p = multiply_add(p, q, broadcast(0.4002459645271301, w))
            p = multiply_add(p, q, broadcast(0.6666632294654846, w))
            return s * multiply_add(p, q, broadcast(2.0, w))

        return single

    def double(w):
        for lane in range(LANES):
            w = insert(w, lane, math.log1p(extract(w, lane)))
        return w

    return double


@part
def sigmoid(x):
    """1 / (1 + e^-x), accurate in both tails."""
    w = exp_of_negative(where_negative(x, x, 0.0 - x))
    return where_negative(x, w, broadcast(1.0, x)) / (w + 1.0)


@part
def softplus(x):
    """log(1 + e^x)."""
    w = exp_of_negative(where_negative(x, x, 0.0 - x))
    return where_negative(x, broadcast(0.0, x), x) + log1p_unit(w)
