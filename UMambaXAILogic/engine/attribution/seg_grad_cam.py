"""Seg-Grad-CAM: activation weighted by the spatial mean of its gradient, summed over channels, ReLU.

Source: Vinogradova, Dibrov, Myers, "Towards interpretable semantic segmentation via gradient-weighted class activation
mapping", AAAI 2020. Just before an InstanceNorm the spatial mean of the gradient vanishes, because the norm is blind
to a constant added to a channel: the map there is rounding noise, and the user is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ..inference.explanation import Explained, explain_stitched
from ..progress import Reporter
from .gradient_cam import mean_gradient_map
from .method import LayerMaps, MethodFacts, MethodSettings
from .per_window import explain_per_window

if TYPE_CHECKING:
    from ..model.layers import Layer

#: |mean of the gradient| / mean of |gradient| below which a channel's weight is taken for rounding noise.
DEGENERATE_RATIO = 1e-4


class SegGradCam:
    facts = MethodFacts("seg-grad-cam", "Seg-Grad-CAM")

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> LayerMaps:
        if settings.per_window:
            return explain_per_window(case, layers, _DegeneracyProbe(), reporter)
        probe = _DegeneracyProbe()
        maps = explain_stitched(case, layers, probe, reporter)
        for alias, ratio in probe.ratios(maps.aliases).items():
            if ratio < DEGENERATE_RATIO:
                reporter.warning(
                    "seg_grad_cam_degenerate",
                    f"Seg-Grad-CAM is not meaningful at {alias}: the layer feeds a normalisation that cancels the mean "
                    f"gradient (|mean| / mean|.| = {ratio:.1e}). Use Seg-XRes-CAM, or other layers.",
                )
        return maps


class _DegeneracyProbe:
    """The map itself, and how much of the gradient its spatial mean is, per layer."""

    def __init__(self) -> None:
        self._sums: dict[str, list[float]] = {}

    def __call__(self, alias: str, activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        sums = self._sums.setdefault(alias, [0.0, 0.0])
        sums[0] += float(gradient.flatten(1).mean(dim=1).abs().sum())
        sums[1] += float(gradient.flatten(1).abs().mean(dim=1).sum())
        return mean_gradient_map(activation, gradient)

    def ratios(self, aliases: list[str]) -> dict[str, float]:
        return {alias: s[0] / s[1] for alias in aliases if (s := self._sums.get(alias)) and s[1] > 0}
