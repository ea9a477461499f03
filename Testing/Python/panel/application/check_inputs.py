"""Everything that is chosen before a run: model, ground truth, and the advanced part."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import qt
import slicer

from UMambaXAILogic.engine.resources import resource_path
from UMambaXAILogic.scene.terminology import tag_segment
from UMambaXAILogic.slicer_app.model_memory import MODELS_SETTING, ModelMemory


@pytest.fixture(autouse=True)
def no_memory():
    """No model was used before."""
    qt.QSettings().setValue(MODELS_SETTING, "")


@pytest.fixture
def trained(tmp_path):
    """A trained folder as far as the panel looks: trained(labels=..., folds=2, trainer=...)."""

    def make(
        name: str = "Dataset301_Vessels",
        labels: dict | None = None,
        folds: int = 1,
        trainer: str = "nnUNetTrainerUMambaBot",
        mirrors: tuple | None = (0, 1, 2),
    ) -> Path:
        folder = tmp_path / name / f"{trainer}__nnUNetPlans__3d_fullres"
        folder.mkdir(parents=True)
        plans = json.loads((resource_path("demo_model") / "plans.json").read_text()) | {"dataset_name": name}
        (folder / "plans.json").write_text(json.dumps(plans))
        dataset = {"channel_names": {"0": "CT"}, "labels": labels or {"background": 0, "vessel": 1}}
        (folder / "dataset.json").write_text(json.dumps(dataset))
        content = {
            "network_weights": {},
            "init_args": {"configuration": "3d_fullres"},
            "trainer_name": trainer,
            "inference_allowed_mirroring_axes": mirrors,
        }
        for fold in range(folds):
            (folder / f"fold_{fold}").mkdir()
            with zipfile.ZipFile(folder / f"fold_{fold}" / "checkpoint_final.pth", "w") as archive:
                archive.writestr("archive/data.pkl", pickle.dumps(content, 2))
        return folder

    return make


@pytest.fixture
def add_truth():
    """Adds a segmentation on the grid of ``add_volume``, with a box for each segment: add_truth("ICA", "MCA")."""

    def add(*names: str):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Truth")
        node.CreateDefaultDisplayNodes()
        for number, name in enumerate(names):
            array = np.zeros((8, 24, 32), np.uint8)
            array[:, 10:14, 10 + 3 * number : 13 + 3 * number] = 1
            labels = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
            slicer.util.updateVolumeFromArray(labels, array)
            image = slicer.vtkOrientedImageData()
            image.DeepCopy(labels.GetImageData())
            segment = slicer.vtkSegment()
            segment.SetName(name)
            segment.AddRepresentation("Binary labelmap", image)
            tag_segment(segment, name)
            node.GetSegmentation().AddSegment(segment)
            slicer.mrmlScene.RemoveNode(labels)
        return node

    return add


def items(combo_box) -> list[str]:
    return [combo_box.itemText(row) for row in range(combo_box.count)]


def row_of(combo_box, key: str) -> int:
    row = combo_box.findData(key)
    assert row >= 0, (key, items(combo_box))
    return row


def choose(combo_box, key: str) -> None:
    combo_box.setCurrentIndex(row_of(combo_box, key))


def checks(combo_box) -> list[str]:
    return [combo_box.itemData(index.row()) for index in combo_box.checkedIndexes()]


def check(combo_box, key: str, on: bool = True) -> None:
    index = combo_box.model().index(row_of(combo_box, key), 0)
    combo_box.setCheckState(index, qt.Qt.Checked if on else qt.Qt.Unchecked)


def choose_in_dialog(panel, dialogs, path, kind: str = "choose folder") -> None:
    dialogs.path = str(path)
    choose(panel.ui.modelSelector, kind)


def asked_of_worker(panel, worker, spin) -> dict:
    """The request that a run with the present choices makes."""
    # Looking for GPUs is a worker too, with a request of its own.
    spin(lambda: panel.ui.deviceHintLabel.text != "Looking for GPUs...")
    worker.go()
    panel.ui.runButton.click()
    spin(lambda: not panel.controller.is_busy)
    return json.loads((worker.folder / "request.json").read_text())


def test_the_demo_model_says_what_it_is(panel):
    assert items(panel.ui.modelSelector) == ["Demo model (phantom vessels)", "Folder...", "Zip..."]
    line = panel.ui.modelInfoLabel.text
    assert line == (
        "U-Mamba Enc, 3-D. Segments vessel. Trained on CT at 0.6 x 0.6 x 1.11 mm. It knows computer-made phantoms only."
    )
    assert "nnUNetTrainerUMambaEncDemo" in panel.ui.modelInfoLabel.toolTip


def test_a_folder_is_looked_at_and_remembered(panel, add_volume, dialogs, trained, picture):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    folder = trained(labels={"background": 0, "ICA": 1, "MCA": 2})
    choose_in_dialog(panel, dialogs, folder)
    assert dialogs.asked == ["folder"]
    assert panel.parameters.model == str(folder)
    assert "U-Mamba Bot, 3-D. Segments ICA, MCA." in panel.ui.modelInfoLabel.text
    assert panel.ui.modelSelector.currentText == "Dataset301_Vessels, U-Mamba Bot 3d_fullres"
    assert panel.ui.runButton.enabled
    other = trained("Dataset302_Other")
    choose_in_dialog(panel, dialogs, other)
    assert [model.path for model in ModelMemory().models()] == [str(other), str(folder)]
    choose(panel.ui.modelSelector, str(folder))
    assert panel.parameters.model == str(folder)
    picture("inputs-model")
    panel.parameters.model = "demo"
    assert panel.ui.modelSelector.currentIndex == 0


def test_a_zip_is_chosen_likewise(panel, dialogs, trained, tmp_path):
    folder = trained()
    with zipfile.ZipFile(tmp_path / "exported.zip", "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, Path("Dataset301_Vessels") / folder.name / path.relative_to(folder))
    choose_in_dialog(panel, dialogs, tmp_path / "exported.zip", "choose archive")
    assert dialogs.asked == ["archive"]
    assert "U-Mamba Bot, 3-D" in panel.ui.modelInfoLabel.text
    assert panel.ui.modelSelector.currentText == "Dataset301_Vessels, U-Mamba Bot 3d_fullres"


def test_what_is_no_model_is_refused_with_the_reason_and_not_remembered(panel, add_volume, dialogs, tmp_path, picture):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    choose_in_dialog(panel, dialogs, tmp_path)
    assert "plans.json is missing" in panel.ui.modelInfoLabel.text
    assert "#d0342c" in panel.ui.modelInfoLabel.styleSheet
    assert not panel.ui.runButton.enabled
    assert "plans.json is missing" in panel.ui.runButton.toolTip
    assert "see above" in panel.ui.messageLabel.text
    assert ModelMemory().models() == ()
    assert panel.ui.modelSelector.currentText == tmp_path.name
    assert picture("inputs-refused").width() == 430  # long paths break
    choose(panel.ui.modelSelector, "demo")
    assert panel.ui.runButton.enabled


def test_a_change_of_mind_changes_nothing(panel, dialogs):
    choose_in_dialog(panel, dialogs, "")
    assert dialogs.asked == ["folder"]
    assert panel.parameters.model == "demo"
    assert panel.ui.modelSelector.currentIndex == 0


def test_a_model_that_is_gone_is_shown_as_missing(opened, panel, dialogs, trained):
    folder = trained()
    choose_in_dialog(panel, dialogs, folder)
    folder.rename(folder.with_name("elsewhere"))
    opened.exit()
    opened.enter()
    assert panel.ui.modelSelector.currentText.endswith("(missing)")
    assert "does not exist" in panel.ui.modelInfoLabel.text


def test_a_model_that_changes_is_looked_at_again(panel, dialogs, trained):
    folder = trained()
    choose_in_dialog(panel, dialogs, folder)
    dataset = json.loads((folder / "dataset.json").read_text()) | {"labels": {"background": 0, "aneurysm": 1}}
    (folder / "dataset.json").write_text(json.dumps(dataset))
    panel.refresh()
    assert "Segments aneurysm" in panel.ui.modelInfoLabel.text


def test_segments_of_the_ground_truth_are_chosen_one_by_one(panel, add_volume, add_truth, worker, spin, picture):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    assert panel.ui.groundTruthPartsSelector.isHidden()
    truth = add_truth("ICA", "MCA", "Aneurysm")
    panel.ui.groundTruthSelector.setCurrentNode(truth)
    selector = panel.ui.groundTruthPartsSelector
    assert not selector.isHidden()
    assert panel.ui.groundTruthPartsLabel.text == "Its segments:"
    assert items(selector) == ["ICA", "MCA", "Aneurysm"]
    ids = [truth.GetSegmentation().GetNthSegmentID(index) for index in range(3)]
    assert checks(selector) == ids
    check(selector, ids[1], on=False)
    assert list(panel.parameters.groundTruthParts) == [ids[0], ids[2]]
    picture("inputs-segments")
    request = asked_of_worker(panel, worker, spin)
    assert request["ground_truth_names"] == [[1, "ICA"], [2, "MCA"], [3, "Aneurysm"]]
    assert request["ground_truth_labels"] == [1, 2, 3]  # the exported mask has none of the MCA's
    check(selector, ids[0], on=False)
    check(selector, ids[2], on=False)
    assert not panel.ui.runButton.enabled
    assert "Nothing of Truth is chosen" in panel.ui.runButton.toolTip
    check(selector, ids[1])
    check(selector, ids[0])
    check(selector, ids[2])
    assert list(panel.parameters.groundTruthParts) == []  # all, whatever there is to come


def test_one_segment_leaves_nothing_to_choose(panel, add_volume, add_truth):
    panel.ui.groundTruthSelector.setCurrentNode(add_truth("Vessels"))
    assert panel.ui.groundTruthPartsSelector.isHidden()
    assert panel.ui.groundTruthPartsLabel.isHidden()


def test_labels_of_a_label_volume_are_chosen_one_by_one(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    truth = add_volume("Truth", "vtkMRMLLabelMapVolumeNode")
    array = np.zeros((8, 24, 32), np.uint8)
    array[2, 3:5], array[3, 7:9], array[4, 1] = 1, 4, 13
    slicer.util.updateVolumeFromArray(truth, array)
    panel.ui.groundTruthSelector.setCurrentNode(truth)
    selector = panel.ui.groundTruthPartsSelector
    assert items(selector) == ["Label 1", "Label 4", "Label 13"]
    assert panel.ui.groundTruthPartsLabel.text == "Its labels:"
    assert asked_of_worker(panel, worker, spin)["ground_truth_labels"] is None
    check(selector, "4", on=False)
    assert asked_of_worker(panel, worker, spin)["ground_truth_labels"] == [1, 13]


def open_advanced(panel) -> None:
    panel.ui.optionsCollapsibleButton.collapsed = False


def test_the_advanced_part_is_folded_at_first_and_explains_itself(panel):
    assert panel.ui.optionsCollapsibleButton.collapsed
    assert panel.ui.optionsCollapsibleButton.text == "Advanced"
    for name, control in vars(panel.advanced_section.ui).items():
        if control.className() not in ("QLabel", "QGroupBox", "QWidget", "ctkCollapsibleButton"):
            assert len(control.toolTip) > 20, name


def test_nothing_changed_asks_the_worker_for_what_every_other_door_asks(panel, add_volume, worker, spin):
    from UMambaXAILogic.engine.request import Request

    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    asked = asked_of_worker(panel, worker, spin)
    usual = json.loads(Request("v", "demo", "o").to_json())
    different = {key for key in usual if asked[key] != usual[key]}
    assert different == {"volume", "output", "case", "output_format"}


def test_every_choice_reaches_the_worker(panel, add_volume, add_truth, worker, spin, dialogs, trained, picture):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    choose_in_dialog(panel, dialogs, trained(labels={"background": 0, "ICA": 1, "MCA": 2}, folds=3))
    panel.ui.groundTruthSelector.setCurrentNode(add_truth("ICA", "MCA"))
    open_advanced(panel)
    ui = panel.ui
    ui.resampleTruthCheckBox.setChecked(True)
    choose(ui.targetSelector, "MCA")
    choose(ui.kindSelector, "fn")
    ui.poolSpinBox.value = 4
    choose(ui.poolModeSelector, "mean")
    check(ui.layersSelector, "encoder.0")
    check(ui.layersSelector, "decoder.2", on=False)
    ui.layerMapsCheckBox.setChecked(True)
    ui.judgeMapCheckBox.setChecked(True)
    ui.thresholdsEdit.setText("0.25 0.5")
    choose(ui.deviceSelector, "cpu")
    ui.memoryLimitSpinBox.value = 6.5
    check(ui.foldsSelector, "1", on=False)
    ui.mirrorCheckBox.setChecked(True)
    ui.stepSpinBox.value = 0.75
    ui.replaceCheckBox.setChecked(False)
    picture("advanced-changed", 1180)
    request = asked_of_worker(panel, worker, spin)
    assert request["target"] == {"label": "MCA", "kind": "fn", "score": None, "part": None}
    assert (request["pool"], request["pool_mode"]) == (4, "mean")
    assert request["layers"] == ["encoder.0", "encoder.2", "encoder.3", "decoder.0", "decoder.1"]
    assert request["save_layer_maps"] is True
    assert request["badges"] is True
    assert request["thresholds"] == [0.25, 0.5]
    assert request["device"] == "cpu"
    assert request["memory_limit_gb"] == 6.5
    assert request["folds"] == [0, 2]
    assert request["mirror"] is True
    assert request["step"] == 0.75
    assert ui.optionsCollapsibleButton.text == "Advanced (13 changed)"
    title = ui.optionsCollapsibleButton.toolTip
    for what in (
        "target",
        "pooling",
        "layers",
        "thresholds",
        "device",
        "memory limit",
        "folds",
        "mirroring",
        "step",
        "judging",
    ):
        assert what in title


def test_a_run_that_keeps_earlier_results_leaves_their_nodes(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    asked_of_worker(panel, worker, spin)
    maps = "vtkMRMLSegmentationNode"
    once = slicer.mrmlScene.GetNumberOfNodesByClass(maps)
    asked_of_worker(panel, worker, spin)
    assert slicer.mrmlScene.GetNumberOfNodesByClass(maps) == once
    panel.ui.replaceCheckBox.setChecked(False)
    asked_of_worker(panel, worker, spin)
    assert slicer.mrmlScene.GetNumberOfNodesByClass(maps) == 2 * once


def test_a_roi_bounds_what_is_explained(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    roi.SetCenter(5, 5, 3)
    roi.SetSize(6, 4, 4)
    panel.ui.regionSelector.setCurrentNode(roi)
    assert panel.ui.regionPartsSelector.isHidden()
    region = asked_of_worker(panel, worker, spin)["region"]
    assert region["box_mm_ras"] == pytest.approx([2, 8, 3, 7, 1, 5])


def test_segments_bound_the_region_one_by_one(panel, add_volume, add_truth, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    node = add_truth("Left", "Right")
    panel.ui.regionSelector.setCurrentNode(node)
    open_advanced(panel)
    assert not panel.ui.regionPartsSelector.isHidden()
    first, second = (node.GetSegmentation().GetNthSegmentID(index) for index in range(2))
    check(panel.ui.regionPartsSelector, first, on=False)
    assert list(panel.parameters.regionParts) == [second]
    assert asked_of_worker(panel, worker, spin)["region"]["mask"].endswith("region.nrrd")
    check(panel.ui.regionPartsSelector, second, on=False)
    assert "Nothing of Truth is chosen" in panel.ui.runButton.toolTip


def test_a_method_brings_its_own_settings_and_hides_what_it_has_not(panel, add_volume, worker, spin, picture):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    open_advanced(panel)
    ui, settings = panel.ui, panel.advanced_section.settings
    assert settings.control("fill").isHidden()
    assert ui.poolSpinBox.enabled
    choose(ui.methodSelector, "dea")
    assert not ui.poolSpinBox.enabled
    assert "does not pool" in ui.poolSpinBox.toolTip
    assert "blocks of so many voxels" in ui.poolSpinBox.toolTip  # what it would do is still said
    assert not ui.layersSelector.enabled
    assert "no layers to choose from" in ui.layersSelector.toolTip
    assert not ui.presetSelector.enabled
    assert not settings.control("fill").isHidden()
    assert settings.control("samples").isHidden()
    choose(settings.control("fill"), "blur")
    assert items(settings.control("regions")) == ["Grid", "Supervoxel"]
    settings.control("region_size_mm").value = 5.5
    settings.control("max_regions").value = 50
    picture("advanced-method", 1180)
    request = asked_of_worker(panel, worker, spin)
    assert request["method"] == "dea"
    assert request["layers"] is None
    asked = {name: value for name, value in request["method_options"].items() if value is not None}
    assert asked == {"fill": "blur", "region_size_mm": 5.5, "max_regions": 50}
    choose(ui.methodSelector, "smoothgrad")
    choose(settings.control("base_method"), "seg-xres-cam")
    assert ui.poolSpinBox.enabled
    assert ui.layersSelector.enabled
    choose(ui.methodSelector, "seg-xres-cam")
    assert all(value is None for value in asked_of_worker(panel, worker, spin)["method_options"].values())


def test_what_contradicts_itself_is_refused_before_the_run(panel, add_volume, add_truth):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    ui = panel.ui
    assert not ui.kindSelector.enabled
    assert "ground truth" in ui.kindSelector.toolTip
    ui.groundTruthSelector.setCurrentNode(add_truth("Vessels"))
    assert ui.kindSelector.enabled
    choose(ui.kindSelector, "tp")
    assert ui.runButton.enabled
    ui.groundTruthSelector.setCurrentNode(None)
    assert not ui.runButton.enabled
    assert "ground truth" in ui.runButton.toolTip
    assert ui.kindSelector.enabled  # or nobody could take it back
    choose(ui.kindSelector, "prediction")
    assert ui.runButton.enabled
    for entry in ("", "2", "0.3, x"):
        ui.thresholdsEdit.setText(entry)
        assert not ui.runButton.enabled
        assert "threshold" in ui.messageLabel.text
    ui.thresholdsEdit.setText("0.3")
    choose(ui.presetSelector, "paper")
    choose(ui.methodSelector, "occlusion")
    assert "not part of the published analysis" in ui.runButton.toolTip
    choose(ui.presetSelector, "")
    choose(ui.methodSelector, "seg-xres-cam")
    for alias in checks(ui.layersSelector):
        check(ui.layersSelector, alias, on=False)
    assert "No layer is chosen" in ui.runButton.toolTip


def test_what_a_model_has_not_is_off_with_the_reason(panel, dialogs, trained, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    ui = panel.ui
    assert "segments vessel and nothing else" in ui.targetSelector.toolTip
    assert "in one fold" in ui.foldsSelector.toolTip
    panel.parameters.mirror = True
    choose_in_dialog(panel, dialogs, trained(mirrors=None, folds=2))
    assert not ui.mirrorCheckBox.enabled
    assert "without mirroring" in ui.mirrorCheckBox.toolTip
    assert ui.foldsSelector.enabled
    assert asked_of_worker(panel, worker, spin)["mirror"] is False


def test_the_usual_layers_follow_the_model_until_somebody_chooses(panel, dialogs, trained):
    ui = panel.ui
    usual = ["encoder.2", "encoder.3", "decoder.0", "decoder.1", "decoder.2"]
    assert checks(ui.layersSelector) == usual
    assert "encoder.1.conv" in items(ui.layersSelector)
    choose_in_dialog(panel, dialogs, trained())
    assert "encoder.1.conv" not in items(ui.layersSelector)
    check(ui.layersSelector, "encoder.3.conv")
    choose(ui.modelSelector, "demo")
    assert "encoder.3.conv" in checks(ui.layersSelector)  # both have it
    check(ui.layersSelector, "encoder.1.conv")
    choose_in_dialog(panel, dialogs, trained("Dataset302_Other"))
    assert checks(ui.layersSelector) == usual  # chosen for another model


def test_devices_are_asked_of_the_worker_when_somebody_looks(panel, worker, spin, picture):
    assert items(panel.ui.deviceSelector) == ["Automatic", "CPU"]
    open_advanced(panel)
    assert panel.ui.deviceHintLabel.text == "Looking for GPUs..."
    assert not panel.ui.refreshDevicesButton.enabled
    spin(lambda: panel.devices.known.found is not None)
    assert items(panel.ui.deviceSelector) == [
        "Automatic",
        "cuda:0, 21.5 of 24 GB free, NVIDIA Stand-in",
        "CPU, 8 threads, 30.0 of 32 GB free",
    ]
    assert panel.ui.deviceHintLabel.isHidden()
    choose(panel.ui.deviceSelector, "cuda:0")
    assert panel.parameters.device == "cuda:0"
    picture("advanced-devices", 1180)
    panel.ui.optionsCollapsibleButton.collapsed = True
    open_advanced(panel)
    assert not panel.devices.known.asking  # known already
    panel.ui.refreshDevicesButton.click()
    assert panel.devices.known.asking
    spin(lambda: not panel.devices.known.asking)


def test_without_the_packages_nobody_is_asked(panel, runtime, worker):
    runtime.is_ready = worker.is_ready = False
    panel.refresh()
    open_advanced(panel)
    assert not panel.devices.known.asking
    assert "once the packages are installed" in panel.ui.deviceHintLabel.text
    assert not panel.ui.refreshDevicesButton.enabled


def test_an_answer_that_does_not_come_is_said_and_leaves_what_there_was(panel, worker, spin):
    worker.mode = "error"
    open_advanced(panel)
    spin(lambda: not panel.devices.known.asking)
    assert "could not be looked for" in panel.ui.deviceHintLabel.text
    assert items(panel.ui.deviceSelector) == ["Automatic", "CPU"]


def test_while_something_runs_nothing_can_be_chosen(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    panel.ui.runButton.click()
    assert not panel.ui.modelSelector.enabled
    assert not panel.ui.targetSelector.enabled
    assert "Wait until Segment & Explain" in panel.ui.layersSelector.toolTip
    panel.ui.cancelButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert panel.ui.modelSelector.enabled


def test_all_choices_survive_saving_and_loading_the_scene(
    opened, panel, add_volume, add_truth, dialogs, trained, tmp_path
):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    folder = trained(labels={"background": 0, "ICA": 1, "MCA": 2}, folds=3)
    choose_in_dialog(panel, dialogs, folder)
    truth = add_truth("ICA", "MCA", "Aneurysm")
    panel.ui.groundTruthSelector.setCurrentNode(truth)
    check(panel.ui.groundTruthPartsSelector, truth.GetSegmentation().GetNthSegmentID(1), on=False)
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    panel.ui.regionSelector.setCurrentNode(roi)
    choose(panel.ui.targetSelector, "ICA")
    choose(panel.ui.kindSelector, "fp")
    choose(panel.ui.methodSelector, "occlusion")
    choose(panel.advanced_section.settings.control("fill"), "mean")
    choose(panel.ui.methodSelector, "seg-grad-cam")
    check(panel.ui.layersSelector, "decoder.0", on=False)
    check(panel.ui.foldsSelector, "2", on=False)
    panel.ui.thresholdsEdit.setText("0.4, 0.6")
    panel.ui.memoryLimitSpinBox.value = 12.0
    panel.ui.stepSpinBox.value = 0.25
    panel.ui.mirrorCheckBox.setChecked(True)
    panel.ui.replaceCheckBox.setChecked(False)
    panel.parameters.device = "cuda:1"
    chosen = panel.inputs()
    scene = slicer.mrmlScene
    scene.SetSaveToXMLString(1)
    scene.Commit()
    saved = scene.GetSceneXMLString()
    opened.exit()
    scene.Clear(0)
    opened.enter()
    assert panel.inputs().choices != chosen.choices
    opened.exit()
    scene.SetLoadFromXMLString(1)
    scene.SetSceneXMLString(saved)
    scene.Connect()
    scene.SetLoadFromXMLString(0)
    opened.enter()
    again = panel.inputs()
    assert again.choices == chosen.choices
    assert again.model == str(folder)
    assert again.volume_name == chosen.volume_name
    assert again.ground_truth_name == "Truth"
    assert again.region_name == "Box"
    assert list(panel.parameters.groundTruthParts) == list(chosen.ground_truth_parts.kept)
    assert panel.ui.deviceSelector.currentText == "cuda:1 (not looked for yet)"
    assert panel.ui.thresholdsEdit.text == "0.4, 0.6"
