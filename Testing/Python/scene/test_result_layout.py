"""The result's layout shows its parts, is described as the application needs it, and goes away again."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
import slicer

from UMambaXAILogic.scene.result_layout import (
    is_noted_as_arranged,
    is_shown,
    note_arrangement,
    plot_view,
    restore_layout,
    show_layout,
    table_view,
)
from UMambaXAILogic.scene.result_layout_description import (
    LAYOUT,
    LAYOUT_WITH_PROJECTION,
    layout_node,
    register_layouts,
)
from UMambaXAILogic.scene.result_view import add_result_nodes

FOUR_UP = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


@pytest.fixture
def nodes(scene, add_volume, numbered, oblique_affine):
    volume = add_volume(numbered, oblique_affine)
    chart, table = scene.AddNewNodeByClass("vtkMRMLPlotChartNode"), scene.AddNewNodeByClass("vtkMRMLTableNode")
    return add_result_nodes(scene, "demo, seg-xres-cam", {"volume": volume, "chart": chart, "slices_table": table})


@pytest.mark.parametrize(("number", "views"), [(LAYOUT, 6), (LAYOUT_WITH_PROJECTION, 7)])
def test_every_item_has_a_size_and_every_view_a_place(scene, number, views):
    register_layouts(scene)
    register_layouts(scene)  # a reload of the module does that
    description = ElementTree.fromstring(layout_node(scene).GetLayoutDescription(number))
    assert number >= 100
    assert all(int(item.get("splitSize")) > 0 for item in description.iter("item"))
    found = [(view.get("class"), view.get("singletontag")) for view in description.iter("view")]
    assert len(set(found)) == len(found) == views
    assert {("vtkMRMLSliceNode", name) for name in ("Red", "Yellow", "Green")} < set(found)


def test_chart_and_table_are_in_their_views_and_the_way_back_is_open(scene, nodes):
    layout = layout_node(scene)
    layout.SetViewArrangement(FOUR_UP)
    show_layout(nodes)
    assert layout.GetViewArrangement() == LAYOUT
    assert plot_view(scene).GetPlotChartNode() is nodes.get("chart")
    assert table_view(scene).GetTableNode() is nodes.get("slices_table")
    assert not layout.GetSaveWithScene()
    show_layout(nodes, projection=True)
    assert layout.GetViewArrangement() == LAYOUT_WITH_PROJECTION
    restore_layout(scene)
    assert layout.GetViewArrangement() == FOUR_UP
    assert layout.GetSaveWithScene()
    assert not is_shown(scene)


def test_a_layout_that_the_user_chose_meanwhile_stays(scene, nodes):
    layout = layout_node(scene)
    layout.SetViewArrangement(FOUR_UP)
    show_layout(nodes)
    chosen = slicer.vtkMRMLLayoutNode.SlicerLayoutOneUp3DView
    layout.SetViewArrangement(chosen)
    restore_layout(scene)
    assert layout.GetViewArrangement() == chosen
    show_layout(nodes)
    restore_layout(scene)
    assert layout.GetViewArrangement() == chosen


def test_nothing_to_go_back_to_changes_nothing(scene):
    before = layout_node(scene).GetViewArrangement()
    restore_layout(scene)
    assert layout_node(scene).GetViewArrangement() == before


def test_the_scene_knows_whose_layout_is_shown(scene, nodes, add_volume, numbered, oblique_affine):
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode")
    volume = add_volume(numbered, oblique_affine)
    other = add_result_nodes(scene, "demo, dea", {"volume": volume, "chart": chart})
    note_arrangement(scene)
    assert not is_noted_as_arranged(nodes) and not is_noted_as_arranged(other)
    show_layout(nodes)
    note_arrangement(scene)
    assert is_noted_as_arranged(nodes) and not is_noted_as_arranged(other)
    show_layout(other)
    note_arrangement(scene)
    assert is_noted_as_arranged(other) and not is_noted_as_arranged(nodes)
    layout_node(scene).SetViewArrangement(FOUR_UP)
    note_arrangement(scene)
    assert not is_noted_as_arranged(nodes) and not is_noted_as_arranged(other)


def test_the_views_are_made_once(scene, nodes):
    show_layout(nodes)
    before = scene.GetNumberOfNodes()
    show_layout(nodes, projection=True)
    show_layout(nodes)
    assert scene.GetNumberOfNodes() == before


def test_knowing_the_layouts_at_start_up_imports_no_package(scene):
    code = (
        "import sys; import UMambaXAILogic.scene.result_layout_description;"
        "print([name for name in ('numpy', 'vtk', 'SimpleITK', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
