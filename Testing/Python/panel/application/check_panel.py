"""What somebody sees and clicks, from the first look to the result, the error and the next scene."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import slicer


def text(panel) -> str:
    return panel.ui.messageLabel.text


def is_running(panel):
    return lambda: panel.ui.progressBar.value > 0 and "Segmenting" in panel.ui.progressLabel.text


def attention_of(panel):
    """The map of the result that is shown."""
    return panel.results.view.nodes.get("attention")


def node_ids() -> set[str]:
    return {slicer.mrmlScene.GetNthNode(index).GetID() for index in range(slicer.mrmlScene.GetNumberOfNodes())}


def click(panel, name: str) -> None:
    getattr(panel.ui, name).click()


def test_the_first_look_says_what_to_choose(panel, picture):
    assert not panel.ui.runButton.enabled
    assert "volume" in text(panel)
    assert "volume" in panel.ui.runButton.toolTip
    assert panel.ui.progressBar.isHidden()
    assert not panel.ui.thresholdSlider.enabled
    picture("1-empty")


def test_everything_that_can_be_changed_says_what_it_does(panel):
    for name in (
        "inputVolumeSelector",
        "modelSelector",
        "pythonEdit",
        "browsePythonButton",
        "groundTruthSelector",
        "cancelButton",
        "thresholdSlider",
        "opacitySlider",
        "overlayButton",
        "contoursButton",
        "surfaceButton",
        "cloudButton",
        "projectionButton",
        "predictionSelector",
        "truthSelector",
        "errorsButton",
        "layerSelector",
        "layoutButton",
        "exportButton",
        "pictureButton",
        "copyButton",
        "profileEdit",
        "browseProfileButton",
        "measureButton",
        "showHistogramButton",
    ):
        assert len(getattr(panel.ui, name).toolTip) > 20, name


def test_a_volume_makes_it_ready(panel, add_volume, picture):
    volume = add_volume("CTA head")
    panel.ui.inputVolumeSelector.setCurrentNode(volume)
    assert panel.parameters.inputVolume == volume
    assert panel.ui.runButton.enabled
    assert "CTA head" in panel.ui.runButton.toolTip
    picture("2-ready")


def test_a_volume_that_is_there_already_is_taken(opened, panel, add_volume):
    opened.exit()
    slicer.mrmlScene.Clear(0)
    add_volume("labels", "vtkMRMLLabelMapVolumeNode")
    volume = add_volume("CTA")
    opened.enter()
    assert panel.ui.inputVolumeSelector.currentNode() == volume


def test_choices_travel_both_ways_and_stay_in_the_scene(opened, panel, add_volume):
    add_volume()
    panel.ui.thresholdSlider.value = 0.5
    assert panel.parameters.threshold == 0.5
    panel.parameters.opacity = 0.25
    assert panel.ui.opacitySlider.value == 0.25
    opened.exit()
    opened.enter()
    assert panel.ui.thresholdSlider.value == 0.5


def test_a_run_shows_its_progress_and_ends_in_the_scene(panel, add_volume, worker, spin, picture):
    volume, truth = add_volume(), add_volume("Truth", "vtkMRMLLabelMapVolumeNode")
    panel.ui.inputVolumeSelector.setCurrentNode(volume)
    panel.ui.groundTruthSelector.setCurrentNode(truth)
    click(panel, "runButton")
    spin(is_running(panel))
    assert not panel.ui.runButton.enabled
    assert not panel.ui.inputVolumeSelector.enabled
    assert panel.ui.cancelButton.enabled
    spin(lambda: panel.ui.progressBar.value > 20)
    assert f"{panel.ui.progressBar.value} %" in panel.ui.progressLabel.text
    assert "Computes on cpu" in panel.ui.progressLabel.text
    picture("3-running")
    worker.go()
    spin(lambda: "Done" in text(panel))
    assert "Dice 0.81" in text(panel)
    assert "Inconclusive" in text(panel)
    assert "Intensities are unlike" in panel.ui.warningLabel.text
    assert panel.ui.runButton.enabled
    assert panel.ui.thresholdSlider.enabled
    assert "Gefäß 50 %" in panel.ui.logText.plainText
    attention = attention_of(panel)
    composite = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
    spin(lambda: not panel.results.facts().is_preparing)
    assert composite.GetBackgroundVolumeID() == volume.GetID()
    assert composite.GetForegroundVolumeID() == attention.GetID()
    array = slicer.util.arrayFromVolume(attention)
    assert array.dtype == np.float32
    assert array.max() > 0.6
    request = json.loads((worker.folder / "request.json").read_text())
    assert request["model"] == "demo"
    assert request["ground_truth"] is not None
    picture("5-done")


def test_a_second_run_replaces_the_first(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    worker.go()
    click(panel, "runButton")
    spin(lambda: "Done" in text(panel))
    first, count = attention_of(panel), slicer.mrmlScene.GetNumberOfNodes()
    click(panel, "runButton")
    spin(lambda: not panel.controller.is_busy)
    assert attention_of(panel) != first
    assert not slicer.mrmlScene.IsNodePresent(first)
    assert slicer.mrmlScene.GetNumberOfNodes() == count


def test_a_result_that_comes_while_another_module_is_open_is_there_on_return(opened, panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    click(panel, "runButton")
    spin(is_running(panel))
    opened.exit()
    worker.go()
    spin(lambda: not panel.controller.is_busy and not panel.results.facts().is_preparing)
    composite = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
    shown = composite.GetForegroundVolumeID()
    opened.enter()
    assert shown == attention_of(panel).GetID()  # without having to come back first
    assert panel.ui.thresholdSlider.enabled
    assert "Done" in text(panel)


def test_choosing_the_next_volume_leaves_the_slices_as_they_are(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    worker.go()
    click(panel, "runButton")
    spin(lambda: "Done" in text(panel))
    following = add_volume("next")
    composite = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
    composite.SetBackgroundVolumeID(following.GetID())
    composite.SetForegroundVolumeID(None)
    panel.ui.inputVolumeSelector.setCurrentNode(following)
    assert composite.GetBackgroundVolumeID() == following.GetID()
    assert composite.GetForegroundVolumeID() is None


def test_all_segments_of_a_ground_truth_count(panel, add_volume, worker, spin):
    from UMambaXAILogic.scene.grid import local_grid
    from UMambaXAILogic.scene.segments import SegmentStyle, add_segmentation

    volume = add_volume()
    labels = np.zeros((8, 24, 32), np.uint8)
    labels[:, 10:12, 10:20], labels[:, 12:14, 10:20] = 1, 2
    styles = (SegmentStyle(1, "ICA", (1.0, 0.0, 0.0)), SegmentStyle(2, "MCA", (0.0, 1.0, 0.0)))
    truth = add_segmentation(slicer.mrmlScene, "Truth", labels, local_grid(volume), volume, styles)
    panel.ui.inputVolumeSelector.setCurrentNode(volume)
    panel.ui.groundTruthSelector.setCurrentNode(truth)
    worker.go()
    click(panel, "runButton")
    spin(lambda: not panel.controller.is_busy)
    assert "Dice" in text(panel)
    request = json.loads((worker.folder / "request.json").read_text())
    assert request["ground_truth_labels"] == [1, 2]  # the exported mask of both
    assert request["ground_truth_names"] == [[1, "ICA"], [2, "MCA"]]


def test_a_long_path_neither_widens_the_panel_nor_becomes_html(opened, panel):
    outside = opened.parent._object
    outside.layout().activate()
    width = outside.minimumSizeHint().width()
    for name in ("messageLabel", "warningLabel", "progressLabel"):
        label = getattr(panel.ui, name)
        label.setVisible(True)
        label.setText("/<b>" + "long" * 200)
        assert label._object.textFormat().name == "PlainText"
    outside.layout().activate()
    assert outside.minimumSizeHint().width() == width


def test_a_threshold_is_what_the_slider_shows(panel):
    panel.parameters.threshold = 70 * 0.01
    assert panel.parameters.threshold != 0.7
    assert panel.inputs().threshold == 0.7


def test_after_a_reload_the_panel_follows_the_next_scene(panel, add_volume):
    import application

    opened = application.reload_module("UMambaXAI")
    panel = opened.panel
    slicer.mrmlScene.Clear(0)
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    assert panel.ui.runButton.toolTip.startswith("Segments CTA")
    opened.cleanup()


def run_until_it_fails(panel, add_volume, worker, spin, mode: str) -> str:
    worker.mode = mode
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    before = node_ids()
    worker.go()
    click(panel, "runButton")
    spin(lambda: not panel.controller.is_busy)
    assert node_ids() == before
    assert panel.ui.runButton.enabled
    return text(panel)


def test_a_crash_is_one_message_with_a_remedy_and_the_scene_as_it_was(panel, add_volume, worker, spin, picture):
    message = run_until_it_fails(panel, add_volume, worker, spin, "crash")
    assert "ended by itself" in message
    assert "smaller region" in message
    picture("4-failed")


def test_out_of_memory_is_called_that(panel, add_volume, worker, spin):
    assert "memory runs out" in run_until_it_fails(panel, add_volume, worker, spin, "oom")


def test_a_typed_error_is_shown_with_its_remedy(panel, add_volume, worker, spin):
    message = run_until_it_fails(panel, add_volume, worker, spin, "error")
    assert message == "The checkpoint holds no U-Mamba.\nChoose another model."


def test_a_failure_does_not_outlive_the_next_run(panel, add_volume, worker, spin):
    run_until_it_fails(panel, add_volume, worker, spin, "error")
    worker.mode = "good"
    click(panel, "runButton")
    spin(lambda: "Done" in text(panel))
    assert "checkpoint" not in text(panel)


def test_cancel_is_quick_and_leaves_the_scene_as_it_was(panel, add_volume, worker, spin):
    for mode in ("good", "deaf"):
        worker.mode = mode
        panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
        before = node_ids()
        click(panel, "runButton")
        spin(is_running(panel))
        begin = time.monotonic()
        click(panel, "cancelButton")
        assert not panel.ui.cancelButton.enabled
        spin(lambda: not panel.controller.is_busy)
        assert time.monotonic() - begin < 2.0
        assert "Cancelled" in text(panel)
        assert node_ids() == before


def test_closing_the_scene_cancels_and_leaves_a_panel_that_works(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    click(panel, "runButton")
    spin(is_running(panel))
    slicer.mrmlScene.Clear(0)
    spin(lambda: not panel.controller.is_busy)
    assert panel.ui.inputVolumeSelector.currentNode() is None
    assert not panel.ui.runButton.enabled
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume("next"))
    worker.go()
    click(panel, "runButton")
    spin(lambda: "Done" in text(panel))


def test_a_volume_that_goes_away_meanwhile_ends_in_a_message(panel, add_volume, worker, spin):
    volume = add_volume()
    panel.ui.inputVolumeSelector.setCurrentNode(volume)
    click(panel, "runButton")
    spin(is_running(panel))
    slicer.mrmlScene.RemoveNode(volume)
    worker.go()
    spin(lambda: not panel.controller.is_busy)
    assert "removed from the scene" in text(panel)


def table_texts(panel) -> list[list[str]]:
    model = panel.ui.domainTableView._object.model()
    columns = range(model.columnCount())
    return [[model.item(row, column).text() for column in columns] for row in range(model.rowCount())]


def test_measuring_shows_a_table_and_what_lies_outside_the_profile(panel, add_volume, worker, spin, picture):
    panel.ui.domainCollapsibleButton.collapsed = False
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    assert panel.ui.domainTableView.isHidden()
    assert not panel.ui.showHistogramButton.enabled
    assert "profile that the model carries" in panel.ui.measureButton.toolTip
    click(panel, "measureButton")
    spin(lambda: "Measuring" in panel.ui.progressLabel.text)
    assert not panel.ui.measureButton.enabled
    assert not panel.ui.runButton.enabled
    assert not panel.ui.profileEdit.enabled
    worker.go()
    spin(lambda: "Measured" in text(panel))
    assert "Outside the range of source (12 cases) in 1 of 6 quantities" in text(panel)
    assert "noise is outside what the model was trained on" in panel.ui.warningLabel.text
    request = json.loads((worker.folder / "request.json").read_text())
    assert (request["kind"], request["profile"], request["mask"]) == ("domain", "demo", None)
    assert not panel.ui.domainTableView.isHidden()
    rows = {row[0]: row[1:] for row in table_texts(panel)}
    assert rows["Noise (air)"] == ["14.2 HU", "outside 2.31 to 2.72"]
    assert rows["Mean from 0 to 80 HU"] == ["38.42 HU", "35.6 to 39.5"]
    model = panel.ui.domainTableView._object.model()
    assert model.horizontalHeaderItem(2).text() == "Profile's range"
    assert panel.parameters.domainTable.GetName().startswith("CTA")
    picture("8-statistics", height=900)


def test_the_histogram_is_shown_beside_the_slices(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    worker.go()
    click(panel, "measureButton")
    spin(lambda: "Measured" in text(panel))
    click(panel, "showHistogramButton")
    assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotTableView
    selection = slicer.app.applicationLogic().GetSelectionNode()
    assert selection.GetActiveTableID() == panel.parameters.domainTable.GetID()
    assert selection.GetActivePlotChartID() == panel.parameters.domainChart.GetID()


def test_a_profile_of_ones_own_and_the_vessels_travel_to_the_worker(panel, add_volume, worker, spin, dialogs, tmp_path):
    profile = tmp_path / "source.json"
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    panel.ui.groundTruthSelector.setCurrentNode(add_volume("Truth", "vtkMRMLLabelMapVolumeNode"))
    panel.ui.profileEdit.setText(str(profile))
    assert not panel.ui.measureButton.enabled
    assert "source.json" in text(panel)
    assert panel.ui.runButton.enabled
    profile.touch()
    dialogs.path = str(profile)
    click(panel, "browseProfileButton")
    assert dialogs.asked == ["profile"]
    panel.refresh()
    worker.go()
    click(panel, "measureButton")
    spin(lambda: "Measured" in text(panel))
    request = json.loads((worker.folder / "request.json").read_text())
    assert request["profile"] == str(profile)
    assert request["mask"].endswith("vessels.nrrd")
    assert "vessels of 2.40 mm" in text(panel)


def test_a_model_that_cannot_be_used_hinders_no_measuring(panel, add_volume, worker, spin, tmp_path):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    panel.parameters.model = str(tmp_path / "gone")
    assert not panel.ui.runButton.enabled
    worker.go()
    click(panel, "measureButton")
    spin(lambda: not panel.controller.is_busy)
    assert json.loads((worker.folder / "request.json").read_text())["profile"] is None
    assert len(table_texts(panel)[0]) == 2


def test_measuring_is_cancelled_and_fails_like_a_run(panel, add_volume, worker, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    before = node_ids()
    click(panel, "measureButton")
    spin(lambda: "Measuring" in panel.ui.progressLabel.text)
    click(panel, "cancelButton")
    spin(lambda: not panel.controller.is_busy)
    assert "Cancelled" in text(panel)
    worker.mode = "error"
    worker.go()
    click(panel, "measureButton")
    spin(lambda: not panel.controller.is_busy)
    assert "Choose another model" in text(panel)
    assert node_ids() == before
    assert panel.ui.domainTableView.isHidden()


def test_statistics_go_with_their_scene_and_come_back_with_the_panel(opened, panel, add_volume, worker, spin):
    panel.ui.domainCollapsibleButton.collapsed = False
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    worker.go()
    click(panel, "measureButton")
    spin(lambda: "Measured" in text(panel))
    opened.exit()
    opened.enter()
    assert not panel.ui.domainTableView.isHidden()
    slicer.mrmlScene.RemoveNode(panel.parameters.domainTable)
    panel.refresh()
    assert panel.ui.domainTableView.isHidden()
    click(panel, "measureButton")
    spin(lambda: not panel.controller.is_busy)
    slicer.mrmlScene.Clear(0)
    assert panel.ui.domainTableView.isHidden()
    assert panel.ui.domainTableView.mrmlTableNode() is None


def test_without_packages_it_asks_first_and_a_no_does_nothing(panel, add_volume, runtime, dialogs):
    runtime.is_ready, dialogs.answer = False, False
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    panel.refresh()
    assert "Install" in panel.ui.runButton.text
    click(panel, "runButton")
    assert dialogs.asked == ["Install 2.5 GB into a folder?"]
    assert not panel.controller.is_busy
    assert panel.ui.runButton.enabled


def test_installing_shows_what_it_does_and_then_runs(panel, add_volume, runtime, worker, spin, picture):
    install_job(runtime, f"{COLLECTING}; sys.stdin.readline()")
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    click(panel, "runButton")
    spin(lambda: "Reading torch (3 of 99)" in panel.ui.progressLabel.text)
    assert panel.ui.progressBar.maximum == 0  # moves to and fro
    picture("6-installing")
    runtime.is_ready = True
    worker.go()
    runtime.process.runner._process.write(b"\n")
    spin(lambda: "Done" in text(panel))


def test_an_installation_can_be_cancelled_and_can_fail(panel, add_volume, runtime, spin):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    install_job(runtime, f"{COLLECTING}; sys.stdin.read(); sys.exit(130)")
    click(panel, "runButton")
    spin(lambda: "Reading torch (3 of 99)" in panel.ui.progressLabel.text)
    click(panel, "cancelButton")
    spin(lambda: not panel.controller.is_busy)
    assert "Cancelled" in text(panel)
    install_job(runtime, "say('error', code='not_installed', message='No internet.', remedy='Check it.')")
    click(panel, "runButton")
    spin(lambda: not panel.controller.is_busy)
    assert text(panel) == "No internet.\nCheck it."


def test_an_existing_python_is_remembered_and_one_that_is_not_there_is_refused(panel, dialogs, tmp_path):

    from UMambaXAILogic.slicer_app.environment import Environment

    environment = Environment(folder=tmp_path)
    assert not environment.is_ready
    dialogs.path = sys.executable
    click(panel, "browsePythonButton")
    assert panel.ui.pythonEdit.text == environment.python == sys.executable
    assert environment.is_ready
    command = environment.worker_command(tmp_path / "request.json")
    assert command.program == sys.executable
    assert not {"PYTHONHOME", "PYTHONPATH"} & set(command.environment)
    assert "--packages" not in command.arguments
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").touch()
    panel.ui.pythonEdit.setText(f'"{tmp_path}"')  # the environment's folder, as a file manager copies it
    panel.packages_section.on_python_changed()
    assert panel.ui.pythonEdit.text == environment.python == str(tmp_path / "bin" / "python3")
    panel.ui.pythonEdit.setText("/no/python")
    panel.packages_section.on_python_changed()
    assert "/no/python" in environment.problem
    assert not environment.is_ready
    panel.ui.pythonEdit.setText("")
    panel.packages_section.on_python_changed()
    assert environment.problem == ""
    assert "--packages" in environment.worker_command(tmp_path / "request.json").arguments


#: What the installing process says of a package.
COLLECTING = "say('step', action='collect', name='torch', number=3, total=99)"


def install_job(runtime, body: str) -> None:
    """Lets the runtime be installed by a process with this body; a result line ends it."""

    from UMambaXAILogic.interaction import Command, Job
    from UMambaXAILogic.slicer_app.process_runner import ProcessRunner

    code = (
        "import json, sys\n"
        "def say(kind, **fields): print(json.dumps({'v': 1, 'type': kind, **fields}), flush=True)\n"
        f"{body}\nsay('result', folder='.', files={{}})"
    )

    def start() -> Job:
        runtime.process = InstallProcess(ProcessRunner(slicer.app))
        job = Job(Command(sys.executable, ("-c", code)), runtime.process.runner)
        job.start()
        return job

    runtime.is_ready, runtime.job = False, start


class InstallProcess:
    def __init__(self, runner) -> None:
        self.runner = runner


def test_nothing_heavy_is_imported_by_opening_the_panel(panel):
    import subprocess
    from pathlib import Path

    tree = Path(sys.modules["UMambaXAI"].__file__).parent
    code = (
        f"import sys; sys.path.insert(0, {str(tree)!r}); from UMambaXAILogic.interaction.panel import controller;"
        "from UMambaXAILogic.slicer_app import runtime;"
        "print([name for name in ('torch', 'nnunetv2', 'numba') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.stdout.strip() == "[]", shown.stderr


def test_the_module_describes_itself(panel):
    module = slicer.modules.umambaxai
    assert module.dependencies == ["Segmentations", "Volumes", "VolumeRendering", "Markups", "SubjectHierarchy"]
    assert module.title == "UMambaXAI"
    assert "research use only" in module.helpText
    assert module.categories == ["Segmentation"]


def test_choices_of_another_version_that_cannot_be_read_give_way_to_defaults(opened, panel):
    opened.exit()
    node = slicer.mrmlScene.GetSingletonNode("UMambaXAI", "vtkMRMLScriptedModuleNode")
    node.SetParameter("prediction", "HOLOGRAM")
    opened.enter()
    assert panel.parameters.prediction.value == "off"
    assert panel.ui.runButton is not None


def test_every_control_has_one_name(panel):
    names = [name for section in panel.sections for name in vars(section.ui)]
    assert len(names) == len(set(names)) == len(vars(panel.ui))
