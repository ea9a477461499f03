"""What one window takes while the network reads it: found out on meta tensors, so that nothing is computed."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import nn

from ..inference.capture import LayerCapture
from ..inference.recomputation import recomputed
from ..model.small_convolutions import asks_onednn
from .live_storage import LiveStorage
from .modelled_mamba import stand_in_for_mamba

if TYPE_CHECKING:
    from ..model.layers import Layer

#: As ``inference.explanation.SignedMap``.
_SignedMap = Callable[[str, torch.Tensor, torch.Tensor], torch.Tensor]

#: Stands for the network itself among the layers: its input is explained.
INPUT = "input"


@dataclass(frozen=True)
class WindowPeak:
    """Bytes above the loaded network, at most, for a batch of windows.

    Args:
        forward: without gradients.
        explain: forward and backward, with the maps of all layers formed.
        find_recomputed: gives ``recomputed``. Asked only where it matters: the first use of torch's checkpoints imports
            its compiler, which takes seconds and 70 MB.
    """

    forward: int
    explain: int
    find_recomputed: Callable[[], int]

    @cached_property
    def recomputed(self) -> int:
        """As ``explain``, where inner activations are computed again; see ``inference.recomputation``."""
        return self.find_recomputed()


def window_peak(
    network: nn.Module,
    patch_size: Sequence[int],
    layers: Sequence[Layer],
    signed_map: _SignedMap | None,
    *,
    device_type: str,
    scan_backend: str | None,
) -> WindowPeak:
    """The peaks of one window.

    Args:
        network: is copied without its weights.
        patch_size: two or three numbers.
        layers: of ``network``, that are explained; none: its input.
        signed_map: how a layer's activation and gradient become a map; None: no pass goes backward.
        device_type: where the network will be; half precision on a GPU is not counted on.
        scan_backend: of Mamba layers; None where there are none.
    """
    twin, places = _on_meta(network, layers)
    stand_in_for_mamba(twin, scan_backend)
    patch = torch.empty((1, 1, *patch_size), device="meta")
    on_host, unfolds = device_type == "cpu", not asks_onednn(network)

    with LiveStorage(on_host, unfolds_small_maps=unfolds) as live, torch.no_grad():
        twin(patch)
    forward = live.peak + patch.nbytes
    if signed_map is None:
        return WindowPeak(forward, forward, lambda: forward)
    form = signed_map

    def explained(context: contextlib.AbstractContextManager[None]) -> int:
        maps: dict[str, torch.Tensor] = {}

        def receive(alias: str, activation: torch.Tensor, gradient: torch.Tensor) -> None:
            maps[alias] = form(alias, activation[0], gradient[0])

        with context, LiveStorage(on_host, unfolds_small_maps=unfolds) as live, LayerCapture(twin, places) as capture:
            capture.explain(patch, torch.empty_like, receive)
        return max(forward, live.peak + 2 * patch.nbytes)

    return WindowPeak(forward, explained(contextlib.nullcontext()), lambda: explained(recomputed(twin)))


def _on_meta(network: nn.Module, layers: Sequence[Layer]) -> tuple[nn.Module, list[tuple[str, nn.Module]]]:
    """The network without the memory of its weights, and the layers in it."""
    memo: dict[int, object] = {}
    for tensor in (*network.parameters(), *network.buffers()):
        empty = torch.empty_like(tensor, device="meta", requires_grad=False)
        memo[id(tensor)] = nn.Parameter(empty, requires_grad=False) if isinstance(tensor, nn.Parameter) else empty
    twin = copy.deepcopy(network, memo)
    for module in twin.modules():  # what listens to the network need not hear of this
        module._forward_hooks.clear()
        module._forward_pre_hooks.clear()
    twins = dict(zip(network.modules(), twin.modules(), strict=True))
    return twin, [(layer.alias, twins[layer.module]) for layer in layers] or [(INPUT, twin)]
