"""The plan of a case that was read and preprocessed: made before the long computation, told, and kept with results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..inference.windows import plan_windows
from ..model.selective_scan import choose_backend
from .case_size import CaseSize
from .choose import choose_plan
from .free_memory import USABLE_SHARE, free_device_bytes, free_host_bytes
from .method_cost import MethodCost, method_cost
from .plan import MemoryPlan

if TYPE_CHECKING:
    from ..case.input import CaseInput
    from ..case.plan import CasePlan
    from ..inference.network_grid import NetworkGrid
    from ..model.loading import Model

_GIB = 2**30


def plan_memory(
    plan: CasePlan,
    case: CaseInput,
    grid: NetworkGrid,
    *,
    further_volumes: int = 0,
    further_logits: int = 0,
    cost: MethodCost | None = None,
) -> MemoryPlan:
    """How the case is computed so that it fits ``memory_limit_gb``, or what is free.

    Args:
        plan: request, model and methods.
        case: as read.
        grid: as preprocessed.
        further_volumes: float32 arrays of the network grid's size that the caller holds beside what explaining holds.
        further_logits: stitched logits of another input or network that the caller predicts beside the case's.
        cost: of the methods, for a caller that plans several cases.

    Raises:
        MemoryExhaustedError: it does not fit in any way.
    """
    cost = cost or method_cost(plan.model, plan.methods, plan.layers, plan.scan_backend)
    size = case_size(
        plan.model,
        cost,
        image_voxels=case.volume.array.size,
        image_bytes=case.volume.array.itemsize,
        masks=sum(mask is not None for mask in (case.ground_truth, case.region)),
        network_shape=grid.shape,
        step=plan.request.step,
        further_volumes=further_volumes,
        further_logits=further_logits,
    )
    device = plan.model.device
    device_free = free_device_bytes(device)
    return choose_plan(
        size,
        cost.window,
        host_limit=host_limit(plan.request.memory_limit_gb, size.input_bytes),
        device_limit=None if device_free is None else int(USABLE_SHARE * device_free),
        on_cpu=device.type == "cpu",
    )


def case_size(
    model: Model,
    cost: MethodCost,
    *,
    image_voxels: int,
    image_bytes: int,
    masks: int,
    network_shape: Sequence[int],
    step: float,
    further_volumes: int = 0,
    further_logits: int = 0,
) -> CaseSize:
    """The numbers of a case; see ``CaseSize``.

    Args:
        network_shape: (z, y, x) of the network grid.
        step: of the windows.
    """
    padded = plan_windows(network_shape, model.patch_size, step).padded_shape
    return CaseSize(
        image_voxels=image_voxels,
        image_bytes=image_bytes,
        masks=masks,
        network_voxels=math.prod(network_shape),
        padded_voxels=math.prod(padded),
        patch_voxels=math.prod(model.patch_size),
        heads=model.label_manager.num_segmentation_heads,
        layers=cost.maps,
        folds=len(model.folds),
        further_volumes=further_volumes,
        explain_volumes=cost.explain_volumes,
        further_logits=max(cost.further_logits, further_logits),
        gradients=cost.gradients,
        filling_volumes=cost.filling_volumes,
        at_input=cost.at_input,
        compiled_kernels=model.has_scan and model.device.type == "cpu",
    )


def host_limit(memory_limit_gb: float | None, held_bytes: int) -> int:
    """Bytes of main memory that a case may take beside the loaded model.

    Args:
        memory_limit_gb: what the user allows; None: what is free.
        held_bytes: what the case has already taken of it.
    """
    if memory_limit_gb is not None:
        return int(memory_limit_gb * _GIB)
    return held_bytes + int(USABLE_SHARE * free_host_bytes())


def scan_backend_of(model: Model, wanted: str) -> str | None:
    """The backend that computes the model's scan; None where it has none."""
    return choose_backend(model.device, wanted).name if model.has_scan else None
