"""Keyword arguments of the doors become the worker's request."""

from __future__ import annotations

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

from UMambaXAILogic.engine.methods.settings import SETTINGS, MethodOptions
from UMambaXAILogic.scene_calls.options import build_request, options_from


@pytest.mark.parametrize("keep", [False, True])
def test_maps_of_layers_are_kept_where_they_are_asked_for(tmp_path, keep):
    options = options_from({"saveLayerMaps": keep})
    request = build_request("case", "demo", 0.3, options, tmp_path, ground_truth=None, region=None)
    assert request.save_layer_maps is keep


def test_settings_of_methods_reach_the_request(tmp_path):
    asked = {"regions": "grid", "regionSizeMm": 6.5, "maxRegions": 50, "reachMm": 12.0, "fill": "blur"}
    asked |= {"baseMethod": "seg-xres-cam", "samples": 4, "noise": 0.2, "seed": 7}
    asked |= {"stage": 2, "promptShare": 0.4, "prototypeWeight": 0.6, "promptWeight": 0.1, "globalWeight": 0.0}
    asked |= {"outsideWeight": -0.2, "spatialFloor": 0.5, "boxMarginMm": 3.0}
    assert len(asked) == len(SETTINGS)
    request = build_request("case", "demo", 0.3, options_from(asked), tmp_path, ground_truth=None, region=None)
    assert request.method_options == MethodOptions(**dict(zip(SETTINGS, asked.values(), strict=True)))
    silent = build_request("case", "demo", 0.3, options_from({}), tmp_path, ground_truth=None, region=None)
    assert silent.method_options == MethodOptions()
