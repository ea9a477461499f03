"""What metrics.json says about a SAM's case: the fields of any case, and the alignment with the boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..alignment import CaseMeasurement, CaseMetrics
from ..case.name import case_name
from ..case.record import CaseRecord, peak_memory_mb
from ..case.results import SCHEMA_VERSION, environment_fields, input_fields
from .case_input import SamInput
from .request import METHOD, OWN_SETTINGS, SamRequest

if TYPE_CHECKING:
    from .checkpoint import SamCheckpoint
    from .maps import SamMaps
    from .network import Sam
    from .prompts import PromptedSlices

#: The one label that prompts give.
LABELS = {"background": 0, "object": 1}


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Args:
        case: segmentation and alignment with it and with the ground truth.
        with_box: alignment rows of map and control whose reference is ``box``.
        layers: depths that have a map.
    """

    case: CaseMetrics
    with_box: list[dict[str, Any]]
    layers: list[str]


def box_alignment(with_box: CaseMeasurement, attention: npt.NDArray[np.float32], layer: str) -> list[dict[str, Any]]:
    """Alignment rows of a map with the prompt boxes.

    Args:
        with_box: a measurement with the boxes in the prediction's place.
        layer: what the rows call the map.
    """
    rows = with_box.other_mean_alignment(attention)["alignment"]
    return [{**row, "reference": "box", "layer": layer} for row in rows]


def sam_metrics(
    request: SamRequest,
    checkpoint: SamCheckpoint,
    sam: Sam,
    case: SamInput,
    slices: PromptedSlices,
    maps: SamMaps,
    measured: Measured,
    record: CaseRecord,
) -> dict[str, Any]:
    """The content of metrics.json."""
    for code, message in measured.case.warnings:
        record.warning(code, message)
    alignment = [row for row in measured.case.fields["alignment"] if row["layer"] == "mean"]
    method = {"method": METHOD, "pool": None, "pool_mode": None}
    settings = request.method_settings()
    attribution = {
        **method,
        "settings": {name: getattr(settings, name) for name in OWN_SETTINGS},
        "details": maps.details,
        "layers": measured.layers,
        "layers_without_map": [depth for depth in maps.aliases if depth not in measured.layers],
        "preset": None,
        "score": None,
        "passes": {
            "windows": len(slices.values),
            "explained_windows": maps.explained_windows,
            "explained_share": round(maps.explained_windows / len(slices.values), 4),
            "forward": maps.forward_passes,
            "backward": 0,
        },
    }
    device = checkpoint.device
    return {
        "schema_version": SCHEMA_VERSION,
        "case": request.case or case_name(request.volume),
        "phantom": case.volume.is_phantom,
        "input": input_fields(request.volume, case.volume, case.facts),
        "model": {
            "architecture": "SAM",
            "trainer": None,
            "configuration": sam.description,
            "fold": [],
            "sha256": checkpoint.sha256,
            "labels": LABELS,
            "spacing": None,
            "patch_size": [sam.frame, sam.frame],
            "pixels": checkpoint.pixels,
        },
        "target": {"label": 1, "name": "object", "kind": "prediction", "score": None},
        "attribution": attribution if measured.layers else None,
        **measured.case.fields,
        "alignment_with_box": measured.with_box,
        "methods": [{**method, "alignment": alignment, "gap": measured.case.fields["gap"]}] if measured.layers else [],
        "domain": None,
        "warnings": record.warnings,
        "timing": record.timing(),
        "peak_memory_mb": peak_memory_mb(device.type),
        "environment": environment_fields(device, None),
        "request": {"fingerprint": None, "settings": request.settings()},
    }
