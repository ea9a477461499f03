"""What is explained: a set of voxels M and a scalar score S of the stitched logits on it.

M is frozen before any gradient is taken. For a set T of target channels and the set K of all others:

- softmax models, ``margin``: S = sum over M of [ logsumexp over T of z - logsumexp over K of z ],
  which no quantity that the prediction is blind to can change; ``logit``: S = sum over M of logsumexp over T of z.
- sigmoid (region) models, both: S = sum over M of logsumexp over T of z.

With one target channel t, logsumexp over T is z_t itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ..errors import UsageError
from ..request import FOREGROUND
from .head_decision import greatest_head

#: Looked at together, so that a copy of one head's planes is small.
_PLANES = 16


@dataclass(frozen=True)
class TargetChannels:
    """A target label resolved against a model's label manager.

    Args:
        name: label name in dataset.json, or ``foreground``.
        label_values: values in the exported segmentation that belong to the target.
        channels: heads of the network that belong to it.
        sigmoid: the model is region-based.
    """

    name: str
    label_values: tuple[int, ...]
    channels: tuple[int, ...]
    sigmoid: bool


def resolve_target(label_manager: Any, label: int | str | None) -> TargetChannels:
    """Find the heads of a label.

    Args:
        label_manager: nnU-Net's.
        label: value or name of dataset.json, ``"foreground"``, or None for the only label there is (else foreground).

    Raises:
        UsageError: there is no such label; the message lists those there are.
    """
    sigmoid = bool(label_manager.has_regions)
    named = _named_labels(label_manager)
    if label is None:
        label = next(iter(named)) if len(named) == 1 else FOREGROUND
    if label == FOREGROUND and FOREGROUND not in named:
        values = tuple(sorted({value for values, _ in named.values() for value in values}))
        return TargetChannels(FOREGROUND, values, tuple(channel for _, channel in named.values()), sigmoid)
    for name, (values, channel) in named.items():
        if label == name or str(label) == str(values[0] if len(values) == 1 else None):
            return TargetChannels(name, values, (channel,), sigmoid)
    known = ", ".join(f"{name} ({'+'.join(map(str, values))})" for name, (values, _) in named.items())
    raise UsageError(f"The model has no foreground label {label!r}.", f"Choose one of: {known}; or foreground.")


def _named_labels(label_manager: Any) -> dict[str, tuple[tuple[int, ...], int]]:
    """name -> (label values, head) of every foreground label or region."""
    named: dict[str, tuple[tuple[int, ...], int]] = {}
    heads = label_manager.foreground_regions if label_manager.has_regions else label_manager.all_labels
    for name, value in label_manager.label_dict.items():
        values = tuple(int(v) for v in (value if isinstance(value, list | tuple) else [value]))
        if name == "ignore" or values == (0,):
            continue
        head = tuple(values) if isinstance(value, list | tuple) else int(value)
        named[name] = (values, list(heads).index(head))
    return named


@dataclass(frozen=True)
class TargetSelection:
    """Which voxels M holds: the predicted ones or one kind of error, inside a region or one part of them.

    Args:
        kind: ``prediction``, ``tp``, ``fp`` or ``fn``.
        truth: ground truth of the target, bool (z, y, x), padded network grid; the last three kinds need it.
        region: bool, same grid; None does not restrict.
        part: the one part that is explained, bool, same grid; None does not restrict.
    """

    kind: str = "prediction"
    truth: torch.Tensor | None = None
    region: torch.Tensor | None = None
    part: torch.Tensor | None = None

    def select(self, predicted: torch.Tensor, window: tuple[int | slice, ...] = ()) -> torch.Tensor:
        """M inside a window of the padded grid (all of it by default), given what is predicted there."""
        chosen = predicted
        if self.kind != "prediction":
            assert self.truth is not None
            truth = self.truth[window].to(predicted.device)
            chosen = {"tp": predicted & truth, "fp": predicted & ~truth, "fn": ~predicted & truth}[self.kind]
        for limit in (self.region, self.part):
            if limit is not None:
                chosen = chosen & limit[window].to(predicted.device)
        return chosen


@dataclass(frozen=True)
class TargetScore:
    """S of the stitched logits and its derivative.

    Args:
        target: resolved channels.
        score: ``margin`` or ``logit``.
    """

    target: TargetChannels
    score: str

    def predicted(self, logits: torch.Tensor) -> torch.Tensor:
        """Voxels predicted as target, bool, from (heads, ...) logits: the argmax or the sigmoid rule.

        Regions are taken before class-order conflicts are resolved.
        """
        predicted = torch.zeros(logits.shape[1:], dtype=torch.bool, device=logits.device)
        channels = self.target.channels
        for start in range(0, logits.shape[1], _PLANES):
            planes = slice(start, start + _PLANES)
            if self.target.sigmoid:
                for channel in channels:
                    predicted[planes] |= logits[channel, planes] > 0
            else:
                label = greatest_head(head[planes] for head in logits)
                for channel in channels:
                    predicted[planes] |= label == channel
        return predicted

    def density(self, logits: torch.Tensor) -> torch.Tensor:
        """The summand of S at every voxel: (heads, ...) float logits -> (...)."""
        inside = torch.logsumexp(logits[list(self.target.channels)], dim=0)
        if self._subtracts_others:
            inside = inside - torch.logsumexp(logits[self._others(logits.shape[0])], dim=0)
        return inside

    def gradient(self, logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """dS/dZ with M = ``mask`` frozen.

        Args:
            logits: (heads, ...), any float type.
            mask: (...) bool.

        Returns:
            (heads, ...) float32; zero outside the mask.
        """
        gradient = torch.zeros(logits.shape, dtype=torch.float32, device=logits.device)
        # Head by head with the places found once: a mask across all heads is gathered and scattered twice as slowly.
        places = mask.flatten().nonzero().squeeze(1)
        at = torch.stack([head.flatten().index_select(0, places) for head in logits]).float()

        def put(channels: list[int], values: torch.Tensor) -> None:
            for channel, own in zip(channels, values, strict=True):
                gradient[channel].view(-1).index_copy_(0, places, own)

        inside = list(self.target.channels)
        put(inside, torch.softmax(at[inside], dim=0))
        if self._subtracts_others:
            others = self._others(logits.shape[0])
            put(others, torch.softmax(at[others], dim=0).neg_())
        return gradient

    def is_linear(self, heads: int) -> bool:
        """Whether dS/dZ is the same whatever the logits: one target head against at most one other."""
        others = len(self._others(heads)) if self._subtracts_others else 0
        return len(self.target.channels) == 1 and others <= 1

    @property
    def _subtracts_others(self) -> bool:
        return self.score == "margin" and not self.target.sigmoid

    def _others(self, heads: int) -> list[int]:
        return [channel for channel in range(heads) if channel not in self.target.channels]
