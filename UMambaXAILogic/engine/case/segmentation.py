"""Pass 1 of a case: the stitched prediction, its export, and M, the voxels that are to be explained."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from ..inference.explanation import Explained
from ..inference.network_grid import NetworkGrid
from ..inference.prediction import predict_stitched_logits
from ..inference.target import TargetSelection
from ..inference.windows import WindowPlan, plan_windows
from ..label_voxels import label_voxels
from ..memory_plan.heap import give_back
from ..memory_plan.run_memory import RunMemory
from ..target_part import target_part
from .input import CaseInput
from .plan import CasePlan
from .record import CaseRecord

#: Below this Dice, the prediction on the network grid is too different from the exported one to stand for it.
MIN_GRID_AGREEMENT = 0.95
_WHAT = {
    "prediction": "prediction",
    "tp": "true positives (TP)",
    "fp": "false positives (FP)",
    "fn": "false negatives (FN)",
}


def segment(
    plan: CasePlan, case: CaseInput, grid: NetworkGrid, record: CaseRecord, memory: RunMemory
) -> tuple[Explained, npt.NDArray[np.uint8] | npt.NDArray[np.uint16]]:
    """Pass 1: stitched logits, the frozen target M, and nnU-Net's own export on the input grid.

    Args:
        memory: what both passes live in.
    """
    request = plan.request
    windows = plan_windows(grid.shape, plan.model.patch_size, request.step)
    record.note(f"{len(windows.windows)} windows of {windows.patch_size} on a grid of {grid.shape}")
    data = windows.pad(grid.data)
    logits = predict_stitched_logits(plan.model, data, windows, mirror=request.mirror, reporter=record, memory=memory)
    give_back()
    on_grid = logits[(slice(None), *windows.valid)]
    labels = grid.export(on_grid)
    part = find_part(plan, case, labels)
    selection = select_target(plan, case, grid, windows, part)
    mask = torch.zeros(windows.padded_shape, dtype=torch.bool)
    mask[windows.valid] = selection.select(plan.score.predicted(on_grid), windows.valid)
    part_voxels = None if part is None else int(np.count_nonzero(part))
    explained = Explained(
        plan.model,
        windows,
        data,
        logits,
        mask,
        plan.score,
        request.mirror,
        grid.spacing_mm,
        selection,
        part_voxels,
        memory,
    )
    return explained, labels


def find_part(plan: CasePlan, case: CaseInput, labels: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_] | None:
    """The one part that is to be explained, on the volume's grid; None where all is, or there is nothing.

    Args:
        labels: the exported segmentation.

    Raises:
        InputError: there is no such part at the point; see ``target_part``.
    """
    wanted = plan.request.target.part
    if wanted is None:
        return None
    pm = label_voxels(labels, plan.score.target.label_values)
    kind, name = plan.request.target.kind, plan.score.target.name
    selection = TargetSelection(kind, _tensor(case.ground_truth), _tensor(case.region))
    target = selection.select(torch.from_numpy(pm)).numpy()
    return target_part(target, case.volume.geometry, wanted, f"{_WHAT[kind]} of {name}") if target.any() else None


def select_target(
    plan: CasePlan,
    case: CaseInput,
    grid: NetworkGrid,
    windows: WindowPlan,
    part: npt.NDArray[np.bool_] | None,
) -> TargetSelection:
    """What M takes of the prediction: all, or one kind of error, inside the region, or one part of them."""

    def padded(mask: npt.NDArray[np.bool_] | None) -> torch.Tensor | None:
        return None if mask is None else windows.pad(torch.from_numpy(grid.to_network(mask))[None])[0]

    kind = plan.request.target.kind
    truth = padded(case.ground_truth) if kind != "prediction" else None
    return TargetSelection(kind, truth, padded(case.region), padded(part))


def check_target(
    plan: CasePlan,
    case: CaseInput,
    explained: Explained,
    grid: NetworkGrid,
    pm: npt.NDArray[np.bool_],
    record: CaseRecord,
) -> bool:
    """Whether there is something to explain; says so if not, and warns where the two grids disagree."""
    kind, name = plan.request.target.kind, plan.score.target.name
    valid = explained.plan.valid
    predicted = plan.score.predicted(explained.logits[(slice(None), *valid)]).numpy()
    if kind != "fn" and not (predicted.any() and pm.any()):
        record.warning("nothing_predicted", f"The model predicts no voxel of {name}: there is nothing to explain.")
        return False
    on_input = TargetSelection(kind, _tensor(case.ground_truth), _tensor(case.region)).select(torch.from_numpy(pm))
    if not (bool(explained.mask.any()) and bool(on_input.any())):
        where = " inside the region" if plan.request.region is not None else ""
        if on_input.any():
            where += " on the network's grid"
        what = "predicted" if kind == "prediction" else kind.upper()
        record.warning("empty_target", f"There are no {what} voxels of {name}{where}: there is nothing to explain.")
        return False
    carried = grid.mask_to_input(predicted)
    total = int(carried.sum()) + int(pm.sum())
    dice = 2 * int((carried & pm).sum()) / total if total else 1.0
    if dice < MIN_GRID_AGREEMENT:
        record.warning(
            "grids_disagree",
            f"The prediction on the network's grid and the exported one agree with a Dice of {dice:.3f} only: "
            f"resampling to {tuple(round(s, 2) for s in plan.model.spacing_mm)} mm and back changes thin vessels. "
            "Attention explains the former.",
        )
    return True


def _tensor(mask: npt.NDArray[np.bool_] | None) -> torch.Tensor | None:
    return None if mask is None else torch.from_numpy(mask)
