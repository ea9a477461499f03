"""From the heads of a network, one after the other, to a label per voxel: no more than two heads are held at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch


def greatest_head(heads: Iterable[torch.Tensor]) -> torch.Tensor:
    """Index of the greatest head at every voxel, the first of equal ones: nnU-Net's argmax over logits.

    Args:
        heads: (...) finite, of any float type.

    Returns:
        (...) int16.
    """
    best: torch.Tensor | None = None
    for number, head in enumerate(heads):
        values = _at_least_single(head)  # float16 compares the same in float32, several times as fast on the CPU
        if best is None:
            best = values.clone()
            greatest = torch.zeros(best.shape, dtype=torch.int16, device=best.device)
        else:
            greatest.masked_fill_(values > best, number)
            torch.maximum(best, values, out=best)
    assert best is not None
    return greatest


def last_likely_region(heads: Iterable[torch.Tensor], labels: Sequence[int]) -> torch.Tensor:
    """Label of the last region whose probability is above one half, else 0: nnU-Net's rule for regions.

    Args:
        heads: (...) logits of one region each, of any float type.
        labels: nnU-Net's ``regions_class_order``: what each region's voxels are called.

    Returns:
        (...) int16.
    """
    found: torch.Tensor | None = None
    for head, label in zip(heads, labels, strict=True):
        likely = torch.sigmoid(_at_least_single(head)) > 0.5  # not the sign: it is one half exactly for tiny logits
        if found is None:
            found = torch.zeros(likely.shape, dtype=torch.int16, device=likely.device)
        found.masked_fill_(likely, label)
    assert found is not None
    return found


def _at_least_single(values: torch.Tensor) -> torch.Tensor:
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
