"""Trained models: U-Mamba's networks, nnU-Net's folders and checkpoints, the layers that can be explained.

Names load on first use: whoever needs the selective scan alone does not wait for nnU-Net.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..huge_pages import ask_for_huge_pages

if TYPE_CHECKING:
    from .builder import build_network
    from .layers import Layer, resolve_layers
    from .loading import Model, load_model
    from .mamba import set_scan_backend

__all__ = ["Layer", "Model", "build_network", "load_model", "resolve_layers", "set_scan_backend"]

_MODULES = {
    "Layer": "layers",
    "Model": "loading",
    "build_network": "builder",
    "load_model": "loading",
    "resolve_layers": "layers",
    "set_scan_backend": "mamba",
}

ask_for_huge_pages()


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        from importlib import import_module

        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
