"""A row is JSON of fixed size, and JSON that is no row is refused."""

from __future__ import annotations

import json

import pytest

from UMambaXAILogic.engine.domain import DomainRow, DomainSettings
from UMambaXAILogic.engine.errors import InputError, UsageError


@pytest.mark.parametrize(
    "options",
    [{}, {"units": "arbitrary", "modality": None}, {"diameters": None}, {"noise": (None, 5.0, None)}],
    ids=["CT", "no units", "no mask", "one estimator"],
)
def test_json_gives_the_row_back(make_row, options):
    body = json.loads(json.dumps(make_row(**options).to_json(), allow_nan=False))
    assert DomainRow.from_json(body).to_json() == body


@pytest.mark.parametrize(
    "path, value",
    [
        (("schema_version",), 2),
        (("units",), "gray"),
        (("intensity",), None),
        (("intensity", "full", "voxels"), None),
        (("intensity", "histogram", "bins"), "other-bins"),
        (("noise",), {"air": {"std": 1.0, "voxels": 1, "reason": None}}),
        (("noise", "air"), {"std": 1.0, "voxels": 1, "reason": None, "more": 1}),
        (("resolution", "spacing_mm"), {"x": 1.0}),
        (("morphology", "mask"), "somebody's"),
    ],
)
def test_what_is_no_row_is_refused(make_row, path, value):
    body = make_row().to_json()
    part = body
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(InputError) as caught:
        DomainRow.from_json(body)
    assert caught.value.remedy


@pytest.mark.parametrize("window", [(80, 0), (0, 0), (0, float("inf")), (float("nan"), 80)])
def test_a_window_without_values_is_refused(window):
    with pytest.raises(UsageError, match="window"):
        DomainSettings(window_hu=window)


@pytest.mark.parametrize("size", [0, -1.0, float("nan"), float("inf")])
def test_a_voxel_size_that_is_none_is_refused(size):
    with pytest.raises(UsageError, match="voxel size"):
        DomainSettings(isotropic_mm=size)
