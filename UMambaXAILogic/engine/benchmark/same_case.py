"""Whether the files that were named are those that a result was made from; where not, which of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..case.input import CaseInput
from ..case.plan import CasePlan
from ..content_fingerprint import content_fingerprint
from ..errors import InputError
from ..voxel_identity import voxels_sha256

#: Of mm and of direction cosines: formats keep them with other precision.
_TOLERANCE = 1e-3


def check_same_case(result: Mapping[str, Any], plan: CasePlan, case: CaseInput) -> None:
    """Refuse another case than that of a result.

    The settings are taken as the result has them: an option that came with a later version does not make its files
    other ones.

    Args:
        result: the content of metrics.json.
        plan: of the same run, made again.
        case: what was read.

    Raises:
        InputError: image, grid, ground truth or region are others.
    """
    request, recorded = result["request"], result.get("input") or {}
    if content_fingerprint(plan.request, plan.model.sha256, case, request["settings"]) == request["content"]:
        return
    remedy = "Name the files of that run, or explain the volume anew."
    if recorded.get("voxels_sha256") not in (None, voxels_sha256(case.volume.array)):
        raise InputError("The volume is not the one that the result was made from: its voxels are others.", remedy)
    if not _is_same_grid(recorded, case):
        raise InputError("The volume is not where it was when the result was made: its grid is another one.", remedy)
    raise InputError(
        "The volume is the one that the result was made from, but its region or ground truth is another one, or an "
        "earlier version of UMambaXAI made the result and told inputs apart in another way.",
        "Name the region and ground truth of that run; where they are named, explain the volume anew.",
    )


def _is_same_grid(recorded: Mapping[str, Any], case: CaseInput) -> bool:
    geometry = case.volume.geometry
    numbers = (
        (recorded.get("size"), geometry.size),
        (recorded.get("spacing"), geometry.spacing_mm),
        (recorded.get("origin"), geometry.origin_mm),
        (recorded.get("direction"), geometry.direction),
    )
    return all(before is None or np.allclose(before, now, rtol=0, atol=_TOLERANCE) for before, now in numbers)
