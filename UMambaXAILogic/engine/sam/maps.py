"""Stages 1-3 of embedding similarity on the features of prompted slices.

Prototypes are means over all prompted slices: of cells inside the boxes, of all cells of the slices, of cells outside
the boxes; a cell that a box cuts counts by the part inside. Nothing is centred: a slice is seen whole, so that no
window's own mean disturbs the comparison, and the published method's global mean would vanish. e_b is each slice's
own. It lives in the space of the encoder's output: at other depths it is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..attribution.embedding_similarity import attention_of
from ..embedding.box import PromptBox, spatial_weight
from ..embedding.references import Direction, left_out, stage_direction
from ..embedding.similarity import WeightedMeans, unit_product, weighted_sums
from ..embedding.stages import Stage
from ..memory_plan.run_memory import RunMemory
from ..progress import Reporter
from .feature_store import FeatureStore
from .network import EMBEDDING
from .placement import Placement

FloatMap = npt.NDArray[np.float32]


@dataclass
class SamMaps:
    """Maps of all depths on the prompted slices; see ``attribution.method.LayerMaps``.

    Args:
        similarity: depth -> (prompted slices, rows, columns), perhaps over a file that is mapped into memory.
        weight: of every pixel by its place in its slice; None: none.
        details: as in metrics.json.
    """

    similarity: dict[str, torch.Tensor]
    weight: FloatMap | None
    details: Mapping[str, Any]
    explained_windows: int
    forward_passes: int
    backward_passes: int = 0

    @property
    def aliases(self) -> list[str]:
        return list(self.similarity)

    def on_network_grid(self, alias: str) -> FloatMap:
        return attention_of(self.similarity[alias].numpy(), self.weight)

    def combined(self) -> None:
        return None

    @property
    def control(self) -> SamMaps | None:
        """The same maps without the weight by place; None where they have none."""
        if self.weight is None:
            return None
        return SamMaps(self.similarity, None, self.details, self.explained_windows, self.forward_passes)


def similarity_maps(
    store: FeatureStore,
    depths: Sequence[str],
    boxes: Sequence[PromptBox],
    prompts: Sequence[torch.Tensor],
    placement: Placement,
    stage: Stage,
    reporter: Reporter,
    memory: RunMemory,
) -> SamMaps:
    """Compare every prompted slice's features with the references of the stage.

    Args:
        store: holds the features.
        depths: names, in forward order.
        boxes, prompts: box and e_b of each prompted slice.
        placement: of the slices.
        stage: components and weights.
        reporter: told the fraction of slices done; warned where memory runs out.
        memory: where maps lie.

    Raises:
        MemoryExhaustedError: memory ran out, and nothing was left to save.
        CancelledError: the user cancelled.
    """
    similarity: dict[str, torch.Tensor] = {}
    directions: dict[str, Direction] = {}
    fitting = partial(memory.until_it_fits, reporter=reporter)
    total = 2 * len(depths) * len(boxes)
    done = 0
    for depth in depths:
        means = WeightedMeans(("prototype", "global", "outside"))
        for number, box in enumerate(boxes):
            reporter.check_cancelled()
            means.add(*fitting(partial(_sums, store, number, depth, box, placement)))
            done += 1
            reporter.progress(done / total)
        references = means.means()
        found = memory.accumulator((len(boxes), *placement.shape), torch.float32, memory.maps)
        for number, prompt in enumerate(prompts):
            reporter.check_cancelled()
            own = prompt if depth == EMBEDDING else None
            directions[depth] = stage_direction({**references, "prompt": own}, stage)
            vector = directions[depth].vector
            if vector is not None:
                similar = fitting(partial(_slice_map, store, number, depth, vector, placement))
                found.tensor[number] = similar
            done += 1
            reporter.progress(done / total)
        similarity[depth] = memory.settled(found)
    weight = None
    if stage.spatial_floor is not None:
        weight = np.stack([spatial_weight(box, placement.shape, stage.spatial_floor) for box in boxes])
    return SamMaps(similarity, weight, {"components_left_out": left_out(directions)}, len(boxes), len(boxes))


def _sums(
    store: FeatureStore, number: int, depth: str, box: PromptBox, placement: Placement
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of a slice's features, over the regions of prototypes."""
    features = store.read(number, depth)
    inside = placement.coverage(box, features.shape[-1])
    whole = placement.coverage(None, features.shape[-1])
    return weighted_sums(features, torch.stack([inside, whole, whole - inside]))


def _slice_map(
    store: FeatureStore, number: int, depth: str, vector: torch.Tensor, placement: Placement
) -> torch.Tensor:
    return placement.from_frame(unit_product(store.read(number, depth), vector, centred=False))
