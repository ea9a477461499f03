"""What attribution methods hold beside the windows, and how they form maps: for the plan alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..attribution.gradient_cam import block_pooled_map, mean_gradient_map
from .window_peak import WindowPeak, window_peak

if TYPE_CHECKING:
    from ..case.plan import PlannedMethod
    from ..model.layers import Layer
    from ..model.loading import Model

#: Methods that fill regions: they hold evidence, regions and the filled image. Those that need no gradient.
_FILLING = ("occlusion", "supervoxel", "dea")
_WITHOUT_GRADIENT = ("occlusion", "supervoxel", "embedding-similarity")
#: Arrays of four bytes a voxel that a method which fills regions holds (regions, evidence, values).
_VOLUMES_OF_FILLING = 3
#: Embedding similarity holds where its means are taken (up to three masks), and the weight by place.
_VOLUMES_OF_REGIONS = 2
#: SmoothGrad holds the mean beside a sample's maps, and a noisy image.
_VOLUMES_OF_SAMPLES = 2


@dataclass(frozen=True)
class MethodCost:
    """Of the costliest of a request's methods.

    Args:
        window: what one window takes.
        maps: of four bytes a voxel, that are added up over windows.
        explain_volumes: of four bytes a voxel, that are held beside them meanwhile.
        further_logits: stitched logits beside those of the case.
        gradients: one of them goes backward.
        filling_volumes: as ``explain_volumes``, while regions are filled and windows predicted; not beside gradients.
        at_input: all explain the network's input, so that there are no layers to choose from.
    """

    window: WindowPeak
    maps: int
    explain_volumes: int
    further_logits: int
    gradients: bool
    filling_volumes: int
    at_input: bool


def method_cost(
    model: Model, methods: Sequence[PlannedMethod], layers: Sequence[Layer], scan_backend: str | None
) -> MethodCost:
    """What the methods take, one after the other.

    Args:
        layers: that methods of layers explain.
        scan_backend: that computes, by name; None where the network has no scan.
    """
    costs = [_one(model, planned, layers, scan_backend) for planned in methods]
    windows = [cost.window for cost in costs]
    window = WindowPeak(
        max(window.forward for window in windows),
        max(window.explain for window in windows),
        lambda: max(window.recomputed for window in windows),
    )
    return MethodCost(
        window,
        max(cost.maps for cost in costs),
        max(cost.explain_volumes for cost in costs),
        max(cost.further_logits for cost in costs),
        any(cost.gradients for cost in costs),
        max(cost.filling_volumes for cost in costs),
        all(cost.at_input for cost in costs),
    )


def _one(model: Model, planned: PlannedMethod, layers: Sequence[Layer], scan_backend: str | None) -> MethodCost:
    name, facts, settings = planned.method.facts.name, planned.explained_as, planned.settings
    form = None
    if name not in _WITHOUT_GRADIENT:
        pool = settings.pool if facts.pools else 1

        def form(_alias: str, activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
            if facts.name == "seg-grad-cam":
                return mean_gradient_map(activation, gradient)
            return block_pooled_map(activation, gradient, pool, settings.pool_mode)

    explained = () if facts.at_input else layers
    window = window_peak(
        model.network,
        model.patch_size,
        explained,
        form,
        device_type=model.device.type,
        scan_backend=scan_backend,
    )
    samples = name == "smoothgrad"
    # What DEA keeps are its two kinds of evidence and what they make. Explained window by window, the mean over layers
    # and the number of windows are added up beside the layers' maps.
    maps = 3 if name == "dea" else max(1, len(explained)) + 2 * settings.per_window
    volumes = (_VOLUMES_OF_SAMPLES + maps if samples else 0) + (name == "embedding-similarity") * _VOLUMES_OF_REGIONS
    filling = _VOLUMES_OF_FILLING if name in _FILLING else 0
    return MethodCost(window, maps, volumes, int(samples), form is not None, filling, facts.at_input)
