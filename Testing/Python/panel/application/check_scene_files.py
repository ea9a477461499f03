"""Scenes that are saved and loaded while the panel is open: its choices and its result come back."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer


def save(path: Path) -> None:
    scene = slicer.mrmlScene
    if path.suffix == ".mrb":
        assert scene.WriteToMRB(str(path))
        return
    scene.SetRootDirectory(str(path.parent))
    assert scene.Commit(str(path))


def load(path: Path) -> None:
    """As the application does: what was there before is gone."""
    scene = slicer.mrmlScene
    if path.suffix == ".mrb":
        assert scene.ReadFromMRB(str(path), True)
        return
    scene.SetURL(str(path))
    assert scene.Connect()


def is_as_chosen(panel) -> bool:
    chosen, ui = panel.parameters, panel.ui
    volume, truth = ui.inputVolumeSelector.currentNode(), ui.groundTruthSelector.currentNode()
    return (
        (volume.GetName(), truth.GetName()) == ("B", "truth")
        and (chosen.inputVolume, chosen.groundTruth) == (volume, truth)
        and chosen.threshold == ui.thresholdSlider.value == 0.4
    )


@pytest.fixture
def chosen(panel, add_volume):
    """Choices that are not those that the panel would make by itself."""
    add_volume("A")
    panel.parameters.inputVolume = add_volume("B")
    panel.parameters.groundTruth = add_volume("truth", "vtkMRMLLabelMapVolumeNode")
    panel.parameters.threshold = 0.4
    return panel


@pytest.mark.parametrize("name", ["scene.mrml", "scene.mrb"])
def test_a_scene_that_is_loaded_into_the_open_panel_brings_its_choices(chosen, tmp_path, name):
    save(tmp_path / name)
    chosen.parameters.threshold = 0.9
    load(tmp_path / name)
    assert is_as_chosen(chosen)


def test_and_one_that_is_loaded_while_another_module_is_open(opened, chosen, tmp_path):
    save(tmp_path / "scene.mrml")
    opened.exit()
    load(tmp_path / "scene.mrml")
    opened.enter()
    assert is_as_chosen(opened.panel)


def test_a_scene_that_is_added_to_the_open_one_finds_its_nodes_among_the_others(chosen, add_volume, tmp_path):
    save(tmp_path / "scene.mrml")
    slicer.mrmlScene.Clear(0)
    for name in ("C", "D", "E"):
        add_volume(name)  # these take the ids that the file's nodes had
    slicer.mrmlScene.SetURL(str(tmp_path / "scene.mrml"))
    assert slicer.mrmlScene.Import()
    assert chosen.parameters.inputVolume.GetName() == "B"
    assert is_as_chosen(chosen)
