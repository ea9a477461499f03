"""What the application's Data module shows of a result, where the application itself lists nodes as they come."""

from __future__ import annotations

import pytest
import slicer


def listed(item: int | None = None) -> dict:
    """Names of the items below one, and below those; hidden nodes are not shown."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    children: list[int] = []
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID() if item is None else item, children, False)
    nodes = {child: hierarchy.GetItemDataNode(child) for child in children}
    shown = [child for child, node in nodes.items() if node is None or not node.GetHideFromEditors()]
    return {hierarchy.GetItemName(child): listed(child) for child in shown}


@pytest.fixture
def run(panel, add_volume, worker, spin):
    """Segments the chosen volume; the first call adds it."""
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume("CTA"))
    panel.ui.groundTruthSelector.setCurrentNode(add_volume("truth", "vtkMRMLLabelMapVolumeNode"))
    worker.go()

    def click() -> None:
        panel.ui.runButton.click()
        spin(lambda: not panel.controller.is_busy and not panel.results.facts().is_preparing)
        assert "Done" in panel.ui.messageLabel.text

    return click


def test_everything_lies_in_one_folder_below_the_volume_and_nothing_beside_it(panel, run, spin):
    run()
    for name in ("contours", "cloud", "projection", "errors", "layout"):
        getattr(panel.ui, f"{name}Button").click()
    spin(lambda: not panel.results.facts().is_preparing)
    tree = listed()
    assert sorted(tree) == ["CTA", "truth"]
    assert list(tree["CTA"]) == ["CTA: demo, seg-xres-cam"]
    names = [name.removeprefix("CTA ").partition(" (demo")[0] for name in tree["CTA"]["CTA: demo, seg-xres-cam"]]
    assert {"attention", "prediction", "ground truth", "metrics", "slices", "TP, FP, FN"} <= set(names)
    assert not {"perfect", "worst", "Slice shown", "attention colours", "attention legend"} & set(names)


def test_a_second_run_leaves_one_folder_and_a_removed_node_leaves_no_item(panel, run):
    run()
    first = listed()
    run()
    assert listed() == first
    slicer.mrmlScene.RemoveNode(panel.results.view.nodes.get("attention"))
    left = listed()["CTA"]["CTA: demo, seg-xres-cam"]
    assert "CTA attention (demo, seg-xres-cam)" not in left and len(left) == len(first["CTA"].popitem()[1]) - 1


def test_a_cancelled_import_leaves_the_tree_as_it_was(panel, run, worker, spin):
    before = listed()
    panel.ui.runButton.click()
    spin(
        lambda: (
            panel.controller.state(panel.inputs()).is_busy
            and slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") > 0
        )
    )
    panel.ui.cancelButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert "Cancelled" in panel.ui.messageLabel.text
    assert listed() == before
