"""Keyword arguments of the doors become the worker's request."""

from __future__ import annotations

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

from UMambaXAILogic.scene_calls.options import build_request, options_from


@pytest.mark.parametrize("keep", [False, True])
def test_maps_of_layers_are_kept_where_they_are_asked_for(tmp_path, keep):
    options = options_from({"saveLayerMaps": keep})
    request = build_request("case", "demo", 0.3, options, tmp_path, ground_truth=None, region=None)
    assert request.save_layer_maps is keep
