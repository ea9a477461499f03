"""The three stages: which vectors features are compared with, and how the comparisons are weighed."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError
from ..methods.settings import MethodSettings


@dataclass(frozen=True)
class Stage:
    """One stage with its weights.

    Args:
        weights: component (see ``references``) -> weight, none of them 0.
        one_vector: the components are mixed into one reference vector (stage 2); else their cosines are added up.
        spatial_floor: what the weight by place falls to far from the box; None without such a weight.
    """

    weights: dict[str, float]
    one_vector: bool = False
    spatial_floor: float | None = None


def stage_of(settings: MethodSettings) -> Stage:
    """The stage that the settings ask for.

    Stage 1: cosine with the prototype. Stage 2: cosine with the prototype and the prompt in one vector. Stage 3: four
    cosines added up, times the spatial weight.

    Raises:
        UsageError: every weight is 0.
    """
    if settings.stage == 1:
        return Stage({"prototype": 1.0})
    if settings.stage == 2:
        mixture = {"prototype": 1.0 - settings.prompt_share, "prompt": settings.prompt_share}
        return Stage(_without_zeros(mixture), one_vector=True)
    weights = {
        "prototype": settings.prototype_weight,
        "prompt": settings.prompt_weight,
        "global": settings.global_weight,
        "outside": settings.outside_weight,
    }
    floor = settings.spatial_floor if settings.spatial_floor < 1 else None
    return Stage(_without_zeros(weights), spatial_floor=floor)


def _without_zeros(weights: dict[str, float]) -> dict[str, float]:
    kept = {name: weight for name, weight in weights.items() if weight != 0}
    if not kept:
        raise UsageError("All weights of stage 3 are 0: there is nothing to compare with.", "Give one another value.")
    return kept
