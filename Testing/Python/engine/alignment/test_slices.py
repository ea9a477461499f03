from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from UMambaXAILogic.engine.alignment.counting import count_attention, count_segmentation
from UMambaXAILogic.engine.alignment.slices import slice_positions_mm, slice_table, write_slices_csv
from UMambaXAILogic.engine.volume import Geometry


def test_positions_of_an_upright_volume():
    geometry = Geometry(size=(4, 5, 3), spacing_mm=(0.5, 0.5, 2.0), origin_mm=(7.0, 8.0, -10.0))
    assert slice_positions_mm(geometry) == pytest.approx([-10, -8, -6])


def test_positions_follow_the_superior_axis_whatever_the_storage_order():
    # Array axis x runs downward: the first column of the direction is (0, 0, -1).
    geometry = Geometry((3, 4, 5), (2.0, 1.0, 1.0), (0.0, 0.0, 50.0), (0, 1, 0, 0, 0, 1, -1, 0, 0))
    assert geometry.superior_axis == 2
    assert slice_positions_mm(geometry) == pytest.approx([50, 48, 46])


def test_an_oblique_slice_lies_where_its_centre_lies():
    matrix = Rotation.from_euler("x", 16.5, degrees=True).as_matrix()
    geometry = Geometry((5, 7, 3), (1.0, 1.0, 2.0), (3.0, 4.0, 5.0), tuple(matrix.ravel()))
    expected = [(matrix @ (2, 3, 2 * index) + (3, 4, 5))[2] for index in range(3)]
    assert slice_positions_mm(geometry) == pytest.approx(expected)


@pytest.fixture
def counted():
    """Slice 0: half right. Slice 1: nothing. Slice 2: false positive. Slice 3: outside the region."""
    shape = (4, 1, 4)
    pm, gt, region = np.zeros(shape, bool), np.zeros(shape, bool), np.ones(shape, bool)
    pm[0, 0, :2] = gt[0, 0, 1:3] = pm[2, 0, 0] = gt[3] = True
    region[3] = False
    attention = np.zeros(shape, np.float32)
    attention[0, 0] = [0.2, 0.9, 0.3, 0.0]
    geometry = Geometry(size=(4, 1, 4), spacing_mm=(1.0, 1.0, 1.5))
    return geometry, count_segmentation(pm, gt, region), count_attention(attention, gt, pm, region, [0.2, 0.3])


def test_rows_by_hand(counted):
    rows = slice_table(*counted, reporting_threshold=0.3)
    assert [row.slice for row in rows] == [0, 1, 2]
    first, second, third = rows
    assert (first.dice, first.iou, first.category) == (0.5, pytest.approx(1 / 3), "bad")
    assert (first.attention_voxels, first.xai_gt_f1, first.xai_gt_iou) == (2, 1.0, 1.0)
    assert (first.xai_pm_f1, first.xai_pm_iou) == (0.5, pytest.approx(1 / 3))
    assert (second.dice, second.xai_gt_f1, second.category) == (None, None, "true_negative")
    assert (third.dice, third.xai_gt_f1, third.xai_pm_f1, third.category) == (0.0, None, 0.0, "false_positive")


def test_without_ground_truth_rows_have_no_category(counted):
    geometry = counted[0]
    pm = np.ones((4, 1, 4), bool)
    row = slice_table(geometry, count_segmentation(pm), None, 0.3)[0]
    assert (row.pm_voxels, row.gt_voxels, row.dice, row.attention_voxels, row.category) == (4, None, None, None, None)


def test_csv_reads_back_and_leaves_unknown_cells_empty(counted, tmp_path):
    path = tmp_path / "slices.csv"
    rows = slice_table(*counted, reporting_threshold=0.3)
    write_slices_csv(path, rows)
    with path.open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["position_s_mm"] for row in read] == ["0", "1.5", "3"]
    assert float(read[0]["iou"]) == pytest.approx(1 / 3, abs=1e-9)
    assert read[1]["dice"] == "" and read[1]["category"] == "true_negative"
    assert [path.name for path in tmp_path.iterdir()] == ["slices.csv"]
