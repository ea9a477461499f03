"""Occlusion: fill one cell of a grid after the other, and see what S loses.

Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, with cells that do not
overlap. What fills a cell is a setting: the published grey is the mean of the volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..inference.explanation import Explained
from ..intervention import gather_evidence
from ..methods.catalogue import METHOD_FACTS
from ..progress import Reporter
from .grad_x_input import INPUT
from .method import MethodSettings
from .volume_maps import VolumeMaps

if TYPE_CHECKING:
    from ..model.layers import Layer


class Occlusion:
    facts = METHOD_FACTS["occlusion"]

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> VolumeMaps:
        """As ``AttributionMethod.explain``; layers do not matter."""
        evidence = gather_evidence(case, settings, reporter)
        return VolumeMaps(
            {INPUT: evidence.on_network_grid()}, evidence.watched_windows, evidence.forward_passes, 0, evidence.details
        )
