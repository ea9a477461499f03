"""What is chosen of a benchmark in the panel, and what it will cost; the defaults are those of the other doors."""

from __future__ import annotations

from dataclasses import dataclass

from UMambaXAILogic.engine.benchmark.baseline_names import BASELINE_TITLES
from UMambaXAILogic.engine.benchmark.request import AXES, DEFAULT_METHODS
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS, MethodFacts

from .checked import checked, kept
from .words import told_apart

METHODS = tuple(METHOD_FACTS)
#: Changed images on the two curves of a map.
_ON_CURVES = 10
#: How often each axis makes every map again.
_AGAIN = 5
_FORWARD_AND_BACKWARD = 2


@dataclass(frozen=True)
class OwnMap:
    """A volume of the scene that is judged as a map.

    Args:
        id, name: of its node.
        problem: why it cannot be judged on the chosen volume, and what to do; empty where it can.
    """

    id: str
    name: str
    problem: str = ""


@dataclass(frozen=True)
class BenchmarkChoices:
    """What is judged, and how.

    Args:
        methods: as ``checked.kept`` keeps them.
        maps: of the user's own, judged beside the methods'.
        budget: most forward passes of a method, in multiples of the windows that hold explained voxels.
        seed: of everything that chance decides.
        robustness, sanity: ask these too; each makes every map again five times.
        fill: ``shell``, ``mean`` or ``blur``.
        folder: where the files are kept; empty: nowhere.
    """

    methods: tuple[str, ...] = ()
    maps: tuple[OwnMap, ...] = ()
    budget: int = 50
    seed: int = 0
    robustness: bool = True
    sanity: bool = True
    fill: str = "shell"
    folder: str = ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the methods."""
        return checked(METHODS, self.methods, DEFAULT_METHODS)

    @property
    def axes(self) -> tuple[str, ...]:
        """What is asked beside faithfulness and leakage."""
        return tuple(axis for axis in AXES if getattr(self, axis))


def named_maps(choices: BenchmarkChoices) -> dict[str, str]:
    """Ids of the maps of the user's own, by names that stand for no other map."""
    taken = (*choices.chosen, *BASELINE_TITLES)
    names = [f"{one.name} (own)" if one.name in taken else one.name for one in choices.maps]
    return dict(zip(told_apart(names), (one.id for one in choices.maps), strict=True))


def kept_methods(names: tuple[str, ...]) -> tuple[str, ...]:
    """What the scene keeps of the methods that are checked."""
    return kept(METHODS, names, DEFAULT_METHODS)


def passes(facts: MethodFacts, budget: int) -> int:
    """How often a method predicts every window with explained voxels, at most: forward and backward passes alike."""
    if "samples" in facts.settings:
        return _FORWARD_AND_BACKWARD * min(facts.defaults.samples, max(1, budget // 3))
    if "max_regions" in facts.settings:
        return min(facts.defaults.max_regions, budget)
    return _FORWARD_AND_BACKWARD


def all_passes(choices: BenchmarkChoices) -> int:
    """The same of a whole benchmark: making the maps, making them again, and both curves of every map."""
    making = sum(passes(METHOD_FACTS[name], choices.budget) for name in choices.chosen)
    maps = len(choices.chosen) + len(choices.maps) + len(BASELINE_TITLES)
    again = _AGAIN * len(choices.axes)
    return making * (1 + again) + again + _ON_CURVES * maps
