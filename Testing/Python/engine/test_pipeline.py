"""One case from request to result, on small trained folders."""

from __future__ import annotations

import itertools
import json
import weakref
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.case import plan, segmentation
from UMambaXAILogic.engine.domain import measure_domain
from UMambaXAILogic.engine.errors import CancelledError, InputError, MemoryExhaustedError, ModelError, UsageError
from UMambaXAILogic.engine.inference.network_grid import NetworkGrid
from UMambaXAILogic.engine.memory_plan.places import Place
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.output_folder import OutputFolder
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import Region, Target
from UMambaXAILogic.engine.volume_io import read_volume

#: One layer, where a test is not about layers.
LAYER = ("decoder.1",)
CONTRACT_FIELDS = {
    "schema_version", "case", "input", "model", "target", "attribution", "segmentation", "alignment", "verdict",
    "domain", "warnings", "timing", "peak_memory_mb", "environment",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(make_trained_folder) -> str:
    return str(make_trained_folder(trainer="nnUNetTrainerUMambaBot", reader="SimpleITKIOWithReorient"))


@pytest.fixture(scope="module")
def volume(write_test_volume) -> Path:
    return write_test_volume(direction=(0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1))


@pytest.fixture(scope="module")
def result(folder, volume, tmp_path_factory):
    return run_case(Request(volume, folder, tmp_path_factory.mktemp("case"), save_layer_maps=True))


@pytest.fixture(scope="module")
def truth(result, tmp_path_factory) -> Path:
    """A ground truth that the prediction half agrees with: the prediction moved by two voxels."""
    image = sitk.ReadImage(str(result.files["segmentation"]))
    moved = sitk.GetImageFromArray(np.roll(sitk.GetArrayFromImage(image), 2, axis=2))
    moved.CopyInformation(image)
    path = tmp_path_factory.mktemp("truth") / "gt.nii.gz"
    sitk.WriteImage(moved, str(path))
    return path


def array_of(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def warning_codes(result) -> list[str]:
    return [warning["code"] for warning in result.metrics["warnings"]]


def test_files_lie_on_the_inputs_exact_grid(result, volume):
    source = sitk.ReadImage(str(volume))
    for name in ("segmentation", "attention"):
        image = sitk.ReadImage(str(result.files[name]))
        assert image.GetSize() == source.GetSize()
        assert image.GetSpacing() == source.GetSpacing()
        assert image.GetOrigin() == source.GetOrigin()
        assert image.GetDirection() == source.GetDirection()
    attention = sitk.ReadImage(str(result.files["attention"]))
    assert attention.GetPixelID() == sitk.sitkFloat32
    values = sitk.GetArrayFromImage(attention)
    assert values.min() == 0 and 0.5 < values.max() <= 1


def test_metrics_hold_every_field_of_the_contract_and_no_nan(result):
    text = result.files["metrics"].read_text()
    metrics = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in metrics.json"))
    assert set(metrics) >= CONTRACT_FIELDS
    assert set(metrics["input"]) >= {"path_sha256", "size", "spacing", "direction", "intensity_range"}
    assert set(metrics["model"]) >= {"architecture", "trainer", "fold", "sha256", "labels"}
    assert set(metrics["attribution"]) >= {"method", "pool", "layers", "preset", "passes"}
    assert set(metrics["timing"]) >= {"read", "preprocess", "segment", "explain", "metrics", "total"}
    assert metrics["schema_version"] == 1 and metrics["segmentation"]["dice"] is None


def test_metrics_can_be_recomputed_from_the_files(folder, volume, truth, tmp_path):
    result = run_case(Request(volume, folder, tmp_path, ground_truth=truth))
    pm, gt = array_of(result.files["segmentation"]) == 1, array_of(truth) > 0
    attention = array_of(result.files["attention"])
    measured = result.metrics["segmentation"]
    assert measured["dice"] == pytest.approx(2 * (pm & gt).sum() / (pm.sum() + gt.sum()))
    row = next(
        row
        for row in result.metrics["alignment"]
        if row["reference"] == "gt" and row["layer"] == "mean" and row["threshold"] == 0.3
    )
    attended = attention >= np.float32(0.3)
    assert row["attention_voxels"] == attended.sum()
    assert row["iou"] == pytest.approx((attended & gt).sum() / (attended | gt).sum())
    layers = {row["layer"] for row in result.metrics["alignment"]}
    assert layers == {"mean", *result.metrics["attribution"]["layers"]}


def test_domain_statistics_are_those_of_the_written_files(folder, volume, result, truth, tmp_path):
    with_truth = run_case(Request(volume, folder, tmp_path, case="one", ground_truth=truth, layers=LAYER))
    image, _ = read_volume(volume)
    masks = {"prediction": array_of(result.files["segmentation"]) == 1, "ground_truth": array_of(truth) > 0}
    for found, name, case in ((result, "prediction", "case"), (with_truth, "ground_truth", "one")):
        row = found.metrics["domain"]
        expected = measure_domain(image, case=case, vessels=masks[name], vessels_are=name, modality="CT")
        assert row == expected.to_json() == json.loads(found.files["metrics"].read_text())["domain"]
        assert row["morphology"]["mask"] == name
        assert row["intensity"]["vessel"]["voxels"] == masks[name].sum()


def test_layer_maps_are_the_ones_measured(result, volume):
    layers = result.metrics["attribution"]["layers"]
    saved = sorted(path.name for path in (result.folder / "layers").iterdir())
    assert saved == sorted(f"attention.{layer}.nii.gz" for layer in layers)
    for layer in layers:
        values = array_of(result.folder / "layers" / f"attention.{layer}.nii.gz")
        row = next(
            row
            for row in result.metrics["alignment"]
            if row["layer"] == layer and row["threshold"] == 0.3 and row["reference"] == "pm"
        )
        assert row["attention_voxels"] == (values >= np.float32(0.3)).sum()


@pytest.mark.parametrize("orientation", ["LAS", "RIA", "PIL"])
def test_a_reorienting_model_gives_the_same_in_patient_space(folder, volume, result, orientation, tmp_path):
    stored = sitk.DICOMOrient(sitk.ReadImage(str(volume)), orientation)
    path = tmp_path / "stored.nrrd"
    sitk.WriteImage(stored, str(path))
    other = run_case(Request(path, folder, tmp_path / "case"))
    back = "LPS"
    for name, tolerance in (("segmentation", 0), ("attention", 1e-5)):
        here = sitk.DICOMOrient(sitk.ReadImage(str(result.files[name])), back)
        there = sitk.DICOMOrient(sitk.ReadImage(str(other.files[name])), back)
        difference = np.abs(sitk.GetArrayFromImage(here).astype(float) - sitk.GetArrayFromImage(there))
        assert difference.max() <= tolerance
    here, there = (one.metrics["domain"] for one in (result, other))
    assert (here["intensity"], here["noise"]) == (there["intensity"], there["noise"])
    assert here["resolution"]["matrix"] == there["resolution"]["matrix"]


def test_a_storage_order_model_warns_that_orientation_matters(make_trained_folder, volume, tmp_path):
    model = make_trained_folder(trainer="nnUNetTrainer")
    assert "orientation_differs" in warning_codes(run_case(Request(volume, str(model), tmp_path)))


@pytest.mark.parametrize("kind", ["tp", "fp", "fn"])
def test_errors_can_be_explained(folder, volume, truth, kind, tmp_path):
    result = run_case(Request(volume, folder, tmp_path, ground_truth=truth, target=Target(kind=kind)))
    assert result.metrics["target"]["kind"] == kind
    assert result.files["attention"].exists()
    assert result.metrics["verdict"]["name"] == "not_available"
    assert kind.upper() in result.metrics["verdict"]["reasons"][0]


def test_no_error_of_a_kind_gives_no_map_and_says_so(folder, volume, truth, tmp_path):
    everything = sitk.ReadImage(str(truth)) * 0 + 1
    path = tmp_path / "everything.nii.gz"
    sitk.WriteImage(everything, str(path))
    case = run_case(Request(volume, folder, tmp_path / "case", ground_truth=path, target=Target(kind="fp")))
    assert case.files["attention"] is None and case.metrics["attribution"] is None
    assert "empty_target" in warning_codes(case)
    assert case.metrics["segmentation"]["dice"] > 0


def test_nothing_predicted_is_a_result_without_a_map(make_trained_folder, volume, tmp_path):
    model = make_trained_folder(trainer="nnUNetTrainerUMambaEnc", background_bias=100.0)
    result = run_case(Request(volume, str(model), tmp_path))
    assert result.metrics["segmentation"]["pm_voxels"] == 0
    assert result.files["attention"] is None and not list(tmp_path.glob("attention*"))
    assert result.metrics["attribution"] is None
    assert warning_codes(result).count("nothing_predicted") == 1


def test_a_region_limits_target_and_counting(folder, volume, result, truth, tmp_path):
    source = sitk.ReadImage(str(volume))
    inside = source.TransformIndexToPhysicalPoint([8, 8, 8])
    x, y, z = -inside[0], -inside[1], inside[2]
    region = Region(box_mm_ras=(x - 4, x + 4, y - 4, y + 4, z - 4, z + 4))
    case = run_case(Request(volume, folder, tmp_path, ground_truth=truth, region=region))
    counted = case.metrics["segmentation"]
    assert 0 < counted["region_voxels"] < array_of(volume).size / 4
    assert counted["pm_voxels"] < result.metrics["segmentation"]["pm_voxels"]
    passes, all_passes = case.metrics["attribution"]["passes"], result.metrics["attribution"]["passes"]
    assert passes["explained_windows"] < all_passes["explained_windows"]


def test_paper_preset_normalises_windows_and_uses_the_logit(folder, volume, result, tmp_path):
    paper = run_case(Request(volume, folder, tmp_path, preset="paper"))
    assert paper.metrics["target"]["score"] == "logit"
    assert paper.metrics["attribution"]["preset"] == "paper"
    assert np.array_equal(array_of(paper.files["segmentation"]), array_of(result.files["segmentation"]))
    ours, theirs = array_of(result.files["attention"]), array_of(paper.files["attention"])
    assert theirs.max() <= 1 and np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] < 0.999


def test_the_paper_preset_explains_the_wanted_voxels_of_every_window(folder, volume, truth, tmp_path):
    maps = {}
    for kind in ("prediction", "tp", "fp", "fn"):
        request = Request(
            volume, folder, tmp_path / kind, ground_truth=truth, preset="paper", target=Target(kind=kind), layers=LAYER
        )
        maps[kind] = array_of(run_case(request).files["attention"])
    for one, other in itertools.combinations(maps, 2):
        assert np.abs(maps[one] - maps[other]).max() > 0.01, (one, other)


@pytest.mark.parametrize("preset", [None, "paper"])
def test_passes_are_those_of_the_network(make_trained_folder, volume, monkeypatch, preset, tmp_path):
    model = make_trained_folder(trainer="nnUNetTrainerUMambaBot", folds=2, mirror_axes=(2,))
    forwards = []

    def load_and_count(*arguments, **options):
        loaded = load_model(*arguments, **options)
        loaded.network.register_forward_pre_hook(lambda *_: forwards.append(1))
        return loaded

    monkeypatch.setattr(plan, "load_model", load_and_count)
    result = run_case(Request(volume, str(model), tmp_path, preset=preset, mirror=True, layers=LAYER))
    passes = result.metrics["attribution"]["passes"]
    assert passes["forward"] == len(forwards)
    assert 0 < passes["explained_windows"] <= passes["windows"]
    assert passes["explained_share"] == pytest.approx(passes["explained_windows"] / passes["windows"], abs=1e-4)


@pytest.mark.parametrize("options", [{"method": "seg-grad-cam"}, {"pool": 2}, {"pool": 2, "pool_mode": "mean"}])
def test_methods_and_pooling_reach_the_map(folder, volume, result, options, tmp_path):
    other = run_case(Request(volume, folder, tmp_path, **options))
    assert not np.array_equal(array_of(other.files["attention"]), array_of(result.files["attention"]))
    assert other.metrics["attribution"]["method"] == options.get("method", "seg-xres-cam")
    assert other.metrics["attribution"]["pool"] == (None if "method" in options else 2)


def test_seg_grad_cam_warns_of_layers_whose_mean_gradient_vanishes(make_trained_folder, volume, tmp_path):
    model = make_trained_folder(trainer="nnUNetTrainer")
    request = Request(volume, str(model), tmp_path, method="seg-grad-cam", layers=("encoder.0", "decoder.1"))
    warnings = [w["message"] for w in run_case(request).metrics["warnings"] if w["code"] == "seg_grad_cam_degenerate"]
    assert len(warnings) == 1 and "encoder.0" in warnings[0]


def test_a_ground_truth_on_another_grid_is_refused_or_resampled_when_asked(folder, volume, truth, tmp_path):
    other = sitk.ReadImage(str(truth))
    other.SetSpacing([spacing * 1.1 for spacing in other.GetSpacing()])
    path = tmp_path / "other.nii.gz"
    sitk.WriteImage(other, str(path))
    with pytest.raises(InputError, match="spacing"):
        run_case(Request(volume, folder, tmp_path / "case", ground_truth=path))
    assert not (tmp_path / "case").exists()
    resampled = run_case(Request(volume, folder, tmp_path / "case", ground_truth=path, resample_ground_truth=True))
    assert resampled.metrics["segmentation"]["dice"] is not None


def test_a_single_slice_goes_through(folder, volume, tmp_path):
    image = sitk.ReadImage(str(volume))[:, :, 10:11]
    path = tmp_path / "slice.nrrd"
    sitk.WriteImage(image, str(path))
    result = run_case(Request(path, folder, tmp_path / "case"))
    assert array_of(result.files["segmentation"]).shape == (1, 26, 30)
    assert "single_slice" in warning_codes(result)


def test_a_constant_image_is_refused(folder, volume, tmp_path):
    image = sitk.ReadImage(str(volume)) * 0
    path = tmp_path / "zero.nii.gz"
    sitk.WriteImage(image, str(path))
    with pytest.raises(InputError, match="nothing to segment"):
        run_case(Request(path, folder, tmp_path / "case"))


def test_usage_is_checked_before_the_model_and_the_model_before_the_input(folder, tmp_path):
    nothing = tmp_path / "missing.nii.gz"
    with pytest.raises(UsageError, match="lime"):
        run_case(Request(nothing, "no-such-model", tmp_path / "out", method="lime"))
    with pytest.raises(ModelError, match="no-such-model"):
        run_case(Request(nothing, "no-such-model", tmp_path / "out"))
    with pytest.raises(InputError, match="missing.nii.gz"):
        run_case(Request(nothing, folder, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_too_little_memory_is_said_before_the_computation(folder, volume, tmp_path):
    with pytest.raises(MemoryExhaustedError, match="GB"):
        run_case(Request(volume, folder, tmp_path / "out", memory_limit_gb=1e-6))


def test_an_earlier_result_is_replaced_whole_or_kept_whole(folder, volume, tmp_path):
    first = run_case(Request(volume, folder, tmp_path, save_layer_maps=True))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    class Stop(Reporter):
        def stage(self, name):
            if name == "write":
                raise CancelledError()

    with pytest.raises(CancelledError):
        run_case(Request(volume, folder, tmp_path, preset="paper"), Stop())
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    run_case(Request(volume, folder, tmp_path, preset="paper", output_format="nrrd"))
    assert not first.files["attention"].exists() and not (tmp_path / "layers").exists()
    assert (tmp_path / "attention.nrrd").exists()


def test_voxels_to_be_ignored_are_not_truth(make_trained_folder, volume, tmp_path):
    model = make_trained_folder(trainer="nnUNetTrainer", labels={"background": 0, "vessel": 1, "ignore": 2})
    labels = sitk.ReadImage(str(volume)) * 0
    labels[4:9, 4:9, 4:9] = 1
    labels[12:20, 12:20, 12:20] = 2
    sitk.WriteImage(labels, str(tmp_path / "gt.nii.gz"))
    result = run_case(Request(volume, str(model), tmp_path / "case", ground_truth=tmp_path / "gt.nii.gz", layers=LAYER))
    assert result.metrics["segmentation"]["gt_voxels"] == 5**3


def test_pages_and_layer_maps_of_an_earlier_result_go_and_the_users_own_files_stay(folder, volume, tmp_path):
    (tmp_path / "layers").mkdir()
    mine = [tmp_path / "index.html", tmp_path / "view_of_mine.png", tmp_path / "layers" / "mine.txt"]
    for path in mine:
        path.write_text("mine")
    run_case(Request(volume, folder, tmp_path, layers=LAYER, save_layer_maps=True))
    assert all(path.read_text() == "mine" for path in mine)
    assert (tmp_path / "layers" / "attention.decoder.1.nii.gz").exists()

    for path in mine[:2]:  # the folder is a case's by now
        path.write_text("drawn from the first result")
    run_case(Request(volume, folder, tmp_path, layers=LAYER))
    assert not mine[0].exists() and not mine[1].exists()
    assert [path.name for path in (tmp_path / "layers").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("stage", ["read", "preprocess", "segment", "explain", "metrics"])
def test_cancelling_at_any_stage_leaves_nothing(folder, volume, stage, tmp_path):
    stages = []

    class Listener(Reporter):
        def stage(self, name):
            stages.append(name)

        def check_cancelled(self):
            if stage in stages:
                raise CancelledError()

    with pytest.raises(CancelledError):
        run_case(Request(volume, folder, tmp_path / "out"), Listener())
    assert not (tmp_path / "out").exists()
    assert stages[-1] == stage


def test_a_prediction_that_vanishes_on_the_way_back_is_no_prediction(folder, volume, monkeypatch, tmp_path):
    monkeypatch.setattr(NetworkGrid, "export", lambda grid, _: np.zeros(grid.volume.geometry.shape, np.uint8))
    result = run_case(Request(volume, folder, tmp_path))
    assert result.metrics["segmentation"]["pm_voxels"] == 0
    assert result.files["attention"] is None and result.metrics["attribution"] is None
    assert "nothing_predicted" in warning_codes(result)


def test_no_array_outlives_the_folder_of_its_file(folder, volume, monkeypatch, tmp_path):
    """Windows would not remove the folder."""
    seen, predict, leave = [], segmentation.predict_stitched_logits, OutputFolder.__exit__

    def watched(*given, memory, **named):
        in_file = RunMemory(logits=Place.FILE, scratch=memory.scratch)
        logits = predict(*given, memory=in_file, **named)
        seen.append(weakref.ref(logits.untyped_storage()))
        return logits

    def checked(output, *reason):
        assert [storage() for storage in seen] == [None]
        leave(output, *reason)

    monkeypatch.setattr(segmentation, "predict_stitched_logits", watched)
    monkeypatch.setattr(OutputFolder, "__exit__", checked)
    run_case(Request(volume, folder, tmp_path / "case", layers=LAYER))
    assert seen


def test_a_second_run_into_the_same_folder_is_refused_while_the_first_runs(folder, volume, tmp_path):
    out = tmp_path / "out"
    refused = []

    class Listener(Reporter):
        def stage(self, name):
            if name == "segment":
                with pytest.raises(UsageError, match="Another run") as error:
                    run_case(Request(volume, folder, out))
                refused.append(error)

    result = run_case(Request(volume, folder, out), Listener())
    assert len(refused) == 1 and result.files["attention"].exists()
    assert sorted(path.name for path in out.iterdir()) == sorted(
        path.name for path in result.files.values() if path is not None
    )


def test_what_a_killed_run_left_is_cleared_by_the_next(folder, volume, tmp_path):
    left = tmp_path / ".unfinished-killed"
    left.mkdir()
    (left / "segmentation.nii.gz").write_bytes(b"half")
    run_case(Request(volume, folder, tmp_path))
    assert not left.exists()


def test_a_step_of_less_than_a_voxel_is_refused(folder, volume, tmp_path):
    with pytest.raises(UsageError, match="less than a voxel"):
        run_case(Request(volume, folder, tmp_path / "out", step=1e-3))


def test_a_ground_truth_of_several_vessels_is_read_out_by_vessel(folder, volume, result, truth, tmp_path):
    values = array_of(truth)
    values[:, :, values.shape[2] // 2 :] *= 5
    image = sitk.GetImageFromArray(values)
    image.CopyInformation(sitk.ReadImage(str(truth)))
    (tmp_path / "raw" / "labelsTr").mkdir(parents=True)
    path = tmp_path / "raw" / "labelsTr" / "case.nii.gz"
    sitk.WriteImage(image, str(path))
    names = {"background": 0, "left": 1, "right": 5}
    (tmp_path / "raw" / "dataset.json").write_text(json.dumps({"labels": names}))
    found = run_case(Request(volume, folder, tmp_path / "out", layers=LAYER, ground_truth=path))
    segmentation, attention = array_of(found.files["segmentation"]) > 0, array_of(found.files["attention"])
    readout = found.metrics["vessel_readout"]
    assert readout["reference"] == "gt"
    assert {row["name"]: row["voxels"] for row in readout["by_label"]} == {
        name: int((values == names[name]).sum()) for name in ("left", "right")
    }
    for row in readout["by_label"]:
        inside = values == row["label"]
        assert row["recall"] == pytest.approx(segmentation[inside].mean())
        assert row["mean_attention"] == pytest.approx(attention[inside].mean(dtype=float), abs=1e-6)
    assert 0 < found.metrics["segmentation"]["cl_dice"] <= 1
    assert result.metrics["vessel_readout"]["reference"] == "pm" and result.metrics["segmentation"]["cl_dice"] is None
