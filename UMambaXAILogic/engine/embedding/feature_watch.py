"""Sees the feature maps of wanted layers as a network computes them, and keeps none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

import torch
from torch import nn

#: Called with a layer's alias and its feature maps (batch, channels, ...), in forward order.
FeatureReceiver = Callable[[str, torch.Tensor], None]


class FeatureWatch:
    """Hands over feature maps while it is the context.

    Maps are handed over before any later module runs, which may change them in place: use them at once or copy them.

    Args:
        layers: (alias, module); the module's output is (batch, channels, ...).
        receive: called for each of them in every forward pass.
    """

    def __init__(self, layers: Sequence[tuple[str, nn.Module]], receive: FeatureReceiver) -> None:
        self._layers = list(layers)
        self._receive = receive
        self._handles: list[torch.utils.hooks.RemovableHandle] = []

    def __enter__(self) -> FeatureWatch:
        for alias, module in self._layers:
            self._handles.append(module.register_forward_hook(self._make_hook(alias)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _make_hook(self, alias: str) -> Callable[[nn.Module, object, torch.Tensor], None]:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            self._receive(alias, output)

        return hook
