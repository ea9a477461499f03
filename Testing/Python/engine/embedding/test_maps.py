"""The registry's method, from settings to maps, control, files and metrics."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.attribution import METHODS
from UMambaXAILogic.engine.attribution.embedding_similarity import prompt_box
from UMambaXAILogic.engine.attribution.method import control_of
from UMambaXAILogic.engine.inference.target import TargetSelection
from UMambaXAILogic.engine.methods.settings import MethodOptions, MethodSettings
from UMambaXAILogic.engine.model.layers import all_layers
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import MethodChoice, Region

METHOD = METHODS["embedding-similarity"]


class Listener(Reporter):
    def __init__(self):
        super().__init__()
        self.warnings = []

    def warning(self, code, message):
        self.warnings.append((code, message))


def unit(values):
    """Min-max of what is above 0."""
    values = np.maximum(values, 0)
    return (values - values.min()) / (values.max() - values.min())


def test_stage_3_is_the_published_formula(make_case, similarity_the_long_way):
    case = make_case((18, 16, 22), trainer="nnUNetTrainerUMambaBot")
    layers = [layer for layer in all_layers(case.model.network) if layer.alias in ("encoder.1", "decoder.1")]
    listener = Listener()
    maps = METHOD.explain(case, layers, MethodSettings(), listener)
    # 5 mm at (1, 0.8, 0.8) mm are 5, 7 and 7 voxels
    where = np.argwhere(case.mask[case.plan.valid].numpy())
    low = np.maximum(where.min(0) - (5, 7, 7), 0)
    high = np.minimum(where.max(0) + 1 + (5, 7, 7), case.plan.shape)
    inside = np.zeros(case.plan.shape, bool)
    inside[tuple(map(slice, low, high))] = True
    centre, half = (low + high - 1) / 2, (high - low) / 2
    z, y, x = np.meshgrid(*map(np.arange, case.plan.shape), indexing="ij")
    squared = sum(((axis - c) / h) ** 2 for axis, c, h in zip((z, y, x), centre, half, strict=True))
    spatial = 0.3 + 0.7 * np.exp(-squared / 2)
    weight = case.model.network.decoder.seg_layers[-1].weight.double().numpy().reshape(2, -1)
    full = {"prototype": 0.5, "prompt": 0.2, "global": 0.15, "outside": -0.15}
    without = {name: value / 0.8 for name, value in full.items() if name != "prompt"}
    expected = similarity_the_long_way(case, layers[:1], inside, without)
    expected |= similarity_the_long_way(case, layers[1:], inside, full, {"decoder.1": weight[1] - weight[0]})
    control = control_of(maps)
    for alias, similarity in expected.items():
        assert np.abs(maps.on_network_grid(alias) - unit(similarity) * spatial).max() < 5e-5
        assert np.abs(control.on_network_grid(alias) - unit(similarity)).max() < 5e-5
    assert maps.details == {"box": "target", "components_left_out": {"prompt": ["encoder.1"]}}
    assert listener.warnings[0][0] == "component_left_out" and "encoder.1" in listener.warnings[0][1]
    assert (maps.explained_windows, maps.backward_passes) == (len(case.plan.windows), 0)


@pytest.mark.parametrize("settings", [{"stage": 1}, {"stage": 2}, {"spatial_floor": 1.0}])
def test_without_the_spatial_weight_there_is_no_control(make_case, settings):
    case = make_case((16, 16, 16), trainer="nnUNetTrainerUMambaBot")
    maps = METHOD.explain(case, all_layers(case.model.network)[-1:], MethodSettings(**settings), Reporter())
    assert control_of(maps) is None
    values = maps.on_network_grid("decoder.1")
    assert (values.min(), values.max()) == (0, 1)


def test_the_box_is_the_regions_where_there_is_one(make_case):
    case = make_case((20, 14, 27), trainer="nnUNetTrainerUMambaBot")
    region = case.mask.clone()
    region[:] = False
    valid = region[case.plan.valid]
    valid[4:9, 2:12, 5:20] = True
    box, origin = prompt_box(replace(case, selection=TargetSelection(region=region)), margin_mm=5)
    assert (box.start, box.stop, origin) == ((4, 2, 5), (9, 12, 20), "region")


@pytest.fixture(scope="module")
def volume(write_test_volume):
    return write_test_volume()


@pytest.fixture(scope="module")
def folder(make_trained_folder):
    return str(make_trained_folder("nnUNetTrainerUMambaBot"))


def test_a_case_has_the_map_its_control_and_both_measured(folder, volume, tmp_path):
    request = Request(volume, folder, tmp_path / "a", method="embedding-similarity", layers=("decoder.0", "decoder.1"))
    metrics = run_case(request).metrics
    attention = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a" / "attention.nii.gz")))
    control = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a" / "layers" / "attention.control.nii.gz")))
    assert attention.shape == control.shape and not np.array_equal(attention, control)
    for name, values in (("alignment", attention), ("alignment_of_control", control)):
        (row,) = [row for row in metrics[name] if row["layer"] in ("mean", "control") and row["threshold"] == 0.3]
        assert row["attention_voxels"] == int((values >= np.float32(0.3)).sum()) > 0
    attribution = metrics["attribution"]
    assert attribution["method"] == "embedding-similarity" and attribution["settings"]["stage"] == 3
    assert attribution["details"]["components_left_out"]["prompt"] == ["decoder.0"]
    assert attribution["passes"]["backward"] == 0
    assert attribution["passes"]["forward"] == 3 * attribution["passes"]["windows"]
    json.dumps(metrics, allow_nan=False)


def test_beside_another_method_the_control_is_measured_too(folder, volume, tmp_path):
    request = Request(
        volume,
        folder,
        tmp_path / "b",
        other_methods=(MethodChoice("embedding-similarity"),),
        method_options=MethodOptions(prototype_weight=1.0),
        layers=("decoder.1",),
    )
    metrics = run_case(request).metrics
    assert metrics["alignment_of_control"] == [] and not (tmp_path / "b" / "layers").exists()
    other = metrics["methods"][1]
    assert other["settings"]["prototype_weight"] == 1.0
    assert {row["layer"] for row in other["alignment_of_control"]} == {"control"}
    assert other["alignment_of_control"] != other["alignment"]


def test_a_region_box_is_the_prompt(folder, volume, tmp_path):
    image = sitk.ReadImage(str(volume))
    corners = [image.TransformIndexToPhysicalPoint(index) for index in ((5, 4, 6), (20, 20, 18))]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    box = (-high[0], -low[0], -high[1], -low[1], low[2], high[2])
    request = Request(
        volume, folder, tmp_path / "c", method="embedding-similarity", layers=("decoder.1",), region=Region(None, box)
    )
    assert run_case(request).metrics["attribution"]["details"]["box"] == "region"
