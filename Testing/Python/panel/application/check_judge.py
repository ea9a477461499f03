"""Judging the map on show and benchmarking methods, in the panel."""

from __future__ import annotations

import json
import shutil

import qt
import slicer

from UMambaXAILogic.scene.import_benchmark import find_benchmarks


def texts(table) -> list[list[str]]:
    node = table.mrmlTableNode()
    return [[node.GetCellText(row, column) for column in range(3)] for row in range(node.GetNumberOfRows())]


def asked(worker) -> dict:
    return json.loads((worker.folder / "request.json").read_text())


def benchmark(panel, worker, spin) -> None:
    worker.go()
    panel.ui.benchmarkButton.click()
    spin(lambda: not panel.controller.is_busy)


def test_without_a_result_the_way_to_one_is_said(panel):
    ui = panel.ui
    assert not ui.judgeButton.enabled and "run Segment & Explain first" in ui.judgeHintLabel.text
    assert not ui.benchmarkButton.enabled and "Choose a volume" in ui.benchmarkHintLabel.text
    assert ui.benchmarkTableView.isHidden() and not ui.benchmarkDeletionButton.enabled
    assert not ui.benchmarkFolderButton.enabled and ui.judgeProgressBar.isHidden()


def test_the_map_on_show_is_judged(panel, shown, worker, spin, picture):
    ui = panel.ui
    assert "Not judged yet" in ui.judgeBadgesLabel.text and ui.judgeSubjectLabel.text.startswith("CTA: demo, ")
    ui.judgeButton.click()
    spin(lambda: not panel.controller.is_busy)
    request = asked(worker)
    assert request["kind"] == "badges" and request["model"] == "demo" and request["ground_truth"] is None
    assert "Depends on what the network learned: earned" in ui.judgeBadgesLabel.text
    assert "Depends on what the network learned: earned" in ui.judgeMessageLabel.text
    assert "Depends on what the network learned" in ui.numbersLabel.text
    assert shown.nodes.get("legend").GetTitleText().endswith("sanity: passed")
    assert ui.judgeButton.enabled and "judged before" in ui.judgeButton.toolTip
    for name in ("inputsCollapsibleButton", "resultCollapsibleButton"):
        getattr(ui, name).collapsed = True
    ui.judgeCollapsibleButton.collapsed = False
    assert ui.judgeProgressBar.isHidden() and ui.judgeHintLabel.isHidden()
    picture("judge-map-400", 1000, 400)


def test_a_result_of_another_model_is_not_judged_by_this_one(panel, shown, tmp_path):
    panel.parameters.model = str(tmp_path / "Dataset9")
    assert not panel.ui.judgeButton.enabled
    assert "made by another model" in panel.ui.judgeHintLabel.text
    assert "made by another model" in panel.ui.judgeButton.toolTip


def test_methods_are_ranked_in_a_table_with_their_curves(panel, add_volume, worker, spin, picture):
    ui = panel.ui
    ui.inputVolumeSelector.setCurrentNode(add_volume())
    methods = panel.judge_section.methods
    assert [name for name, box in methods.items() if box.checked] == ["seg-xres-cam", "seg-grad-cam", "grad-x-input"]
    methods["seg-grad-cam"].setChecked(False)
    methods["dea"].setChecked(True)
    ui.benchmarkBudgetSpinBox.setValue(20)
    assert "up to 20 passes" in methods["dea"].text
    ui.benchmarkRobustnessCheckBox.setChecked(False)
    ui.benchmarkFillSelector.setCurrentIndex(2)
    ui.benchmarkSeedSpinBox.setValue(7)
    for name in ("inputsCollapsibleButton", "resultCollapsibleButton"):
        getattr(ui, name).collapsed = True
    ui.judgeCollapsibleButton.collapsed = False
    ui.benchmarkButton.click()
    spin(lambda: "Filling what the maps put first" in ui.judgeProgressLabel.text)
    assert not ui.judgeProgressBar.isHidden() and ui.judgeCancelButton.enabled
    assert not ui.benchmarkButton.enabled and not methods["dea"].enabled and not ui.judgeButton.enabled
    picture("judge-running", 1100, 400)
    worker.go()
    spin(lambda: not panel.controller.is_busy)
    request = asked(worker)
    assert request["kind"] == "benchmark"
    assert (request["case"]["method"], request["case"]["other_methods"][0]["name"]) == ("seg-xres-cam", "grad-x-input")
    assert request["case"]["other_methods"][1]["name"] == "dea"
    assert (request["budget"], request["seed"], request["fill"], request["axes"]) == (20, 7, "blur", ["sanity"])
    assert "3 maps were judged. First: Seg-XRes-CAM, faithfulness 0.61." in ui.judgeMessageLabel.text
    assert [row[:2] for row in texts(ui.benchmarkTableView)] == [
        ["1", "Seg-XRes-CAM"],
        ["2", "Dual-evidence attribution"],
        ["3", "Baseline: Random"],
    ]
    assert "in CTA" in ui.benchmarkSubjectLabel.text and "higher is better" in ui.benchmarkReadingLabel.text
    picture("judge-400", 1250, 400)
    picture("judge-600", 1150, 600)
    ui.benchmarkInsertionButton.click()
    selection = slicer.app.applicationLogic().GetSelectionNode()
    (record,) = find_benchmarks(slicer.mrmlScene)
    assert selection.GetActivePlotChartID() == record.get("insertion_chart").GetID()
    assert selection.GetActiveTableID() == record.get("table").GetID()


def check_own_map(panel, node, checked=True) -> None:
    selector = panel.ui.ownMapsSelector
    index = selector.model().index(selector.findData(node.GetID()), 0)
    selector.setCheckState(index, qt.Qt.Checked if checked else qt.Qt.Unchecked)


def offered(panel) -> list[str]:
    selector = panel.ui.ownMapsSelector
    return [selector.itemText(row) for row in range(selector.count)]


def test_maps_of_the_users_own_are_judged_beside_the_methods(panel, add_volume, worker, spin, picture):
    ui, volume = panel.ui, add_volume()
    ui.inputVolumeSelector.setCurrentNode(volume)
    assert not ui.ownMapsSelector.enabled and "no other volume" in ui.ownMapsSelector.toolTip
    own = add_volume("saliency of my own")
    other = add_volume("of another grid")
    other.SetSpacing(1, 1, 2)
    spin(lambda: offered(panel) == ["saliency of my own", "of another grid"])
    assert ui.ownMapsSelector.enabled and "no other volume" not in ui.ownMapsSelector.toolTip
    check_own_map(panel, own)
    assert list(panel.parameters.benchmarkMaps) == [own] and "one map of your own" in ui.benchmarkCostLabel.text
    check_own_map(panel, other)
    assert not ui.benchmarkButton.enabled
    assert "The map 'of another grid' lies on another grid than the volume 'CTA'" in ui.benchmarkHintLabel.text
    assert "1 x 1 x 2 mm, not 1 x 1 x 1 mm" in ui.benchmarkButton.toolTip
    for name in ("inputsCollapsibleButton", "resultCollapsibleButton"):
        getattr(ui, name).collapsed = True
    ui.judgeCollapsibleButton.collapsed = False
    picture("judge-own-map-refused", 1000, 400)
    check_own_map(panel, other, checked=False)
    assert ui.benchmarkButton.enabled and ui.benchmarkHintLabel.isHidden()
    benchmark(panel, worker, spin)
    ((name, path),) = asked(worker)["maps"]
    assert name == "saliency of my own" and path.endswith(".nrrd")
    slicer.mrmlScene.RemoveNode(own)
    spin(lambda: offered(panel) == ["of another grid"])
    assert panel.inputs().benchmark.maps == ()


def test_the_chosen_maps_stay_with_the_scene_and_the_volume_itself_is_none(opened, panel, add_volume, spin, tmp_path):
    ui, volume = panel.ui, add_volume()
    ui.inputVolumeSelector.setCurrentNode(volume)
    own = add_volume("mine")
    spin(lambda: offered(panel) == ["mine"])
    check_own_map(panel, own)
    opened.exit()
    opened.enter()
    assert [one.name for one in panel.inputs().benchmark.maps] == ["mine"]
    assert len(ui.ownMapsSelector.checkedIndexes()) == 1
    assert slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear(0)
    assert panel.inputs().benchmark.maps == ()
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"), True)
    spin(lambda: offered(panel) == ["mine"])
    assert [one.name for one in panel.inputs().benchmark.maps] == ["mine"]
    ui.inputVolumeSelector.setCurrentNode(slicer.util.getNode("mine"))
    assert offered(panel) == ["CTA"] and panel.inputs().benchmark.maps == ()


def test_files_are_kept_in_a_folder_that_can_be_opened(panel, add_volume, worker, spin, dialogs, tmp_path):
    ui = panel.ui
    ui.inputVolumeSelector.setCurrentNode(add_volume())
    dialogs.path = str(tmp_path / "kept")
    ui.browseBenchmarkFolderButton.click()
    assert ui.benchmarkFolderEdit.text == dialogs.path
    benchmark(panel, worker, spin)
    assert asked(worker)["case"]["output"] == dialogs.path
    ui.benchmarkFolderButton.click()
    assert dialogs.asked[-1] == f"open {dialogs.path}"
    shutil.rmtree(dialogs.path)
    panel.refresh()
    assert ui.benchmarkFolderButton.enabled  # progress and sliders refresh too, and ask no disk
    ui.benchmarkFolderButton.click()
    assert dialogs.asked.count(f"open {dialogs.path}") == 1
    assert not ui.benchmarkFolderButton.enabled and "not kept" in ui.benchmarkFolderButton.toolTip


def test_its_table_is_not_held_while_the_module_is_out_of_sight(opened, panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    benchmark(panel, worker, spin)
    table = panel.ui.benchmarkTableView.mrmlTableNode()
    opened.exit()
    panel.refresh()  # as the progress of a run does
    assert panel.ui.benchmarkTableView.mrmlTableNode() is None
    opened.enter()
    assert panel.ui.benchmarkTableView.mrmlTableNode() is table is not None


def test_a_second_benchmark_of_the_volume_takes_the_place_of_the_first(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    benchmark(panel, worker, spin)
    first = panel.ui.benchmarkTableView.mrmlTableNode()
    benchmark(panel, worker, spin)
    (record,) = find_benchmarks(slicer.mrmlScene)
    assert panel.ui.benchmarkTableView.mrmlTableNode() is record.get("table") is not first


def test_each_volume_has_its_own_table(panel, add_volume, worker, spin):
    ui, volume = panel.ui, add_volume("first")
    ui.inputVolumeSelector.setCurrentNode(volume)
    benchmark(panel, worker, spin)
    ui.inputVolumeSelector.setCurrentNode(add_volume("second"))
    benchmark(panel, worker, spin)
    assert "in second" in ui.benchmarkSubjectLabel.text
    ui.inputVolumeSelector.setCurrentNode(volume)
    assert "in first" in ui.benchmarkSubjectLabel.text
    slicer.mrmlScene.RemoveNode(find_benchmarks(slicer.mrmlScene)[0].get("table"))
    panel.refresh()
    assert "in second" in ui.benchmarkSubjectLabel.text


def test_it_is_cancelled_and_the_scene_stays(panel, add_volume, spin):
    ui = panel.ui
    ui.inputVolumeSelector.setCurrentNode(add_volume())
    before = slicer.mrmlScene.GetNumberOfNodes()
    ui.benchmarkButton.click()
    spin(lambda: panel.controller.state(panel.inputs()).stage == "faithfulness")
    ui.judgeCancelButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert "Cancelled" in ui.judgeMessageLabel.text and ui.judgeProgressBar.isHidden()
    assert slicer.mrmlScene.GetNumberOfNodes() == before and ui.benchmarkTableView.isHidden()
    assert ui.benchmarkButton.enabled


def test_what_the_worker_refuses_is_said(panel, add_volume, worker, spin):
    worker.mode = "error"
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    benchmark(panel, worker, spin)
    assert "no U-Mamba" in panel.ui.judgeMessageLabel.text and "Choose another model" in panel.ui.judgeMessageLabel.text
    assert panel.ui.benchmarkButton.enabled


def test_a_run_s_messages_stay_out_of_this_part(panel, shown):
    assert "Done" in panel.ui.messageLabel.text and panel.ui.judgeMessageLabel.isHidden()


def test_a_result_that_is_removed_meanwhile_is_said(panel, shown, worker, spin):
    (worker.folder / "go").unlink()
    panel.ui.judgeButton.click()
    spin(lambda: panel.controller.state(panel.inputs()).stage == "judge")
    for role in ("metrics", "segmentation"):
        slicer.mrmlScene.RemoveNode(shown.nodes.get(role))
    worker.go()
    spin(lambda: not panel.controller.is_busy)
    assert "removed" in panel.ui.judgeMessageLabel.text
    assert not panel.ui.judgeButton.enabled


def test_a_volume_that_is_removed_meanwhile_is_said(panel, add_volume, worker, spin):
    volume = add_volume()
    panel.ui.inputVolumeSelector.setCurrentNode(volume)
    panel.ui.benchmarkButton.click()
    spin(lambda: panel.controller.state(panel.inputs()).stage == "faithfulness")
    slicer.mrmlScene.RemoveNode(volume)
    worker.go()
    spin(lambda: not panel.controller.is_busy)
    assert "removed" in panel.ui.judgeMessageLabel.text and not find_benchmarks(slicer.mrmlScene)


def test_a_scene_that_is_closed_meanwhile_ends_it(panel, add_volume, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    panel.ui.benchmarkButton.click()
    spin(lambda: panel.controller.state(panel.inputs()).stage == "faithfulness")
    slicer.mrmlScene.Clear(0)
    spin(lambda: not panel.controller.is_busy)
    assert panel.ui.judgeMessageLabel.isHidden() and not find_benchmarks(slicer.mrmlScene)
    assert not panel.ui.benchmarkButton.enabled


def test_without_the_packages_it_asks_to_install_them(panel, add_volume, runtime, dialogs):
    runtime.is_ready = False
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    panel.refresh()
    assert panel.ui.benchmarkButton.text == "Install and benchmark..."
    assert "Asks before it installs" in panel.ui.benchmarkButton.toolTip
    dialogs.answer = False
    panel.ui.benchmarkButton.click()
    assert dialogs.asked and not panel.controller.is_busy
