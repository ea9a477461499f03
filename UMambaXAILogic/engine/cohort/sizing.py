"""How many processes compute on this machine, on which device, with how many threads and how much memory each."""

from __future__ import annotations

import math
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..case.plan import plan_methods
from ..device import check_device_name, resolve_device
from ..memory_plan.case_size import host_bytes
from ..memory_plan.for_case import case_size, scan_backend_of
from ..memory_plan.free_memory import USABLE_SHARE, free_host_bytes
from ..memory_plan.method_cost import MethodCost, method_cost
from ..memory_plan.places import Place
from ..model.layers import resolve_layers
from ..volume import Geometry
from .request import CohortRequest

if TYPE_CHECKING:
    from ..model.loading import Model

_GIB = 2**30
#: A process with torch and nnU-Net loaded, before it reads anything.
_PROCESS_BYTES = 600 * 2**20
#: What a case is told that it may take where nothing is left: it then says by itself that it does not fit.
_LEAST_LIMIT = 2**20
#: Bytes a voxel of a volume as it is read: int16 or float32, and a ground truth.
_IMAGE_BYTES = 4


@dataclass(frozen=True)
class WorkerPlan:
    """The processes of a run on this machine.

    Args:
        gpus: for every process the value of CUDA_VISIBLE_DEVICES that gives it a GPU of its own; None: left as it is.
        threads: CPU threads of each.
        memory_limit_gb: what one case may take beside the loaded model.
        reason: why so many, in words.
    """

    gpus: tuple[str | None, ...]
    threads: int
    memory_limit_gb: float
    reason: str

    @property
    def workers(self) -> int:
        """Number of processes."""
        return len(self.gpus)


def plan_workers(request: CohortRequest, model: Model, grids: Collection[Geometry]) -> WorkerPlan:
    """One process a GPU; on the CPU as many as cores and memory allow, and never more than there are cases.

    Cases side by side, each on one core, use cores better than one case on all of them: reading, export and measuring
    run on one thread, and threads wait for each other. Where memory allows fewer cases than there are cores, each gets
    several threads.

    Args:
        request: may name the number of workers and threads itself.
        model: that all of them load.
        grids: of the volumes that are to be computed; at least one.

    Raises:
        UsageError, NotInstalledError: the device is not known, or not there.
    """
    import psutil
    from dask.system import cpu_count

    cores, cases = cpu_count(), len(grids)
    true_cores = min(cores, psutil.cpu_count(logical=False) or cores)
    on_gpu = resolve_device(request.template.device).type != "cpu"
    scan = scan_backend_of(model, request.template.scan_backend)
    layers = resolve_layers(model, request.template.layers)
    cost = method_cost(model, plan_methods(request.template), layers, scan)
    process = _process_bytes(model)
    need = process + max(case_bytes(model, grid, cost, on_gpu) for grid in grids)
    usable = USABLE_SHARE * free_host_bytes()
    gpus = _gpus(request.template.device) if on_gpu else []
    if request.workers is not None:
        workers = min(request.workers, cases)
        reason = "as many were asked for" if workers == request.workers else "there are no more cases"
    else:
        limits = {
            "one for each GPU" if on_gpu else "one for each core": len(gpus) if on_gpu else true_cores,
            f"a case needs about {need / _GIB:.1f} GB of {usable / _GIB:.1f} GB": max(1, int(usable // need)),
            "there are no more cases": cases,
        }
        reason, workers = min(limits.items(), key=lambda limit: limit[1])
    return WorkerPlan(
        gpus=tuple(gpus[worker % len(gpus)] if gpus else None for worker in range(workers)),
        threads=request.threads or max(1, cores // workers),
        memory_limit_gb=request.template.memory_limit_gb or max(usable / workers - process, _LEAST_LIMIT) / _GIB,
        reason=reason,
    )


def case_bytes(model: Model, grid: Geometry, cost: MethodCost, on_gpu: bool) -> int:
    """Main memory (bytes beside the loaded model) in which one case is computed fastest.

    Args:
        model: its plans give the network grid and the window.
        grid: of the volume.
        cost: of the methods.
        on_gpu: activations lie in the GPU's memory.
    """
    size = case_size(
        model,
        cost,
        image_voxels=math.prod(grid.size),
        image_bytes=_IMAGE_BYTES,
        masks=1,
        network_shape=network_shape(model, grid),
        step=1.0,
    )
    stages = host_bytes(
        size, cost.window, on_cpu=not on_gpu, batch=1, recompute=False, logits=Place.HOST, maps=Place.HOST
    )
    return max(stages.values())


def _process_bytes(model: Model) -> int:
    """A process with the model loaded: its weights, and a set of them for each fold."""
    weights = sum(parameter.nbytes for parameter in model.network.parameters()) * (1 + len(model.folds))
    return _PROCESS_BYTES + weights


def network_shape(model: Model, grid: Geometry) -> tuple[int, ...]:
    """Voxels (z, y, x) of a volume on the model's grid, nothing cropped."""
    shape = [grid.shape[axis] for axis in model.plans_manager.transpose_forward]
    spacing = [grid.spacing_mm[::-1][axis] for axis in model.plans_manager.transpose_forward]
    resampled = len(model.spacing_mm)  # a 2-D configuration leaves the first axis as it is
    pairs = zip(shape[-resampled:], spacing[-resampled:], model.spacing_mm, strict=True)
    return (*shape[:-resampled], *(max(1, round(count * found / wanted)) for count, found, wanted in pairs))


def _gpus(device: str) -> list[str | None]:
    """What CUDA_VISIBLE_DEVICES must be for each GPU that may be used; one None where the device is named."""
    import torch

    check_device_name(device)
    if device not in ("auto", "cuda"):
        return [None]
    visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return [visible[number] if visible else str(number) for number in range(torch.cuda.device_count())]
