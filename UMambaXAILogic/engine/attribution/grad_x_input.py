"""Gradient x activation at the network's input: voxel by voxel, how much S would lose, to first order, at intensity 0.

0 is what nnU-Net's normalisation makes of a mean: that of the image (MR), or of the training set's foreground (CT), in
which case the product is near 0 in vessels whatever the gradient, and the user is told. Source of the product:
Shrikumar, Greenside, Shcherbina, Kundaje, "Not just a black box: learning important features through propagating
activation differences", arXiv:1605.01713.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..inference.explanation import Explained, StitchedMaps, explain_stitched
from ..methods.catalogue import METHOD_FACTS
from ..model.layers import Layer
from ..progress import Reporter
from .gradient_cam import block_pooled_map
from .method import MethodSettings

#: In the place of a layer's name.
INPUT = "input"
#: Below this share of the volume's standard deviation a mean intensity counts as 0.
_NEAR_ZERO = 0.5


class GradTimesInput:
    facts = METHOD_FACTS["grad-x-input"]

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> StitchedMaps:
        """As ``AttributionMethod.explain``; neither layers nor settings matter."""
        inside = case.data[:, case.mask].mean(dim=1).abs()
        if bool((inside < _NEAR_ZERO * case.data.flatten(1).std(dim=1)).all()):
            reporter.warning(
                "input_near_zero",
                "After normalisation the explained voxels' intensity is near 0 on average, and gradient x input "
                "compares with 0: its map is weak there by construction. Interventions do not have this limit.",
            )

        def signed_map(_alias: str, activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
            return block_pooled_map(activation, gradient, window=1, mode="max")

        return explain_stitched(case, [Layer(INPUT, case.model.network)], signed_map, reporter)
