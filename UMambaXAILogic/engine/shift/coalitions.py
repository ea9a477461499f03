"""All coalitions of the factors, each a volume; what two of them share is computed once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from .factor import CaseAnchors, Factor
from .intervention import Intervened

#: Which factors take part: bit i for the factor at place i of the order.
Coalition = int
NONE: Coalition = 0


def coalition_name(coalition: Coalition, keys: Sequence[str]) -> str:
    """Such as ``blur+noise``; ``none`` for the empty one."""
    return "+".join(key for place, key in enumerate(keys) if coalition >> place & 1) or "none"


def acting_factors(case: Intervened, factors: Sequence[Factor], anchors: CaseAnchors) -> Coalition:
    """The factors that change something on this case, as a coalition.

    Coalitions that differ only in others are the same volume. No factor begins to act by what an earlier one did: a
    crop leaves fewer slices, and fewer slices of the same spacing are resampled to a new number at most as often.
    """
    geometry = case.volume.geometry
    return sum(1 << place for place, factor in enumerate(factors) if factor.acts_on(geometry, anchors))


def intervened_volumes(
    case: Intervened, factors: Sequence[Factor], anchors: CaseAnchors, wanted: Collection[Coalition]
) -> Iterator[tuple[Coalition, Intervened]]:
    """The volumes of the wanted coalitions, ``none`` first.

    Factors are applied in the order given. Coalitions that begin alike share the volume of that beginning; at most one
    volume a factor is held beside the case itself, and none that no wanted coalition needs is computed.

    Args:
        case: before any intervention.
        factors: in their fixed order.
        anchors: of the case.
        wanted: coalitions.
    """

    def walk(state: Intervened, coalition: Coalition, place: int) -> Iterator[tuple[Coalition, Intervened]]:
        if coalition in wanted:
            yield coalition, state
        for later in range(place, len(factors)):
            joined = coalition | 1 << later
            up_to_here = (1 << later + 1) - 1
            if any(other & up_to_here == joined for other in wanted):
                yield from walk(state.after(factors[later], anchors), joined, later + 1)

    yield from walk(case, NONE, 0)
