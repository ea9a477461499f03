"""Stages 1-3 of embedding similarity on the features of prompted slices.

Prototypes are means over all prompted slices: of cells inside the boxes, of all cells of the slices, of cells outside
the boxes; a cell that a box cuts counts by the part inside. Nothing is centred: a slice is seen whole, so that no
window's own mean disturbs the comparison, and the published method's global mean would vanish. e_b is each slice's
own. It lives in the space of the encoder's output: at other depths it is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..attribution.embedding_similarity import attention_of
from ..embedding.box import PromptBox, spatial_weight
from ..embedding.references import Direction, left_out, stage_direction
from ..embedding.similarity import WeightedMeans, unit_product
from ..embedding.stages import Stage
from ..progress import Reporter
from .feature_store import FeatureStore
from .network import EMBEDDING
from .placement import Placement

FloatMap = npt.NDArray[np.float32]


@dataclass
class SamMaps:
    """Maps of all depths on the prompted slices; see ``attribution.method.LayerMaps``.

    Args:
        similarity: depth -> (prompted slices, rows, columns).
        weight: of every pixel by its place in its slice; None: none.
        details: as in metrics.json.
    """

    similarity: dict[str, FloatMap]
    weight: FloatMap | None
    details: Mapping[str, Any]
    explained_windows: int
    forward_passes: int
    backward_passes: int = 0

    @property
    def aliases(self) -> list[str]:
        return list(self.similarity)

    def on_network_grid(self, alias: str) -> FloatMap:
        return attention_of(self.similarity[alias], self.weight)

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
) -> SamMaps:
    """Compare every prompted slice's features with the references of the stage.

    Args:
        store: holds the features.
        depths: names, in forward order.
        boxes, prompts: box and e_b of each prompted slice.
        placement: of the slices.
        stage: components and weights.
        reporter: told the fraction of slices done.

    Raises:
        CancelledError: the user cancelled.
    """
    similarity: dict[str, FloatMap] = {}
    directions: dict[str, Direction] = {}
    total = 2 * len(depths) * len(boxes)
    done = 0
    for depth in depths:
        means = WeightedMeans(("prototype", "global", "outside"))
        for number, box in enumerate(boxes):
            reporter.check_cancelled()
            features = store.read(number, depth)
            inside = placement.coverage(box, features.shape[-1])
            whole = placement.coverage(None, features.shape[-1])
            means.add(features, torch.stack([inside, whole, whole - inside]))
            done += 1
            reporter.progress(done / total)
        references = means.means()
        found = []
        for number, prompt in enumerate(prompts):
            reporter.check_cancelled()
            own = prompt if depth == EMBEDDING else None
            directions[depth] = stage_direction({**references, "prompt": own}, stage)
            found.append(_slice_map(store.read(number, depth), directions[depth].vector, placement))
            done += 1
            reporter.progress(done / total)
        similarity[depth] = np.stack(found)
    weight = None
    if stage.spatial_floor is not None:
        weight = np.stack([spatial_weight(box, placement.shape, stage.spatial_floor) for box in boxes])
    return SamMaps(similarity, weight, {"components_left_out": left_out(directions)}, len(boxes), len(boxes))


def _slice_map(features: torch.Tensor, vector: torch.Tensor | None, placement: Placement) -> FloatMap:
    if vector is None:
        return np.zeros(placement.shape, dtype=np.float32)
    similar = unit_product(features, vector, centred=False)
    return placement.from_frame(similar).numpy()
