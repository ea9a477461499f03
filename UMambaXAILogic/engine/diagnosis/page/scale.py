"""One axis of a chart: which values it spans and where its ticks are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ...page.chart import round_step


@dataclass(frozen=True)
class Scale:
    """Values along an axis; what lies beyond an end is drawn at that end.

    Args:
        low: value at the left or lower end.
        high: value at the other end, larger than ``low``.
        ticks: (value, label), within the ends.
        is_log: distances are ratios; ``low`` is then larger than 0.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 to 1."""
        low, high = self.low, self.high
        value = min(max(value, low), high)
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)


def linear_scale(values: Iterable[float], most_ticks: int = 6, from_zero: bool = False) -> Scale:
    """A scale with round ends around all values.

    Args:
        values: finite, at least one.
        most_ticks: how many steps at most.
        from_zero: 0 belongs to the axis, as it must where lengths or areas are compared.
    """
    known = list(values)
    low, high = min(known), max(known)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        pad = abs(low) / 2 or 0.5
        low, high = (low, high + pad) if from_zero and low == 0 else (low - pad, high + pad)
    step = round_step(high - low, most_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Scale(first * step, last * step, tuple(_tick(number, step) for number in range(first, last + 1)))


def fixed_scale(low: float, high: float, step: float) -> Scale:
    """A scale with given ends, both multiples of ``step``."""
    return Scale(low, high, tuple(_tick(number, step) for number in range(round(low / step), round(high / step) + 1)))


def log_scale(values: Iterable[float]) -> Scale:
    """A scale over whole powers of ten around all values, which are larger than 0."""
    known = list(values)
    first, last = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    last = max(last, first + 1)
    return Scale(10.0**first, 10.0**last, tuple((10.0**n, f"{10.0**n:g}") for n in range(first, last + 1)), True)


def named_scale(names: Sequence[str]) -> Scale:
    """Places 0, 1, ... with a name each."""
    return Scale(-0.5, len(names) - 0.5, tuple((float(index), name) for index, name in enumerate(names)))


def _tick(number: int, step: float) -> tuple[float, str]:
    decimals = max(0, -int(Decimal(f"{step:.6g}").normalize().as_tuple().exponent))
    return number * step, f"{number * step:.{decimals}f}"
