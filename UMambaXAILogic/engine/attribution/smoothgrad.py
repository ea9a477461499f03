"""SmoothGrad: the mean of a gradient method's signed maps over noisy inputs, before ReLU.

Source: Smilkov, Thorat, Kim, Viegas, Wattenberg, "SmoothGrad: removing noise by adding noise", arXiv:1706.03825.
M stays frozen; dS/dZ is that of each noisy input's own stitched logits. The noise is white on the network grid, with a
standard deviation given as a share of the intensity range; the padding around the volume gets none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..inference.explanation import Explained, StitchedMaps
from ..intervention.window_cache import WatchedWindows, WindowCache
from ..methods.catalogue import METHOD_FACTS
from ..progress import PartOfStage, Reporter
from .grad_x_input import GradTimesInput
from .method import MethodSettings
from .seg_grad_cam import SegGradCam
from .seg_xres_cam import SegXResCam

if TYPE_CHECKING:
    from ..model.layers import Layer

_AVERAGED = {method.facts.name: method for method in (GradTimesInput(), SegXResCam(), SegGradCam())}
#: Percentiles between which intensities are said to range: a few bright voxels must not drown the rest in noise.
_RANGE = (0.5, 99.5)


class SmoothGrad:
    facts = METHOD_FACTS["smoothgrad"]

    def explain(
        self, case: Explained, layers: Sequence[Layer], settings: MethodSettings, reporter: Reporter
    ) -> StitchedMaps:
        """As ``AttributionMethod.explain``; layers matter where the averaged method has some."""
        method = _AVERAGED[settings.base_method]
        windows = len(case.plan.touching(case.mask))
        reporter.announce(
            f"{settings.samples} noisy inputs: {method.facts.title} {settings.samples} times, on {windows} windows."
        )
        generator = torch.Generator().manual_seed(settings.seed)
        mean: StitchedMaps | None = None
        for sample in range(settings.samples):
            part = PartOfStage(reporter, sample / settings.samples, 1 / settings.samples)
            noisy, passes = _with_logits(_with_noise(case, settings.noise, generator), part)
            maps = method.explain(noisy, layers, settings, part)
            assert isinstance(maps, StitchedMaps)
            mean = _add(mean, maps, passes)
        assert mean is not None
        for signed in mean.signed.values():
            signed /= settings.samples
        return mean


def _with_noise(case: Explained, share: float, generator: torch.Generator) -> Explained:
    valid = (slice(None), *case.plan.valid)
    data = case.data.clone()
    inside = data[valid]
    low, high = np.percentile(inside.numpy(), _RANGE, axis=(1, 2, 3), keepdims=True)
    noise = torch.randn(inside.shape, generator=generator, dtype=inside.dtype)
    inside += noise * torch.from_numpy(share * (high - low)).to(inside.dtype)
    return dataclasses.replace(case, data=data)


def _with_logits(noisy: Explained, reporter: Reporter) -> tuple[Explained, int]:
    """The noisy input with its own logits in M, where dS/dZ depends on them; and the forward passes that took."""
    if noisy.score.is_linear(noisy.logits.shape[0]):
        return noisy, 0
    windows = WatchedWindows(noisy, noisy.mask, reporter)
    copied = noisy.memory.accumulator(noisy.logits.shape, noisy.logits.dtype, noisy.memory.logits)
    copied.tensor.copy_(noisy.logits)
    logits = noisy.memory.settled(copied)
    logits[:, noisy.mask] = WindowCache(windows, noisy.data).stitched.to(logits.dtype)
    return dataclasses.replace(noisy, logits=logits), windows.forward_passes


def _add(total: StitchedMaps | None, maps: StitchedMaps, further_passes: int) -> StitchedMaps:
    maps.forward_passes += further_passes
    if total is None:
        return maps
    for alias, signed in maps.signed.items():
        total.signed[alias] += signed
    total.forward_passes += maps.forward_passes
    total.backward_passes += maps.backward_passes
    return total
