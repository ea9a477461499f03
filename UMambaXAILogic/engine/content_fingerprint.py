"""What a map depends on, by content: it is the same wherever the files lie and whatever their names are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .fingerprint import request_settings
from .voxel_identity import voxels_sha256

if TYPE_CHECKING:
    from .case.input import CaseInput
    from .request import Request

#: Of mm and of direction cosines.
_DECIMALS = 4


def content_fingerprint(
    request: Request, model_sha256: str, case: CaseInput, settings: Mapping[str, Any] | None = None
) -> str:
    """SHA-256 over settings, model, image, region, and the ground truth where an error is explained.

    A scene writes its volume anew for every run: path and time, on which the request's own fingerprint rests, say
    nothing there.

    Args:
        request: of the run.
        model_sha256: of the checkpoint.
        case: what was read.
        settings: as an earlier version wrote ``request_settings``; None: the request's.
    """
    geometry = case.volume.geometry
    truth = case.ground_truth if request.target.kind != "prediction" else None
    body = {
        "settings": request_settings(request) if settings is None else settings,
        "model": model_sha256,
        "grid": [geometry.size, *map(_rounded, (geometry.spacing_mm, geometry.origin_mm, geometry.direction))],
        "image": voxels_sha256(case.volume.array),
        "truth": None if truth is None else voxels_sha256(truth),
        "region": None if case.region is None else voxels_sha256(case.region),
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _rounded(numbers: Sequence[float]) -> list[float]:
    """Formats keep positions with other precision than a scene does."""
    return [round(number, _DECIMALS) + 0.0 for number in numbers]  # -0.0 becomes 0.0
