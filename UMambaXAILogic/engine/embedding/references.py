"""The vectors that features are compared with, and the one direction that a stage's comparisons come down to.

Components (keys of ``COMPONENT_TEXTS``): the prototype p, mean feature of what is explained; the prompt e_b (class
direction of a decoder stage's head, or box-corner embedding of a SAM); the global mean; the mean outside the box. All
are of unit length before they are weighed, so that weights mean the same whatever the scale of features and prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from .stages import Stage

#: Component -> what it is.
COMPONENT_TEXTS = {
    "prototype": "mean feature of what is explained",
    "prompt": "prompt vector",
    "global": "mean feature of the volume",
    "outside": "mean feature outside the box",
}


@dataclass(frozen=True)
class Direction:
    """What unit-length features are multiplied with.

    Args:
        vector: (channels,) float64; None where nothing is left to compare with.
        weights: of the components that took part, after those of missing ones were shared out.
        missing: components the stage has and that are not there.
    """

    vector: torch.Tensor | None
    weights: dict[str, float]
    missing: tuple[str, ...]


def stage_direction(references: Mapping[str, torch.Tensor | None], stage: Stage) -> Direction:
    """The vector v with map(u) = v . f(u) / |f(u)|.

    With components in one vector: the cosine with their weighted sum. Else the weighted sum of their cosines, which is
    the product with the weighted sum of unit vectors. The weight of a component that is missing, or of length
    0, is shared out over the others in proportion to the size of theirs.

    Args:
        references: component -> (channels,) vector, or None; components that are left out are missing.
        stage: components and weights.
    """
    wanted = stage.weights
    units = {name: _unit(references.get(name)) for name in wanted}
    present = {name: vector for name, vector in units.items() if vector is not None}
    missing = tuple(name for name in wanted if name not in present)
    if not present:
        return Direction(None, {}, missing)
    total = sum(abs(weight) for weight in wanted.values())
    kept = sum(abs(wanted[name]) for name in present)
    weights = {name: wanted[name] * total / kept for name in present}
    vector = torch.stack([weights[name] * present[name] for name in present]).sum(dim=0)
    return Direction(_unit(vector) if stage.one_vector else vector, weights, missing)


def left_out(directions: Mapping[str, Direction]) -> dict[str, list[str]]:
    """Component -> the layers that lack it; empty where none is lacking."""
    found: dict[str, list[str]] = {}
    for layer, direction in directions.items():
        for component in direction.missing:
            found.setdefault(component, []).append(layer)
    return found


def _unit(vector: torch.Tensor | None) -> torch.Tensor | None:
    if vector is None:
        return None
    vector = vector.double()
    length = vector.norm()
    return vector / length if length > 0 else None
