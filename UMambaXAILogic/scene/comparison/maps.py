"""The two maps that are compared, and what has to be true of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from UMambaXAILogic.engine.errors import InputError, UsageError

from ..grid import Grid, local_grid, parent_to_world, same_grid
from ..label_export import ALL_SEGMENTS, segments_on_grid
from ..result_view.layers import available_layers, layer_map
from ..result_view.nodes import ATTENTION, SEGMENTATION, TRUTH, VOLUME, ResultNodes
from ..result_view.state import MEAN
from ..result_view.target import target_segments
from .agreement import Mask


@dataclass(frozen=True)
class MapChoice:
    """One map of a result.

    Args:
        nodes: the result's.
        layer: ``mean`` or a layer's alias.
    """

    nodes: ResultNodes
    layer: str = MEAN

    @property
    def map(self) -> Any:
        """The attention volume. Raises as ``layer_map``."""
        return layer_map(self.nodes, self.layer)

    @property
    def name(self) -> str:
        """Model and method, and the layer unless it is the mean."""
        return self.nodes.run_name if self.layer == MEAN else f"{self.nodes.run_name}, {self.layer}"


def map_choices(nodes: ResultNodes) -> list[MapChoice]:
    """All maps of a result; none where nothing was explained."""
    if nodes.get(ATTENTION) is None:
        return []
    return [MapChoice(nodes, layer) for layer in available_layers(nodes)]


def check_comparable(first: MapChoice, second: MapChoice) -> None:
    """Raise where two maps are not two maps of one volume.

    Raises:
        UsageError: it is the same map twice, or a result has no map of that layer.
        InputError: nothing was explained, or the maps belong to different volumes.
    """
    for choice in (first, second):
        if choice.nodes.get(ATTENTION) is None:
            raise InputError(
                f"'{choice.nodes.run_name}' has no attention map: nothing was explained.", "Choose another result."
            )
        if choice.layer not in available_layers(choice.nodes):
            raise UsageError(
                f"'{choice.nodes.run_name}' has no map of the layer {choice.layer!r}.",
                f"It has: {', '.join(available_layers(choice.nodes))}.",
            )
    if first.nodes.record is second.nodes.record and first.layer == second.layer:
        raise UsageError(f"'{first.name}' is compared with itself.", "Choose another result or layer for B.")
    volumes = [choice.nodes.needed(VOLUME) for choice in (first, second)]
    if volumes[0] is not volumes[1]:
        raise InputError(
            f"The maps belong to different volumes: '{volumes[0].GetName()}' and '{volumes[1].GetName()}'.",
            "Choose two results of the same volume: maps are compared voxel by voxel.",
        )


def check_same_grid(first: MapChoice, second: MapChoice) -> None:
    """Raise ``InputError`` where two maps do not lie voxel on voxel: somebody changed one of them."""
    if not same_grid(local_grid(first.map), local_grid(second.map)):
        raise InputError(
            f"'{first.map.GetName()}' and '{second.map.GetName()}' lie on different grids.",
            "Run Segment & Explain again: a map was changed meanwhile.",
        )


def predicted(first: MapChoice, second: MapChoice) -> Mask:
    """Voxels (k, j, i) that either result predicted as its target."""
    grid = _world_grid(first)
    mask = np.zeros(grid.size[::-1], dtype=bool)
    for nodes in {choice.nodes.record.GetID(): choice.nodes for choice in (first, second)}.values():
        targets = target_segments(nodes)
        if targets:
            mask |= segments_on_grid(nodes.needed(SEGMENTATION), targets, grid, "prediction") > 0
    return mask


def true(first: MapChoice, second: MapChoice) -> Mask | None:
    """Voxels (k, j, i) of the ground truth of A, or else of B; None where neither has one."""
    for choice in (first, second):
        node = choice.nodes.get(TRUTH)
        if node is not None:
            return segments_on_grid(node, ALL_SEGMENTS, _world_grid(first), "ground truth") > 0
    return None


def _world_grid(choice: MapChoice) -> Grid:
    node = choice.map
    return local_grid(node).moved(parent_to_world(node))
