"""A volume through a tiny SAM: files, numbers, orientation, refusals."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import CancelledError, InputError, ModelError, UsageError
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.page import build_case_page
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import Region
from UMambaXAILogic.engine.sam.request import SamRequest

SIZE = (28, 24, 9)  # x, y, z


def write(array, path: Path, orientation="LPS") -> Path:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.8, 0.8, 2.0))
    image.SetOrigin((-10.0, 5.0, 30.0))
    sitk.WriteImage(sitk.DICOMOrient(image, orientation), str(path))
    return path


def read(path: Path):
    return sitk.GetArrayFromImage(sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS"))


@pytest.fixture(scope="module")
def arrays():
    random = np.random.default_rng(2)
    volume = np.full(SIZE[::-1], -1000, np.int16)
    volume[:, 3:21, 3:25] = random.normal(40, 15, (9, 18, 22))
    vessel = np.zeros(SIZE[::-1], np.uint8)
    vessel[2:7, 8:14, 9:19] = 1
    volume[vessel > 0] += 300
    return volume, vessel


@pytest.fixture(scope="module")
def case(arrays, tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    return write(arrays[0], folder / "head.nii.gz"), write(arrays[1], folder / "vessel.nii.gz")


@pytest.fixture(scope="module")
def request_for(case, sam_folder):
    def make(out, **changes) -> SamRequest:
        volume, vessel = case
        fields = {"volume": volume, "checkpoint": sam_folder, "region": Region(mask=vessel), "ground_truth": vessel}
        return SamRequest(output=out, **{**fields, **changes})

    return make


@pytest.fixture(scope="module")
def finished(request_for, tmp_path_factory):
    from UMambaXAILogic.engine.sam.run import run_sam

    request = request_for(tmp_path_factory.mktemp("out") / "a", layers=("block.1", "embedding"), save_layer_maps=True)
    return run_sam(request)


def test_the_numbers_are_those_of_the_files(finished, arrays):
    metrics, folder = finished.metrics, finished.folder
    assert json.loads((folder / "metrics.json").read_text()) == json.loads(json.dumps(metrics))
    mask, attention = read(folder / "segmentation.nii.gz"), read(folder / "attention.nii.gz")
    control = read(folder / "layers" / "attention.control.nii.gz")
    box = np.zeros(mask.shape, bool)
    box[2:7, 8:14, 9:19] = True
    assert attention.dtype == np.float32 and attention.max() == 1 and mask.dtype == np.uint8
    for array in (mask, attention, control):  # only slices 2 to 6 are prompted
        assert not array[:2].any() and not array[7:].any()
    assert metrics["segmentation"]["pm_voxels"] == mask.sum()
    assert metrics["segmentation"]["region_voxels"] == 5 * 24 * 28
    references = {"gt": arrays[1] > 0, "pm": mask > 0, "box": box}
    for rows, name, values in (
        ("alignment", "mean", attention),
        ("alignment_of_control", "control", control),
        ("alignment_with_box", "mean", attention),
        ("alignment_with_box", "control", control),
        ("alignment", "block.1", read(folder / "layers" / "attention.block.1.nii.gz")),
    ):
        chosen = [row for row in metrics[rows] if row["layer"] == name]
        assert len(chosen) == (3 if rows == "alignment_with_box" else 6)
        for row in chosen:
            found, reference = values >= np.float32(row["threshold"]), references[row["reference"]]
            found[:2] = found[7:] = False
            common, either = (found & reference).sum(), (found | reference).sum()
            assert row["overlap_voxels"] == common and row["iou"] == pytest.approx(common / either)
    assert metrics["attribution"]["passes"] == {
        "windows": 9, "explained_windows": 5, "explained_share": 0.5556, "forward": 5, "backward": 0,
    }  # fmt: skip
    assert metrics["attribution"]["details"] == {"components_left_out": {"prompt": ["block.1"]}}
    codes = [warning["code"] for warning in metrics["warnings"]]
    assert codes == ["component_left_out", "prediction_outside_annotation"]


def test_the_spatial_weight_pulls_the_map_into_the_box(finished):
    """What the control is for: the same features, and the box alone makes the difference."""
    at = {row["layer"]: row["precision"] for row in finished.metrics["alignment_with_box"] if row["threshold"] == 0.4}
    assert at["mean"] > at["control"]


def test_the_result_has_a_page(finished, case):
    page = build_case_page(finished.folder, *case).read_text(encoding="utf-8")
    assert "SAM, 3 blocks of 24 channels, frame 64" in page and "control: without the box" in page


def test_storage_order_does_not_matter(finished, arrays, request_for, tmp_path):
    from UMambaXAILogic.engine.sam.run import run_sam

    volume = write(arrays[0], tmp_path / "head.nrrd", "SRA")
    vessel = write(arrays[1], tmp_path / "vessel.nrrd", "SRA")
    request = request_for(
        tmp_path / "b", volume=volume, region=Region(mask=vessel), ground_truth=vessel, layers=("block.1", "embedding")
    )
    run_sam(request)
    for name in ("segmentation", "attention", "layers/attention.control"):
        assert np.array_equal(read(tmp_path / "b" / f"{name}.nii.gz"), read(finished.folder / f"{name}.nii.gz"))


def test_a_box_in_mm_prompts_as_the_mask_of_its_voxels_does(finished, request_for, tmp_path):
    from UMambaXAILogic.engine.sam.run import run_sam

    # voxel centres of the vessel: x 9..18, y 8..13, z 2..6; RAS = -x, -y, z
    box = (-(-10 + 18 * 0.8), -(-10 + 9 * 0.8), -(5 + 13 * 0.8), -(5 + 8 * 0.8), 34, 42)
    request = request_for(tmp_path, region=Region(box_mm_ras=box), layers=("block.1", "embedding"))
    metrics = run_sam(request).metrics
    assert metrics["alignment_with_box"] == finished.metrics["alignment_with_box"]
    assert metrics["request"]["settings"]["region_box_mm_ras"] == list(box)


def test_stage_1_has_no_control_and_nothing_is_asked_of_a_network(request_for, tmp_path, monkeypatch):
    from UMambaXAILogic.engine.sam.run import run_sam

    def refuse(*_args, **_options):
        raise AssertionError("a network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    metrics = run_sam(request_for(tmp_path, options=MethodOptions(stage=1), ground_truth=None)).metrics
    assert metrics["alignment_of_control"] == [] and not (tmp_path / "layers").exists()
    assert metrics["segmentation"]["dice"] is None and metrics["attribution"]["settings"]["stage"] == 1


class Stopper(Reporter):
    def __init__(self, stage):
        super().__init__(lambda: self.seen == stage)
        self.seen = None

    def stage(self, name):
        self.seen = name


@pytest.mark.parametrize("stage", ["segment", "explain", "metrics"])
def test_cancelling_leaves_nothing_behind(request_for, tmp_path, stage):
    from UMambaXAILogic.engine.sam.run import run_sam

    with pytest.raises(CancelledError):
        run_sam(request_for(tmp_path / "out"), Stopper(stage))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"layers": ("block.9",)}, UsageError, "no layer 'block.9'.*block.0, block.1, block.2, embedding"),
        ({"layers": ()}, UsageError, "No layer was named"),
        ({"checkpoint": "facebook/sam-vit-base"}, ModelError, "does not exist"),
        ({"region": Region(box_mm_ras=(900, 901, 0, 1, 0, 1))}, InputError, "no voxel centre"),
        ({"options": MethodOptions(samples=3)}, UsageError, "a SAM has no such setting"),
        ({"options": MethodOptions(box_margin_mm=3)}, UsageError, "a SAM has no such setting"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(request_for, tmp_path, changes, error, words):
    from UMambaXAILogic.engine.sam.run import run_sam

    with pytest.raises(error, match=words):
        run_sam(request_for(tmp_path / "out", **changes))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"window": (500, -100)}, "window"),
        ({"window": (1,)}, "window"),
        ({"thresholds": (0.3, 1.5)}, "threshold"),
        ({"thresholds": ()}, "No attention threshold"),
        ({"layers": "embedding"}, "not a list"),
    ],
)
def test_wrong_values_are_refused_when_the_request_is_made(tmp_path, changes, words):
    region = Region(box_mm_ras=(0, 1, 0, 1, 0, 1))
    with pytest.raises(UsageError, match=words):
        SamRequest("head.nii.gz", "sam", tmp_path, region, **changes)
