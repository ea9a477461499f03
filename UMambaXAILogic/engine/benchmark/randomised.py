"""A network whose parameters are shuffled, from the output towards the input.

Shuffling keeps the histogram of each tensor, so that activations stay in range, and destroys what was learned.
Source of the test: Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018 (cascading randomisation).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from ..model.loading import Model

HEAD, DECODER, DEEP_ENCODER, ALL = "head", "decoder", "deep encoder", "all"
#: Each goes on where the one before stopped.
CASCADE = (HEAD, DECODER, DEEP_ENCODER, ALL)
_STAGE = re.compile(r"^encoder\.(?:stages|mamba_layers)\.(\d+)\.")


def cascade(model: Model, seed: int) -> Iterator[tuple[str, Model]]:
    """The model with more and more of its parameters shuffled, one step of ``CASCADE`` at a time.

    Steps that add nothing to the one before are left out. The network object is shared: ``use_fold`` puts the shuffled
    parameters into it, and that of ``model`` puts the learned ones back.
    """
    first = model.parameter_sets[model.folds[0]]
    parts = {name: part_of(name, _encoder_stages(first)) for name in first}
    generator = torch.Generator().manual_seed(seed)
    sets = {fold: dict(values) for fold, values in model.parameter_sets.items()}
    for step in CASCADE:
        names = [name for name, part in parts.items() if part == step]
        if not names:
            continue
        for values in sets.values():
            for name in names:
                values[name] = _shuffled(values[name], generator)
        yield step, dataclasses.replace(model, parameter_sets={fold: dict(values) for fold, values in sets.items()})


def part_of(name: str, encoder_stages: int) -> str:
    """Which step of ``CASCADE`` shuffles the parameter of that name first."""
    if "seg_layers" in name:
        return HEAD
    if name.startswith("decoder."):
        return DECODER
    stage = _STAGE.match(name)
    deep = stage is not None and int(stage[1]) >= (encoder_stages + 1) // 2
    return DEEP_ENCODER if deep or not name.startswith("encoder.") else ALL


def _encoder_stages(names: dict[str, torch.Tensor]) -> int:
    stages = [int(found[1]) for found in map(_STAGE.match, names) if found is not None]
    return max(stages, default=-1) + 1


def _shuffled(values: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    order = torch.randperm(values.numel(), generator=generator)
    return values.reshape(-1)[order].reshape(values.shape)
