"""Seg-Grad-CAM: activation weighted by the spatial mean of its gradient, summed over channels, ReLU.

Source: Vinogradova, Dibrov, Myers, "Towards interpretable semantic segmentation via gradient-weighted class activation
mapping", AAAI 2020. Just before an InstanceNorm the spatial mean of the gradient vanishes but for what the convolution
between them sees of the volume's border (a few percent of the mean magnitude), because the norm is blind to a constant
added to a channel. The map there says little, and the user is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ..inference.explanation import Explained, explain_stitched
from ..methods.catalogue import METHOD_FACTS
from ..progress import Reporter
from .gradient_cam import mean_gradient_map
from .method import LayerMaps, MethodSettings
from .per_window import explain_per_window

if TYPE_CHECKING:
    from ..model.layers import Layer


class SegGradCam:
    facts = METHOD_FACTS["seg-grad-cam"]

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> LayerMaps:
        for layer in layers:
            if layer.before_instance_norm:
                reporter.warning(
                    "seg_grad_cam_degenerate",
                    f"Seg-Grad-CAM is hardly meaningful at {layer.alias}: the layer feeds a normalisation blind "
                    "to a channel's mean, so that only borders give the channels their weights. Use Seg-XRes-CAM, or "
                    "other layers.",
                )

        def signed_map(_alias: str, activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
            return mean_gradient_map(activation, gradient)

        if settings.per_window:
            return explain_per_window(case, layers, signed_map, reporter)
        return explain_stitched(case, layers, signed_map, reporter)
