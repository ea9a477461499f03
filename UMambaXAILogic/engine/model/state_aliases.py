"""Parameters that the original project's checkpoints hold under two names.

The original registers its encoder a second time inside the decoder and the parts of a convolution block a second
time inside ``all_modules``. Here each exists once; its state dict carries both names, so that checkpoints move in
either direction. The tensors share storage: a saved file does not grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from torch import nn


def add_state_aliases(module: nn.Module, aliases: Mapping[str, str]) -> None:
    """Let ``module``'s state dict repeat parameters under second names.

    Args:
        module: the module whose state dict is extended.
        aliases: second prefix -> own prefix, both relative to ``module`` and ending in a dot.
    """
    module.register_state_dict_post_hook(partial(_write_aliases, dict(aliases)))
    module.register_load_state_dict_pre_hook(partial(_read_aliases, dict(aliases)))


def _write_aliases(aliases: Mapping[str, str], module: nn.Module, state: Any, prefix: str, _metadata: Any) -> None:
    for alias, own in aliases.items():
        for key in [key for key in state if key.startswith(prefix + own)]:
            state[prefix + alias + key[len(prefix + own) :]] = state[key]


def _read_aliases(aliases: Mapping[str, str], module: nn.Module, state: Any, prefix: str, *_: Any) -> None:
    """Bring second names back to the first; unknown parameters stay and are reported by the strict check."""
    for alias, own in aliases.items():
        for key in [key for key in state if key.startswith(prefix + alias)]:
            state.setdefault(prefix + own + key[len(prefix + alias) :], state.pop(key))
