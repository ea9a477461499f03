"""Seg-XRes-CAM: gradient pooled in blocks, times activation, summed over channels, ReLU.

Source: Hasany, Petitjean, Meriaudeau, "Seg-XRes-CAM: Explaining spatially local regions in image segmentation",
CVPR workshops 2023. Pool 1 equals Seg-HiRes-CAM.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ..inference.explanation import Explained, explain_stitched
from ..methods.catalogue import METHOD_FACTS
from ..progress import Reporter
from .gradient_cam import block_pooled_map, zero_padded_map
from .method import LayerMaps, MethodSettings
from .per_window import explain_per_window

if TYPE_CHECKING:
    from ..model.layers import Layer


class SegXResCam:
    facts = METHOD_FACTS["seg-xres-cam"]

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> LayerMaps:
        form = zero_padded_map if settings.per_window else block_pooled_map

        def signed_map(_alias: str, activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
            return form(activation, gradient, settings.pool, settings.pool_mode)

        if settings.per_window:
            return explain_per_window(case, layers, signed_map, reporter)
        return explain_stitched(case, layers, signed_map, reporter)
