"""Every attribution method in the whole pipeline: files, metrics, costs, in three dimensions and in two."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.attribution import METHODS
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import MethodChoice, Region, Target

AT_INPUT = [name for name, facts in METHOD_FACTS.items() if facts.at_input]
MAPS = {"dea": ["gradient", "intervention"]}
#: Few passes; a method takes what it has.
FEW = {"max_regions": 8, "reach_mm": 2.0, "samples": 2}


def options_of(name: str) -> MethodOptions:
    return MethodOptions(**{key: value for key, value in FEW.items() if key in METHOD_FACTS[name].settings})


@pytest.fixture(scope="module", params=[3, 2], ids=["3-D", "2-D"])
def folder(request, make_trained_folder) -> str:
    return str(make_trained_folder(trainer="nnUNetTrainerUMambaBot", dimension=request.param))


@pytest.fixture(scope="module")
def volume(write_test_volume) -> Path:
    return write_test_volume(size=(20, 18, 8))


@pytest.mark.parametrize("name", AT_INPUT)
def test_a_case_is_explained_at_the_input(folder, volume, tmp_path, name):
    result = run_case(
        Request(volume, folder, tmp_path, method=name, method_options=options_of(name), save_layer_maps=True)
    )
    found = json.loads(result.files["metrics"].read_text())["attribution"]
    assert found["method"] == name and found["pool"] is None
    assert list(found["settings"]) == list(METHOD_FACTS[name].settings)
    assert {key: found["settings"][key] for key in FEW if key in found["settings"]} == {
        key: value for key, value in FEW.items() if key in found["settings"]
    }
    assert found["layers"] == MAPS.get(name, ["input"])
    assert result.metrics["methods"][0]["settings"] == found["settings"]
    assert {row["layer"] for row in result.metrics["alignment"]} == {"mean", *found["layers"]}
    assert result.metrics["alignment_without_last_layer"] == []
    image = sitk.ReadImage(str(result.files["attention"]))
    values = sitk.GetArrayFromImage(image)
    assert image.GetSize() == sitk.ReadImage(str(volume)).GetSize()
    # Peaks of a voxel lose height when they are interpolated; they are not brought to 1 again.
    assert values.min() == 0 and 0.2 < values.max() <= 1
    for layer in found["layers"]:
        assert (tmp_path / "layers" / f"attention.{layer}.nii.gz").is_file()
    if "max_regions" in found["settings"]:
        details = found["details"]
        assert details["region_count"] <= 8 and details["evaluated_windows"] <= details["windows_of_whole_predictions"]
        assert "forward passes; the segmentation took" in result.files["log"].read_text()


def test_target_and_region_are_those_of_the_request(make_trained_folder, volume, tmp_path):
    folder = str(make_trained_folder(labels={"background": 0, "artery": 1, "vein": 2}, seed=3))
    plain = run_case(Request(volume, folder, tmp_path / "plain", method="occlusion", target=Target("vein")))
    image = sitk.ReadImage(str(plain.files["segmentation"]))
    veins = np.argwhere(sitk.GetArrayFromImage(image) == 2)
    corner = image.TransformIndexToPhysicalPoint([int(i) for i in veins[len(veins) // 2][::-1]])
    right, anterior, superior = -corner[0], -corner[1], corner[2]
    box = (right - 3, right + 3, anterior - 3, anterior + 3, superior - 3, superior + 3)
    options = MethodOptions(reach_mm=0.0, region_size_mm=2.0, max_regions=500)
    near = run_case(
        Request(
            volume, folder, tmp_path / "near", method="supervoxel", target=Target("vein", score="logit"),
            region=Region(box_mm_ras=box), method_options=options,
        )
    )  # fmt: skip
    assert near.metrics["target"] == {"label": 2, "name": "vein", "kind": "prediction", "score": "logit"}
    map_ = sitk.GetArrayFromImage(sitk.ReadImage(str(near.files["attention"])))
    centre = np.argwhere(map_ > 0.05)
    points = np.array([image.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]]) for index in centre])
    assert len(points) and (np.abs(points - corner) < 3 + 2.5).all(), "with no reach the map stays in the region"


def test_methods_of_all_kinds_share_one_segmentation(make_trained_folder, volume, tmp_path):
    folder = str(make_trained_folder())
    others = tuple(MethodChoice(name) for name in ("grad-x-input", "dea"))
    request = Request(
        volume,
        folder,
        tmp_path,
        layers=["decoder.1"],
        other_methods=others,
        method_options=MethodOptions(max_regions=4),
    )
    metrics = run_case(request).metrics
    assert metrics["attribution"]["layers"] == ["decoder.1"] and metrics["attribution"]["settings"] == {}
    assert [entry["method"] for entry in metrics["methods"]] == ["seg-xres-cam", "grad-x-input", "dea"]
    assert metrics["methods"][2]["settings"]["max_regions"] == 4
    assert all(entry["alignment"] for entry in metrics["methods"])


@pytest.mark.parametrize("name", AT_INPUT)
def test_a_cancel_leaves_nothing_behind(make_trained_folder, volume, tmp_path, name):
    class Impatient(Reporter):
        def stage(self, stage: str) -> None:
            self.explaining = stage == "explain"

        def check_cancelled(self) -> None:
            if getattr(self, "explaining", False):
                raise CancelledError()

    request = Request(volume, str(make_trained_folder()), tmp_path / "out", method=name)
    with pytest.raises(CancelledError):
        run_case(request, Impatient())
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_the_developer_guides_method_is_complete(make_trained_folder, volume, tmp_path, repository, monkeypatch):
    guide = (repository / "Documentation" / "developer-guide.md").read_text()
    (code,) = [block for block in guide.split("```python\n")[1:] if "class Saliency" in block]
    namespace: dict = {}
    exec(code.split("```")[0], namespace)
    monkeypatch.setitem(METHODS, "saliency", namespace["Saliency"]())
    metrics = run_case(Request(volume, str(make_trained_folder()), tmp_path, method="saliency")).metrics
    assert metrics["attribution"]["method"] == "saliency" and metrics["attribution"]["layers"] == ["input"]
    assert metrics["attribution"]["passes"]["backward"] > 0
