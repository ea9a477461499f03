"""Every example of Documentation/console.md runs as it stands there, section by section, each from an empty session."""

from __future__ import annotations

import builtins
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import SimpleITK as sitk
import slicer

from UMambaXAILogic.engine.resources import resource_path
from UMambaXAILogic.interaction import Command
from UMambaXAILogic.scene.comparison.views import is_side_by_side
from UMambaXAILogic.scene.headless import start_headless_slicer
from UMambaXAILogic.scene.result_view import ResultView, find_results
from UMambaXAILogic.scene.sample_case import SAMPLES, load_sample_case
from UMambaXAILogic.scene_calls import worker

HERE = Path(__file__).parent
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class ThresholdWorker:
    """Starts the worker in which a threshold takes the network's place."""

    is_ready = True

    def worker_command(self, request) -> Command:
        return Command(sys.executable, (str(HERE / "threshold_worker.py"), str(request)))


@pytest.fixture(scope="module")
def sections(repository: Path) -> dict[str, list[str]]:
    """The page's examples by heading."""
    text = (repository / "Documentation" / "console.md").read_text(encoding="utf-8")
    parts = text.split("\n## ")[1:]
    found = {part.partition("\n")[0]: _BLOCK.findall(part) for part in parts}
    assert sum(map(len, found.values())) == text.count("```python")
    return found


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


@pytest.fixture
def printed(monkeypatch) -> list[str]:
    """What the examples print."""
    lines: list[str] = []
    monkeypatch.setattr(builtins, "print", lambda *words: lines.append(" ".join(map(str, words))))
    return lines


@pytest.fixture
def session(scene, monkeypatch, tmp_path, sections):
    """Runs a section's examples in one namespace: session(heading, **replaced text) -> the namespace after each."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(worker, "_default_environment", ThresholdWorker)

    def run(heading: str, **replaced: str):
        space = {"slicer": slicer}
        for number, block in enumerate(sections[heading], 1):
            for old, new in replaced.items():
                block = block.replace(old, new)
            exec(compile(block, f"console.md, {heading}, example {number}", "exec"), space)
            yield space

    yield run
    left = {path.name for path in (tmp_path / "temporary").iterdir()}  # layers' maps stay until this process ends
    assert not {name for name in left if not name.startswith("umamba-xai-layers-")}, "work folders were left behind"


def test_the_page_has_the_three_ways_and_no_dialog(sections):
    assert [heading for heading, blocks in sections.items() if blocks] == [
        "One case",
        "Two methods side by side",
        "Does the score depend on a map's voxels?",
        "Which method deserves belief?",
        "One part of a segmentation",
        "A SAM of your own",
        "All volumes of a scene",
        "A folder",
        "Is this volume like the training cases?",
    ]


def test_one_case(session, printed):
    steps = session("One case")
    space = next(steps)
    first = space["result"]
    dice = first.metrics["segmentation"]["dice"]
    assert dice > 0.3
    assert printed == [f"Dice {dice:.2f}", "inconclusive: a threshold attends to nothing"]
    space = next(steps)
    assert printed[2:] == []  # returned at once
    assert space["job"].wait(60)
    assert printed[-1] == "inconclusive: a threshold attends to nothing"
    assert any(re.fullmatch(r"segment \d+%", line) for line in printed)
    earlier = space["job"].result.segmentationNode
    space = next(steps)
    assert slicer.mrmlScene.IsNodePresent(earlier)  # replace=False
    assert space["result"].segmentationNode is not earlier
    before = len(printed)
    next(steps)
    assert printed[before:] == []  # a threshold reads nothing out, and nothing is wrong
    assert next(steps, None) is None


def test_two_methods_side_by_side(session, scene, printed):
    space = next(session("Two methods side by side"))
    comparison = space["comparison"]
    assert printed[0].startswith("threshold ") and f"pearson {comparison.numbers['pearson']}" in printed
    assert -1 <= comparison.numbers["pearson"] <= 1 and comparison.numbers["pearson_in_truth"] is None
    assert comparison.differenceNode.GetImageData() and comparison.tableNode.GetNumberOfRows() > 5
    assert is_side_by_side(scene)
    comparison.hide()
    assert not is_side_by_side(scene)
    again = space["logic"].compareMaps(ResultView(find_results(scene)[0]), space["second"])  # as after loading a scene
    assert again.numbers == comparison.numbers


def test_does_the_score_hang_on_a_maps_voxels(session, scene, printed):
    steps = session("Does the score depend on a map's voxels?")
    space = next(steps)
    curve = space["curve"]
    assert printed[0].startswith("The threshold depends on these voxels: area 0.")
    assert curve.area < 0.2 < 0.9 < curve.referenceAreas["random"]
    assert curve.chartNode.GetNumberOfPlotSeriesNodes() == 4 and curve.tableNodes["map"].GetNumberOfRows() == 11
    space = next(steps)
    assert space["job"].wait(60) and space["job"].error is None
    assert printed[-1] == space["job"].result.verdict
    assert any(line.endswith(" points") for line in printed)
    assert not scene.IsNodePresent(curve.chartNode) and scene.IsNodePresent(space["job"].result.chartNode)


def test_which_method_deserves_belief(session, scene, printed):
    steps = session("Which method deserves belief?")
    space = next(steps)
    assert printed[:3] == ["1 seg-xres-cam 0.6 True", "2 seg-grad-cam 0.4 True", "3 random 0.2 False"]
    judged = space["judged"]
    assert judged.tableNode.GetNumberOfRows() == 6 and judged.deletionChartNode.GetNumberOfPlotSeriesNodes() == 6
    assert judged.folder is None
    space = next(steps)
    assert space["job"].wait(60) and printed[-1] == "seg-xres-cam"
    assert not scene.IsNodePresent(judged.tableNode)  # a later one of that volume and model takes its place
    space = next(steps)
    assert printed[-1].endswith("ranked maps 6")
    shutil.rmtree(space["folder"])
    assert next(steps, None) is None


def test_one_part_of_a_segmentation(session, printed):
    space = next(session("One part of a segmentation"))
    assert re.search(r"component at R\S+ A\S+ S\S+\)$", printed[0])
    whole, spot = space["whole"], space["spot"]
    assert slicer.mrmlScene.IsNodePresent(whole.attentionNode)
    assert spot.view.state.attention == ("overlay", "surface")
    image = sitk.ReadImage(str(SAMPLES["target"].volume))
    r, a, s = map(float, re.search(r"at R(\S+) A(\S+) S([^)]+)\)", printed[0]).groups())
    x, y, z = image.TransformPhysicalPointToIndex((-r, -a, s))
    assert image[x, y, z] > 250  # HU: something that looks like a vessel


def test_a_sam_of_your_own(session, printed, sam_folder):
    space = next(session("A SAM of your own", **{"/data/medsam_vit_b.pth": str(sam_folder)}))
    assert {line.split()[0] for line in printed} == {"mean", "control"}
    assert space["result"].metrics["model"]["architecture"] == "SAM"
    assert space["result"].view.state.attention == ("overlay",) and "control" in space["result"].view.layers


def test_all_volumes_of_a_scene(session, scene, printed):
    for cohort in SAMPLES:
        load_sample_case(scene, cohort)
    scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
    steps = session("All volumes of a scene")
    space = next(steps)
    names = [files.name for files in SAMPLES.values()]
    assert sorted(space["found"]) == sorted(names) and all(space["found"].values())
    assert any(line.startswith("empty: The volume 'empty' has no voxels.") for line in printed)
    scene.RemoveNode(scene.GetFirstNodeByName("empty"))
    space = next(steps)
    assert len(space["jobs"]) == 1
    while not (space["jobs"][-1].is_over and not space["waiting"]):
        assert space["jobs"][-1].wait(60)
    assert [job.error for job in space["jobs"]] == [None, None]
    assert {job.result.volumeNode.GetName() for job in space["jobs"]} == set(names)


def test_a_folder(session, tmp_path, printed):
    folder = tmp_path / "angiograms"
    (folder / "masks").mkdir(parents=True)
    for case, (volume, truth) in {"a": ("source", True), "b": ("target", False), "c": ("source", False)}.items():
        image = sitk.ReadImage(str(SAMPLES[volume].volume))[40:104, 40:104, 20:44]
        sitk.WriteImage(image * 0 if case == "c" else image, str(folder / f"{case}.nii.gz"))
        if truth:
            mask = sitk.ReadImage(str(SAMPLES[volume].truth))[40:104, 40:104, 20:44]
            sitk.WriteImage(mask, str(folder / "masks" / f"{case}.nii.gz"))
    steps = session("A folder", **{"/data/angiograms": str(folder)})
    space = next(steps)
    assert (folder / "manifest.csv").read_text().split() == [
        "case,volume,gt",
        "a,a.nii.gz,masks/a.nii.gz",
        "b,b.nii.gz,",
        "c,c.nii.gz,",
    ]
    assert printed[0] == "2 done, 1 failed"
    assert [line.split()[:2] for line in printed[1:]] == [["a", "done"], ["b", "done"], ["c", "failed"]]
    assert "nothing there" in printed[-1]
    space = next(steps)
    assert space["explained"].volumeNode.GetName() == "a"
    assert space["explained"].attentionNode is not None
    space = next(steps)
    assert space["job"].wait(60)
    assert printed[-1] == "2"


def test_is_this_volume_like_the_training_cases(session, printed):
    space = next(session("Is this volume like the training cases?"))
    assert space["statistics"].outOfRange  # the target's noise and spacing are not those of the demo model's cohort
    assert printed == ["\n".join(space["statistics"].outOfRange)]


@pytest.mark.slow
def test_the_first_example_with_the_demo_model_finds_what_the_model_card_says(scene, sections, printed):
    """The real worker and the real network on the shipped case."""
    space: dict = {"slicer": slicer}
    exec(compile(sections["One case"][0], "console.md", "exec"), space)
    metrics = space["result"].metrics
    measured = json.loads(resource_path("demo_model/measured.json").read_text())["dice"]["source"]
    assert metrics["segmentation"]["dice"] == pytest.approx(sorted(measured)[3], abs=0.002)
    assert metrics["phantom"] is True
    assert space["result"].attentionNode is not None
    assert any(row["reference"] == "gt" and row["f1"] is not None for row in metrics["alignment"])
