"""Dual-evidence attribution: gradient and intervention, with more weight where they agree.

Idea: "DEA", arXiv 2603.22624: element-wise gradient x activation, fused with what S loses when regions are filled, so
that agreement counts more and causal support stays where gradients are unstable. The formula was not available; this
one is our own, with G and I in [0, 1]:

    a = min(G, I) / (max(G, I) + 1e-6)                      agreement
    D = (1 + w a) (a (G + I) / 2 + (1 - a) I),  w = 1       G = 0 gives I; I = 0 gives 0; G = I gives (1 + w) G
    DEA = D / max D
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..inference.explanation import Explained
from ..intervention import gather_evidence
from ..methods.catalogue import METHOD_FACTS
from ..progress import PartOfStage, Reporter
from .grad_x_input import INPUT, GradTimesInput
from .method import MethodSettings
from .volume_maps import FloatMap, VolumeMaps

if TYPE_CHECKING:
    from ..model.layers import Layer

#: w: how much more a place counts where both kinds of evidence are equal.
AGREEMENT_WEIGHT = 1.0
_EPSILON = 1e-6
#: Share of the progress bar of the gradient: a few passes for each window, against several for each region.
_GRADIENT_SHARE = 0.1

#: Names of the two kinds of evidence, which stand in the place of layers.
GRADIENT, INTERVENTION = "gradient", "intervention"


class DualEvidence:
    facts = METHOD_FACTS["dea"]

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> VolumeMaps:
        """As ``AttributionMethod.explain``; layers do not matter. Its maps are the two kinds of evidence."""
        first = GradTimesInput().explain(case, layers, settings, PartOfStage(reporter, 0, _GRADIENT_SHARE))
        gradient = first.on_network_grid(INPUT)
        evidence = gather_evidence(case, settings, PartOfStage(reporter, _GRADIENT_SHARE, 1 - _GRADIENT_SHARE))
        intervention = evidence.on_network_grid()
        if not intervention.any():
            reporter.warning(
                "no_evidence",
                "No region that was filled lowers the score: there is no causal evidence, and the map is zero.",
            )
        return VolumeMaps(
            {GRADIENT: gradient, INTERVENTION: intervention},
            first.explained_windows,
            first.forward_passes + evidence.forward_passes,
            first.backward_passes,
            evidence.details,
            own=of_greatest(fuse(of_greatest(gradient), of_greatest(intervention))),
        )


def fuse(gradient: FloatMap, intervention: FloatMap, weight: float = AGREEMENT_WEIGHT) -> FloatMap:
    """D of the module's text, before it is divided by its greatest value.

    Args:
        gradient, intervention: G and I, in [0, 1], of one shape.
        weight: w.
    """
    agreement = np.minimum(gradient, intervention) / (np.maximum(gradient, intervention) + _EPSILON)
    both = (gradient + intervention) / 2
    fused = (1 + weight * agreement) * (agreement * both + (1 - agreement) * intervention)
    return fused.astype(np.float32)


def of_greatest(values: FloatMap) -> FloatMap:
    """A non-negative map divided by its greatest value; zeros stay zeros."""
    greatest = values.max()
    return (values / greatest).astype(np.float32) if greatest > 0 else values
