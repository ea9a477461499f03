"""Hooks that see a layer's activation and its gradient, in one forward and one backward pass for all layers.

Only activations carry gradients: the first wanted layer in forward order is cut off from what lies before it and
becomes a leaf, so that nothing before it is differentiated, and parameters never are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

import torch
from torch import nn

from .lean_backward import LeanBackward

#: Called with a layer's alias, activation and gradient, both (batch, channels, ...).
Receiver = Callable[[str, torch.Tensor, torch.Tensor], None]


class LayerCapture:
    """Watches the wanted layers of a network while it is the context.

    In-place operations after a layer (LeakyReLU in place, ``y += x``) overwrite the tensor that was seen there.
    They show as a changed version counter after the forward pass; the pass is then repeated with a copy taken at
    those layers, and the copy is kept for all later windows.

    Args:
        network: parameters without gradients.
        layers: (alias, module) in any order. The network itself stands for its input.
    """

    def __init__(self, network: nn.Module, layers: Sequence[tuple[str, nn.Module]]) -> None:
        self._network = network
        self._layers = list(layers)
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._copied: set[str] = set()
        self._activations: dict[str, tuple[torch.Tensor, int]] = {}
        self._leaves: dict[str, torch.Tensor] = {}

    def __enter__(self) -> LayerCapture:
        for alias, module in self._layers:
            if module is self._network:
                self._handles.append(module.register_forward_pre_hook(self._make_input_hook(alias)))
            else:
                self._handles.append(module.register_forward_hook(self._make_hook(alias)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._forget()

    def explain(
        self, patch: torch.Tensor, upstream: Callable[[torch.Tensor], torch.Tensor], receive: Receiver
    ) -> torch.Tensor:
        """One forward and one backward pass.

        Args:
            patch: (1, channels, ...) input.
            upstream: gives dS/d(logits) for the logits (1, heads, ...) of this pass.
            receive: called once for every layer that S depends on, as soon as its gradient is known; the activation
                is released afterwards.

        Returns:
            The logits, detached.
        """
        with torch.enable_grad():
            logits = self._forward(patch)
            gradient = upstream(logits.detach())
            handles = []
            for alias, (activation, _) in self._activations.items():
                if alias not in self._leaves:
                    handles.append(activation.register_hook(self._make_gradient_hook(alias, receive)))
            leaves = dict(self._leaves)
            if leaves and logits.requires_grad:
                found = torch.autograd.grad(logits, list(leaves.values()), gradient, allow_unused=True)
                for alias, leaf_gradient in zip(leaves, found, strict=True):
                    if leaf_gradient is not None:
                        receive(alias, leaves[alias].detach(), leaf_gradient)
            for handle in handles:
                handle.remove()
        self._forget()
        return logits.detach()

    def _forward(self, patch: torch.Tensor) -> torch.Tensor:
        self._forget()
        with LeanBackward():
            logits = self._network(patch)
        changed = {alias for alias, (seen, version) in self._activations.items() if seen._version != version}
        if changed:
            self._copied |= changed
            self._forget()
            with LeanBackward():
                logits = self._network(patch)
        return logits

    def _make_hook(self, alias: str) -> Callable[[nn.Module, object, torch.Tensor], torch.Tensor]:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
            if not output.requires_grad:
                return self._cut_off(alias, output)
            self._activations[alias] = (output, output._version)
            return output.clone() if alias in self._copied else output

        return hook

    def _make_input_hook(self, alias: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], torch.Tensor]:
        return lambda _module, inputs: self._cut_off(alias, inputs[0])

    def _cut_off(self, alias: str, activation: torch.Tensor) -> torch.Tensor:
        leaf = activation.detach().requires_grad_(True)
        self._leaves[alias] = leaf
        self._activations[alias] = (leaf, leaf._version)
        # A leaf may not be changed in place, and the next operation might.
        return leaf.clone()

    def _make_gradient_hook(self, alias: str, receive: Receiver) -> Callable[[torch.Tensor], None]:
        def hook(gradient: torch.Tensor) -> None:
            activation, _ = self._activations.pop(alias)
            receive(alias, activation.detach(), gradient)

        return hook

    def _forget(self) -> None:
        self._activations.clear()
        self._leaves.clear()
