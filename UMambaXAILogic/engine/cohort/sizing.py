"""How many processes compute on this machine, on which device, with how many threads and how much memory each."""

from __future__ import annotations

import math
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..case_plan import plan_methods
from ..device import check_device_name, resolve_device
from ..memory import volume_bytes
from ..model.layers import resolve_layers
from ..volume import Geometry
from .request import CohortRequest

if TYPE_CHECKING:
    from ..model.loading import Model

_GIB = 2**30
#: Share of the free memory that is planned with; the rest is for other programs and for what the plan does not see.
_USABLE_SHARE = 0.9
#: A process with torch and nnU-Net loaded, before it reads anything.
_PROCESS_BYTES = 600 * 2**20
#: Feature maps of the first stage that explaining one window holds at its peak (measured on the demo model: 42).
_FEATURE_MAPS = 48
#: The same where gradients go back to the network's input (measured: 71).
_FEATURE_MAPS_FROM_INPUT = 80


@dataclass(frozen=True)
class WorkerPlan:
    """The processes of a run on this machine.

    Args:
        gpus: for every process the value of CUDA_VISIBLE_DEVICES that gives it a GPU of its own; None: left as it is.
        threads: CPU threads of each.
        memory_limit_gb: what the arrays of one case may take.
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
    layers = len(resolve_layers(model, request.template.layers))
    at_input = any(planned.explained_as.at_input for planned in plan_methods(request.template))
    need = max(case_bytes(model, grid, layers, on_gpu, at_input) for grid in grids)
    usable = _USABLE_SHARE * psutil.virtual_memory().available
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
        memory_limit_gb=request.template.memory_limit_gb or usable / workers / _GIB,
        reason=reason,
    )


def case_bytes(model: Model, grid: Geometry, layers: int, on_gpu: bool, at_input: bool = False) -> int:
    """Host memory (bytes) of a process that computes one case: an estimate from above.

    Args:
        model: its plans give the network grid and the window.
        grid: of the volume.
        layers: that are explained.
        on_gpu: activations lie in the GPU's memory.
        at_input: a method explains at the network's input.
    """
    image = math.prod(grid.size)
    network = network_voxels(model, grid)
    heads = model.label_manager.num_segmentation_heads
    arrays = volume_bytes((image,), (network,), heads, layers, resampled=image != network)
    weights = sum(parameter.nbytes for parameter in model.network.parameters()) * (1 + len(model.folds))
    if on_gpu:
        return _PROCESS_BYTES + weights + arrays
    first_stage = next(p for p in model.network.parameters() if p.dim() == 2 + model.dimension)
    feature_map = first_stage.shape[0] * math.prod(model.patch_size) * 4
    feature_maps = _FEATURE_MAPS_FROM_INPUT if at_input else _FEATURE_MAPS
    return _PROCESS_BYTES + weights + arrays + feature_maps * feature_map


def network_voxels(model: Model, grid: Geometry) -> int:
    """Voxels of a volume on the model's grid, nothing cropped."""
    shape = [grid.shape[axis] for axis in model.plans_manager.transpose_forward]
    spacing = [grid.spacing_mm[::-1][axis] for axis in model.plans_manager.transpose_forward]
    resampled = len(model.spacing_mm)  # a 2-D configuration leaves the first axis as it is
    voxels = math.prod(shape[:-resampled])
    for count, found, wanted in zip(shape[-resampled:], spacing[-resampled:], model.spacing_mm, strict=True):
        voxels *= max(1, round(count * found / wanted))
    return voxels


def _gpus(device: str) -> list[str | None]:
    """What CUDA_VISIBLE_DEVICES must be for each GPU that may be used; one None where the device is named."""
    import torch

    check_device_name(device)
    if device not in ("auto", "cuda"):
        return [None]
    visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return [visible[number] if visible else str(number) for number in range(torch.cuda.device_count())]
