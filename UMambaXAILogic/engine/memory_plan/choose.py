"""Choosing the fastest way to compute a case that fits, or saying what would."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

from ..errors import MemoryExhaustedError
from .case_size import CaseSize, device_bytes, host_bytes
from .places import Place
from .plan import MemoryPlan, gigabytes
from .window_peak import WindowPeak

#: Windows at a time on a GPU: more do not make it faster. On the CPU one window keeps all cores busy, and is what
#: nnU-Net computes, bit for bit.
BATCHES = (8, 4, 2, 1)
#: Voxels of a batch, at most: some CUDA kernels (upsampling, depthwise convolutions) refuse maps of 2^31 values, and a
#: network's widest have 64 channels or so at full resolution.
_BATCH_VOXELS = 2**24
_GIB = 2**30


def choose_plan(
    size: CaseSize, window: WindowPeak, *, host_limit: int, device_limit: int | None = None, on_cpu: bool = True
) -> MemoryPlan:
    """The first plan that fits, in the order of speed.

    Args:
        window: peaks of one window, on whichever device computes.
        host_limit: bytes of main memory beside the loaded model.
        device_limit: bytes of the GPU's memory beside the loaded model; None on the CPU, and where nobody knows.
        on_cpu: windows are computed in main memory.

    Raises:
        MemoryExhaustedError: none fits; says what the smallest one needs and what would help.
    """
    tightest = None
    for plan in _plans(size, window, host_limit, device_limit, on_cpu):
        if plan.fits():
            return plan
        tightest = plan
    assert tightest is not None
    raise _nothing_fits(tightest, size, window, on_cpu)


def _plans(
    size: CaseSize, window: WindowPeak, host_limit: int, device_limit: int | None, on_cpu: bool
) -> Iterator[MemoryPlan]:
    """From the fastest to the one that needs least."""
    places = (Place.HOST, Place.FILE) if on_cpu else tuple(Place)
    batches = (1,) if on_cpu else [n for n in BATCHES if n == 1 or n * size.patch_voxels <= _BATCH_VOXELS]
    for recompute in (False, True):
        for (logits, maps), batch in itertools.product(itertools.product(places, places), batches):
            host = host_bytes(size, window, on_cpu=on_cpu, batch=batch, recompute=recompute, logits=logits, maps=maps)
            device = {}
            if not on_cpu:
                device = device_bytes(size, window, batch=batch, recompute=recompute, logits=logits, maps=maps)
            yield MemoryPlan(batch, recompute, logits, maps, host, device, host_limit, device_limit)


def _nothing_fits(plan: MemoryPlan, size: CaseSize, window: WindowPeak, on_cpu: bool) -> MemoryExhaustedError:
    """Of the plan that needs least."""
    if plan.host_peak > plan.host_limit:
        stage = max(plan.host, key=lambda name: plan.host[name])
        need, limit, whose = plan.host_peak, plan.host_limit, "memory"
    else:
        assert plan.device_peak is not None and plan.device_limit is not None
        stage = max(plan.device, key=lambda name: plan.device[name])
        need, limit, whose = plan.device_peak, plan.device_limit, "the GPU's memory"
    helps = [f"Allow {math.ceil(10 * need / _GIB) / 10:g} GB, or close other programs"]
    if whose != "memory":
        helps = [f"Free {gigabytes(need - limit)} more of the GPU's memory, or compute on the CPU"]
    voxels = _voxels_that_fit(plan, size, window, on_cpu) if whose == "memory" else None
    if voxels is not None:
        helps.append(
            f"crop the volume to at most {voxels / 1e6:.3g} million voxels (it has {size.image_voxels / 1e6:.3g})"
        )
    if stage == "explain" and window.explain > window.forward:
        helps.append(
            "choose a method of layers, such as Seg-XRes-CAM" if size.at_input else "explain deeper layers only"
        )
    return MemoryExhaustedError(
        f"This case needs at least {gigabytes(need)} of {whose} beside the model (in stage {stage}, with one window at "
        f"a time and large arrays in files), and {gigabytes(limit)} may be used.",
        f"{', or '.join(helps)}.",
    )


def _voxels_that_fit(plan: MemoryPlan, size: CaseSize, window: WindowPeak, on_cpu: bool) -> int | None:
    """How large the volume might be; None where the window alone is too much."""

    def peak(share: float) -> int:
        smaller = replace(
            size,
            image_voxels=int(share * size.image_voxels),
            network_voxels=int(share * size.network_voxels),
            padded_voxels=max(size.patch_voxels, int(share * size.padded_voxels)),
        )
        host = host_bytes(smaller, window, on_cpu=on_cpu, batch=1, recompute=True, logits=Place.FILE, maps=Place.FILE)
        return max(host.values())

    if peak(0.0) > plan.host_limit:
        return None
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if peak(middle) <= plan.host_limit else (low, middle)
    return int(low * size.image_voxels)
