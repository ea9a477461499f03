"""What somebody may choose from a node: its segments, or its label values."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer

from UMambaXAILogic.scene import node_parts
from UMambaXAILogic.scene.grid import image_data
from UMambaXAILogic.scene.node_parts import MOST_LABELS, LabelValues, segments


@pytest.fixture
def label_node(scene):
    def make(array: np.ndarray):
        node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
        node.SetAndObserveImageData(image_data(array))
        return node

    return make


def test_segments_come_in_order_with_their_names(scene):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "truth")
    assert segments(node) == ()
    for name in ("MCA", "ICA", "MCA"):
        segment = slicer.vtkSegment()
        segment.SetName(name)
        node.GetSegmentation().AddSegment(segment)
    found = segments(node)
    assert [name for _, name in found] == ["MCA", "ICA", "MCA"]
    assert len({key for key, _ in found}) == 3


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_values_above_0_come_in_order(label_node, kind):
    array = np.zeros((4, 5, 6), kind)
    array[1, 2, 3], array[3, 0, 0], array[3, 1, 1] = 13, 2, 2
    if kind is not np.uint8:
        array[0, 0, 0] = -5
    assert LabelValues().of(label_node(array)) == (2, 13)


def test_a_volume_without_labels_or_voxels_has_no_values(scene, label_node):
    assert LabelValues().of(label_node(np.zeros((2, 2, 2), np.uint8))) == ()
    assert LabelValues().of(scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "empty")) == ()


def test_an_image_has_too_many_values_to_choose_from(label_node):
    assert LabelValues().of(label_node(np.arange(8 * 8 * 8, dtype=np.int16).reshape(8, 8, 8))) is None
    few = np.arange(MOST_LABELS + 1, dtype=np.int16).reshape(1, 1, -1)
    assert len(LabelValues().of(label_node(few))) == MOST_LABELS


def test_voxels_are_looked_at_again_only_when_they_have_changed(label_node, monkeypatch):
    array = np.zeros((2, 2, 2), np.uint8)
    array[0, 0, 0] = 1
    node, values, counted = label_node(array), LabelValues(), []
    count = node_parts._values
    monkeypatch.setattr(node_parts, "_values", lambda image: counted.append(1) or count(image))
    assert values.of(node) == values.of(node) == (1,)
    assert len(counted) == 1
    array[0, 0, 0] = 7
    node.SetAndObserveImageData(image_data(array))
    assert values.of(node) == (7,)
    assert len(counted) == 2
