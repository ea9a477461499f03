"""Stitched prediction: bit for bit what nnU-Net's own predictor computes, with progress and cancel.

The loop is own code because the windows, their order and the accumulated weights are shared with the stitched
explanation; the arithmetic (float16 accumulators, importance map, order of mirrors and folds) is nnU-Net's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch

from ..errors import ModelError
from ..memory_plan.out_of_memory import RanOut, attempt
from ..memory_plan.places import Place
from ..memory_plan.run_memory import RunMemory
from ..progress import PartOfStage, Reporter
from .host_copy import HostCopy
from .windows import Window, WindowPlan, importance_map, mirror_branches

if TYPE_CHECKING:
    from ..model.loading import Model


@torch.inference_mode()
def predict_stitched_logits(
    model: Model,
    data: torch.Tensor,
    plan: WindowPlan,
    *,
    mirror: bool,
    reporter: Reporter,
    memory: RunMemory | None = None,
) -> torch.Tensor:
    """Logits of all windows, importance-weighted and averaged over mirrors and folds.

    Args:
        model: its network is run on the model's device.
        data: (channels, z, y, x) float32 on the padded network grid, on the CPU.
        plan: the windows.
        mirror: average over the flips that the model was trained with.
        reporter: told the fraction of windows done; asked before each window whether to stop.
        memory: how many windows at a time, and where the logits lie; None: one, and main memory. On the CPU this
            changes nothing in the result; on a GPU several windows at a time round differently.

    Returns:
        (heads, z, y, x) float16 on the padded network grid, on the CPU; perhaps over a file that is mapped into
        memory, so take slices of it and no copies.

    Raises:
        ModelError: the network gives infinite or undefined logits.
        MemoryExhaustedError: memory ran out, and nothing was left to save.
        CancelledError: the user cancelled.
    """
    memory = memory or RunMemory()
    branches = mirror_branches(model.allowed_mirroring_axes if mirror else None)
    total: torch.Tensor | None = None
    for number, fold in enumerate(model.folds):
        model.use_fold(fold)
        share = PartOfStage(reporter, number / len(model.folds), 1 / len(model.folds))
        logits = _stitch_one_fold(model, data, plan, branches, share, memory)
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
    memory: RunMemory,
) -> torch.Tensor:
    shape = (model.label_manager.num_segmentation_heads, *plan.padded_shape)
    logits = memory.accumulator(shape, torch.half, memory.logits, model.device)
    weight = memory.accumulator(plan.padded_shape, torch.half, logits.place, model.device)
    importance = importance_map(plan.patch_size, torch.device("cpu"))

    def take(windows: Sequence[Window], predictions: HostCopy) -> None:
        there = importance.to(logits.tensor.device)
        for window, prediction in zip(windows, predictions.on(logits.tensor.device), strict=True):
            prediction *= there
            logits.tensor[(slice(None), *window)] += prediction
            weight.tensor[window] += there

    done = 0
    pending: tuple[Sequence[Window], HostCopy] | None = None
    with _nnunet_precision(model.device):
        while done < len(plan.windows):
            reporter.check_cancelled()
            windows = plan.windows[done : done + memory.batch]
            found = attempt(partial(_predict, model, data, windows, branches, logits.place))
            if pending is not None:  # added up while the device computes
                take(*pending)
                pending = None
            if isinstance(found, RanOut):
                memory.shrink(found.text, reporter, gradients=False)
                continue
            if model.device.type == "cuda" and logits.place is not Place.DEVICE:
                pending = windows, found.value
            else:
                take(windows, found.value)
            del found
            done += len(windows)
            reporter.progress(done / len(plan.windows))
        if pending is not None:
            take(*pending)
    _divide(logits.tensor, weight.tensor)
    return memory.settled(logits)


def _predict(
    model: Model, data: torch.Tensor, windows: Sequence[Window], branches: list[tuple[int, ...]], place: Place
) -> HostCopy:
    """Logits (windows, heads, ...) of the windows, on their way to where they are added up."""
    patches = torch.stack([data[(slice(None), *window)] for window in windows]).to(model.device)
    return HostCopy(_predict_branches(model, patches, branches), stays=place is Place.DEVICE)


def _divide(logits: torch.Tensor, weight: torch.Tensor) -> None:
    """Slab by slab: what is asked of the values must not take as much memory as they do.

    Raises:
        ModelError: a value is infinite or undefined.
    """
    for index in range(weight.shape[0]):
        slab = logits[:, index]
        torch.div(slab, weight[index], out=slab)
        if not torch.isfinite(slab).all():
            raise ModelError(
                "The network gives infinite or undefined values for this volume.",
                "Check that the checkpoint finished training and that the intensities are those the model expects.",
            )


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
