"""A benchmark's table, curves and record as nodes, with real MRML."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import slicer

from UMambaXAILogic.engine.benchmark.columns import COLUMNS
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene.benchmark_nodes import add_case_table, add_deletion_curves, add_insertion_curves
from UMambaXAILogic.scene.import_benchmark import (
    DELETION_CHART,
    INSERTION_CHART,
    TABLE,
    BenchmarkFolderImport,
    BenchmarkImport,
    find_benchmarks,
)


@pytest.fixture
def volume(scene):
    return scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")


@pytest.fixture
def path(tmp_path, benchmark_body) -> Path:
    (tmp_path / "benchmark.json").write_text(json.dumps(benchmark_body()))
    return tmp_path / "benchmark.json"


def take(importing):
    for step in importing.steps():
        step()
    return importing.result


def column(node, name: str) -> list[float]:
    values = node.GetTable().GetColumnByName(name)
    return [values.GetValue(row) for row in range(node.GetNumberOfRows())]


def test_the_table_explains_its_columns(scene, benchmark_body):
    node = add_case_table(scene, "Judged", benchmark_body())
    assert node.GetNumberOfRows() == 4 and node.GetLocked()
    assert [node.GetColumnName(index) for index in range(node.GetNumberOfColumns())] == [one.title for one in COLUMNS]
    assert [node.GetCellText(row, 1) for row in range(3)] == [
        "Seg-XRes-CAM, pool 2",
        "mine (given)",
        "Baseline: Random",
    ]
    assert "Higher is better" in node.GetColumnDescription("Faithfulness \u2191")


def test_curves_begin_at_the_image_and_at_nothing(scene, benchmark_body):
    deletion = add_deletion_curves(scene, "Deletion", benchmark_body())
    insertion = add_insertion_curves(scene, "Insertion", benchmark_body())
    assert column(deletion.table, "k") == [0, 0.25, 0.5, 1, 2, 5]
    assert column(deletion.table, "Seg-XRes-CAM, pool 2") == [1, 0.75, 0.5, 0.25, 0.125, 0]
    assert column(insertion.table, "Seg-XRes-CAM, pool 2") == [0, 0, 0.25, 0.5, 0.75, 1]
    names = [node.GetName() for node in deletion.series]
    assert names == ["Baseline: Random", "Seg-XRes-CAM, pool 2", "mine (given)"]  # a constant map has none
    styles = [(node.GetLineStyle(), node.GetMarkerStyle()) for node in deletion.series]
    kind = slicer.vtkMRMLPlotSeriesNode
    assert styles[0] == (kind.LineStyleDash, kind.MarkerStyleNone)
    assert len(set(styles)) == 3
    assert deletion.chart.GetNumberOfPlotSeriesNodes() == 3 and deletion.chart.GetLegendVisibility()


def test_where_erasing_changes_nothing_the_scores_are_drawn(scene, benchmark_body):
    body = benchmark_body()
    body["score"] |= {"original": 2.0, "erased": 2.0}
    deletion = add_deletion_curves(scene, "Deletion", body)
    assert column(deletion.table, "mine (given)") == [2, 3, 2, 1, 0.5, 0]
    assert deletion.chart.GetYAxisTitle() == "Score per voxel"


def test_constant_maps_alone_have_no_curves(scene, benchmark_body):
    body = benchmark_body()
    body["methods"] = [one for one in body["methods"] if one["constant"]]
    assert add_deletion_curves(scene, "Deletion", body) is None


def test_a_benchmark_belongs_to_its_volume_and_is_replaced(scene, volume, path):
    first = take(BenchmarkImport(scene, volume.GetID(), "demo, benchmark", path, path.parent, True))
    (record,) = find_benchmarks(scene)
    assert record.volume is volume and record.folder == str(path.parent)
    assert record.get(TABLE) is first.table_node and record.get(DELETION_CHART) is first.deletion.chart
    assert record.get(INSERTION_CHART) is first.insertion.chart and record.body == first.body
    assert first.folder_item
    second = take(BenchmarkImport(scene, volume.GetID(), "demo, benchmark", path, None, True))
    (record,) = find_benchmarks(scene)
    assert record.get(TABLE) is second.table_node and record.folder == ""
    assert not scene.IsNodePresent(first.table_node) and not scene.IsNodePresent(first.deletion.series[0])
    take(BenchmarkImport(scene, volume.GetID(), "demo, benchmark", path, None, False))
    assert len(find_benchmarks(scene)) == 2
    assert "benchmark (2)" in find_benchmarks(scene)[-1].get(TABLE).GetName()


def nodes_of(scene) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def test_a_volume_that_is_gone_leaves_the_scene_as_it_was(scene, volume, path):
    before = nodes_of(scene)
    importing = BenchmarkImport(scene, volume.GetID(), "demo, benchmark", path, None, True)
    scene.RemoveNode(volume)
    with pytest.raises(InputError, match="removed"):
        take(importing)
    assert nodes_of(scene) < before and not find_benchmarks(scene)


def test_a_folder_is_loaded_once(scene, volume, path):
    take(BenchmarkImport(scene, volume.GetID(), "demo, benchmark", path, path.parent, True))
    first = BenchmarkFolderImport(scene, path.parent).run()
    second = BenchmarkFolderImport(scene, path.parent).run()
    assert not scene.IsNodePresent(first.table_node) and scene.IsNodePresent(second.table_node)
    assert len(find_benchmarks(scene)) == 2  # the volume's own stays
    assert find_benchmarks(scene)[-1].volume is None


@pytest.mark.parametrize("text", ["", "[]", '{"schema_version": 1}', '{"schema_version": 2, "methods": []}'])
def test_what_is_no_benchmark_is_refused_and_leaves_nothing(scene, tmp_path, text):
    (tmp_path / "benchmark.json").write_text(text)
    before = nodes_of(scene)
    with pytest.raises(InputError):
        BenchmarkFolderImport(scene, tmp_path).run()
    with pytest.raises(InputError):
        BenchmarkFolderImport(scene, tmp_path / "nowhere").run()
    assert nodes_of(scene) == before
