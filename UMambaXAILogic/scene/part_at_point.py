"""The part of a target at a point of the scene: where that is in the volume's own space, and what it is called."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from UMambaXAILogic.engine.request import Request, Target

from .grid import world_to_local


def in_local_space(request: Request, volume_node: Any) -> Request:
    """The same place for a worker, which sees the volume without its parent transforms.

    Args:
        request: whose target's part, where it has one, is at a point in world coordinates.

    Raises:
        InputError: a parent transform is not linear.
    """
    part = request.target.part
    if part is None:
        return request
    x, y, z = (world_to_local(volume_node) @ np.append(part.point_mm_ras, 1.0))[:3].tolist()
    target = dataclasses.replace(request.target, part=dataclasses.replace(part, point_mm_ras=(x, y, z)))
    return dataclasses.replace(request, target=target)


def part_name(target: Target) -> str:
    """Such as ``FP component at R12.0 A-30.5 S8.0``, as a result is told from others by; empty where all is explained.

    Args:
        target: whose part is at a point in world coordinates.
    """
    if target.part is None:
        return ""
    kind = "" if target.kind == "prediction" else f"{target.kind.upper()} "
    # Adding nothing makes a zero of a negative zero.
    where = " ".join(
        f"{axis}{round(at, 1) + 0.0:.1f}" for axis, at in zip("RAS", target.part.point_mm_ras, strict=True)
    )
    return f"{kind}{target.part.unit} at {where}"
