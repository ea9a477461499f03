"""Stitched prediction: bit for bit what nnU-Net's own predictor computes, with progress and cancel.

The loop is own code because the windows, their order and the accumulated weights are shared with the stitched
explanation; the arithmetic (float16 accumulators, importance map, order of mirrors and folds) is nnU-Net's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from ..errors import ModelError
from ..progress import Reporter

if TYPE_CHECKING:
    from ..model.loading import Model
from .windows import WindowPlan, importance_map, mirror_branches


@torch.inference_mode()
def predict_stitched_logits(
    model: Model, data: torch.Tensor, plan: WindowPlan, *, mirror: bool, reporter: Reporter
) -> torch.Tensor:
    """Logits of all windows, importance-weighted and averaged over mirrors and folds.

    Args:
        model: its network is run on the model's device.
        data: (channels, z, y, x) float32 on the padded network grid, on the CPU.
        plan: the windows.
        mirror: average over the flips that the model was trained with.
        reporter: told the fraction of windows done; asked before each window whether to stop.

    Returns:
        (heads, z, y, x) float16 on the padded network grid, on the CPU.

    Raises:
        ModelError: the network gives infinite or undefined logits.
        CancelledError: the user cancelled.
    """
    branches = mirror_branches(model.allowed_mirroring_axes if mirror else None)
    total: torch.Tensor | None = None
    for number, fold in enumerate(model.folds):
        model.use_fold(fold)
        share = (number / len(model.folds), 1 / len(model.folds))
        logits = _stitch_one_fold(model, data, plan, branches, reporter, share)
        total = logits if total is None else total.add_(logits)
    assert total is not None
    if len(model.folds) > 1:
        total /= len(model.folds)
    return total


def _stitch_one_fold(
    model: Model,
    data: torch.Tensor,
    plan: WindowPlan,
    branches: list[tuple[int, ...]],
    reporter: Reporter,
    share: tuple[float, float],
) -> torch.Tensor:
    device = model.device
    importance = importance_map(plan.patch_size, torch.device("cpu"))
    logits = torch.zeros((model.label_manager.num_segmentation_heads, *plan.padded_shape), dtype=torch.half)
    weight = torch.zeros(plan.padded_shape, dtype=torch.half)
    with _nnunet_precision(device):
        for number, window in enumerate(plan.windows):
            reporter.check_cancelled()
            patch = data[(slice(None), *window)][None].contiguous().to(device)
            prediction = _predict_branches(model, patch, branches)[0].cpu()
            prediction *= importance
            logits[(slice(None), *window)] += prediction
            weight[window] += importance
            reporter.progress(share[0] + share[1] * (number + 1) / len(plan.windows))
    torch.div(logits, weight, out=logits)
    if not torch.isfinite(logits).all():
        raise ModelError(
            "The network gives infinite or undefined values for this volume.",
            "Check that the checkpoint finished training and that the intensities are those the model expects.",
        )
    return logits


def _predict_branches(model: Model, patch: torch.Tensor, branches: list[tuple[int, ...]]) -> torch.Tensor:
    prediction = model.network(patch)
    for branch in branches[1:]:
        axes = [axis + 2 for axis in branch]
        prediction += torch.flip(model.network(torch.flip(patch, axes)), axes)
    if len(branches) > 1:
        prediction /= len(branches)
    return prediction


@contextlib.contextmanager
def _nnunet_precision(device: torch.device) -> Iterator[None]:
    """nnU-Net predicts under autocast on CUDA and in float32 elsewhere."""
    if device.type == "cuda":
        with torch.autocast("cuda", enabled=True):
            yield
    else:
        yield
