"""Embedding similarity: how alike each place's features are to those of the prediction, layer by layer, no gradient.

Source: "Visual Semantics Meets Medical Diagnosis: Cross-Scale Embedding Alignment for Clinically Explainable Medical
Image Segmentation" (openreview.net, qElJ8nzvKN), which is about SAM-type networks; how it is read through windows, see
``engine.embedding``. Stage 3 weighs the map by its distance from a box: the box itself makes it look localised, so the
map comes with a control, the same map without that weight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from ..embedding.box import PromptBox, bounding_box, spatial_weight
from ..embedding.class_direction import class_direction
from ..embedding.references import COMPONENT_TEXTS, left_out
from ..embedding.stages import stage_of
from ..embedding.stitching import stitch_similarity
from ..inference.explanation import Explained
from ..methods.catalogue import METHOD_FACTS
from ..progress import Reporter
from .aggregation import unit_range
from .method import MethodSettings

if TYPE_CHECKING:
    from ..model.layers import Layer

FloatMap = npt.NDArray[np.float32]


@dataclass
class SimilarityMaps:
    """Maps of all layers on the network grid; see ``method.LayerMaps``.

    Args:
        similarity: layer -> similarity (z, y, x), of either sign.
        weight: of every voxel by its place, (z, y, x); None: none.
    """

    similarity: Mapping[str, torch.Tensor]
    weight: FloatMap | None
    explained_windows: int
    forward_passes: int
    backward_passes: int
    details: Mapping[str, Any]

    @property
    def aliases(self) -> list[str]:
        """Names of the layers, in forward order."""
        return list(self.similarity)

    def on_network_grid(self, alias: str) -> FloatMap:
        """A layer's similarities above 0, min-max over the volume, times the weight; zero where there are none."""
        return attention_of(self.similarity[alias].numpy(), self.weight)

    def combined(self) -> None:
        """There is no mean of its own: normalised layer maps are averaged."""
        return None

    @property
    def control(self) -> SimilarityMaps | None:
        """See ``method.MapsWithControl``."""
        if self.weight is None:
            return None
        passes = (self.explained_windows, self.forward_passes, self.backward_passes)
        return SimilarityMaps(self.similarity, None, *passes, self.details)


def attention_of(similarity: FloatMap, weight: FloatMap | None) -> FloatMap:
    """ReLU of similarities, min-max over all of them, times a weight of the same shape; zero for a constant map.

    What is less alike than features that have nothing in common (a cosine of 0) is as if it had nothing in common:
    else the least alike place of the volume would decide what every other value means.
    """
    normalised = unit_range(np.maximum(similarity, 0))
    if normalised is None:
        return np.zeros_like(similarity)
    return normalised if weight is None else normalised * weight


class EmbeddingSimilarity:
    facts = METHOD_FACTS["embedding-similarity"]

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> SimilarityMaps:
        """As ``AttributionMethod.explain``.

        Raises:
            UsageError: every weight of stage 3 is 0.
        """
        stage = stage_of(settings)
        box, origin = prompt_box(case, settings.box_margin_mm)
        target = case.score.target
        prompt_of = partial(class_direction, channels=target.channels, sigmoid=target.sigmoid)
        found = stitch_similarity(case, layers, box, stage, prompt_of, reporter)
        lacked = left_out(found.directions)
        for component, lacking in lacked.items():
            reporter.warning(
                "component_left_out",
                f"Embedding similarity has no {COMPONENT_TEXTS[component]} at {', '.join(lacking)}: its weight is "
                "shared out among the others there.",
            )
        details = {"box": origin, "components_left_out": lacked}
        weight = None
        if stage.spatial_floor is not None:
            weight = spatial_weight(box, case.plan.shape, stage.spatial_floor)
        return SimilarityMaps(found.similarity, weight, len(case.plan.windows), found.forward_passes, 0, details)


def prompt_box(case: Explained, margin_mm: float) -> tuple[PromptBox, str]:
    """The box on the network grid, and what it is around: the ``region``, or the explained voxels (``target``).

    Args:
        margin_mm: around the explained voxels, on every side.
    """
    region = case.selection.region
    if region is not None:
        return bounding_box(region[case.plan.valid].numpy()), "region"
    margin = [math.ceil(margin_mm / spacing) for spacing in case.spacing_mm]
    return bounding_box(case.mask[case.plan.valid].numpy(), margin), "target"
