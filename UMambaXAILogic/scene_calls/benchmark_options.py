"""The keyword arguments of a benchmark on a scene, and the worker's request they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.benchmark import AXES, BenchmarkRequest
from UMambaXAILogic.engine.benchmark.baseline_names import BASELINE_TITLES
from UMambaXAILogic.engine.benchmark.request import DEFAULT_METHODS
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.request import MethodChoice, Request

from .options import ABOUT_NODES, Options, known_only


@dataclass(frozen=True, kw_only=True)
class BenchmarkOptions:
    """Keyword arguments of ``benchmark`` beside those that it shares with ``segmentAndExplain``.

    Args:
        methods: whose maps are judged: ``NAME`` or ``NAME@POOL``.
        baselines: maps that know nothing of the network: any of ``random``, ``intensity``, ``frangi``, ``prediction``.
        axes: what is found out beside faithfulness and leakage, each of which makes every map again five times:
            ``robustness``, ``sanity``.
        fill: what takes the place of removed voxels: ``shell`` (mean of the tissue around them), ``mean`` (of the
            volume) or ``blur``; the same for every map.
        budget: most forward passes of a method, in multiples of the windows that hold explained voxels.
        seed: of everything that chance decides.
        mapNodes: maps of your own by name: scalar volumes on the volume's grid. Not for a cohort.
    """

    methods: Sequence[str] = DEFAULT_METHODS
    baselines: Sequence[str] = tuple(BASELINE_TITLES)
    axes: Sequence[str] = AXES
    fill: str = "shell"
    budget: int = 50
    seed: int = 0
    mapNodes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("methods", "baselines", "axes"):
            if isinstance(getattr(self, name), str):  # its characters would be taken for names
                value = getattr(self, name)
                raise UsageError(f"{name} is {value!r}, which is not a list.", f"Give a list, such as [{value!r}].")
        if not self.methods:
            raise UsageError("No method was named.", "Name at least one, such as methods=['seg-xres-cam'].")


#: Options of a run that a benchmark has none of, or names in another way.
_NOT_OF_BENCHMARK = (
    *("method", "pool", "otherMethods", "fill", "seed"),
    *("thresholds", "preset", "saveLayerMaps", "badges", "cutoffs"),
)


def benchmark_options_from(given: dict[str, Any], of_cohort: bool = False) -> tuple[BenchmarkOptions, Options]:
    """The options in ``given``: the benchmark's own, and those of the run that it shares.

    Raises:
        UsageError: a name that is none, or a value that cannot be.
    """
    own = [one.name for one in fields(BenchmarkOptions) if not (of_cohort and one.name == "mapNodes")]
    left_out = (*_NOT_OF_BENCHMARK, *(ABOUT_NODES if of_cohort else ()))
    shared = [one.name for one in fields(Options) if one.name not in left_out]
    known_only(given, [*own, *shared])
    benchmark = BenchmarkOptions(**{name: value for name, value in given.items() if name in own})
    first, *others = map(MethodChoice.parse, benchmark.methods)
    rest = {name: value for name, value in given.items() if name in shared}
    return benchmark, Options(method=first.name, pool=first.pool, otherMethods=tuple(map(str, others)), **rest)


def benchmark_request(
    case: Request, options: BenchmarkOptions, maps: Sequence[tuple[str, Path]] = ()
) -> BenchmarkRequest:
    """The worker's request; raises ``UsageError`` for a value that is out of its range."""
    return BenchmarkRequest(
        case=case,
        baselines=tuple(options.baselines),
        maps=tuple(maps),
        axes=tuple(options.axes),
        fill=options.fill,
        budget=options.budget,
        seed=options.seed,
    )
