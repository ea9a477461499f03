from __future__ import annotations

import json

import numpy as np
import pytest

from UMambaXAILogic.engine.alignment import CaseMeasurement, audit
from UMambaXAILogic.engine.volume import Geometry

SHAPE = (6, 20, 30)


@pytest.fixture
def arrays():
    """Attention that follows a prediction of which half is true."""
    pm, gt = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    pm[1:5, 8:12, 2:28] = True
    gt[1:5, 8:12, 15:28] = True
    attention = np.zeros(SHAPE, np.float32)
    attention[1:5, 8:12, 2:28] = 0.35
    attention[1:5, 8:12, 2:15] = 0.8
    return pm, gt, attention


def row_of(fields: dict, **wanted) -> dict:
    (row,) = [row for row in fields["alignment"] if all(row[key] == value for key, value in wanted.items())]
    return row


def test_rows_cover_references_thresholds_and_layers(arrays, grid):
    pm, gt, attention = arrays
    case = CaseMeasurement(pm, gt, None, grid(SHAPE), thresholds=(0.4, 0.2), reporting_threshold=0.3)
    case.add_layer("encoder.4", attention)
    case.add_layer("decoder.0", attention / 2)
    case.add_mean(attention)
    fields = case.result().fields
    assert [(row["layer"], row["reference"], row["threshold"]) for row in fields["alignment"]] == [
        (layer, reference, threshold)
        for layer in ("mean", "encoder.4", "decoder.0")
        for reference in ("gt", "pm")
        for threshold in (0.2, 0.3, 0.4)  # the reporting threshold is measured although it was not asked for
    ]


def test_a_control_has_rows_of_its_own_and_counts_for_nothing_else(arrays, grid):
    pm, gt, attention = arrays
    alone = CaseMeasurement(pm, gt, None, grid(SHAPE))
    alone.add_mean(attention)
    case = CaseMeasurement(pm, gt, None, grid(SHAPE))
    case.add_mean(attention)
    case.add_control(attention[:, :, ::-1].copy())
    fields, expected = case.result().fields, alone.result().fields
    assert expected["alignment_of_control"] == []
    rows = fields.pop("alignment_of_control")
    assert {row["layer"] for row in rows} == {"control"} and len(rows) == 6
    assert rows != [{**row, "layer": "control"} for row in fields["alignment"]]
    assert fields == {name: value for name, value in expected.items() if name != "alignment_of_control"}


def test_numbers_by_hand(arrays, grid):
    pm, gt, attention = arrays
    case = CaseMeasurement(pm, gt, None, grid(SHAPE))
    case.add_mean(attention)
    result = case.result()
    fields = result.fields
    assert fields["segmentation"] == {
        "pm_voxels": 416,
        "gt_voxels": 208,
        "overlap_voxels": 208,
        "dice": pytest.approx(2 / 3),
        "iou": pytest.approx(1 / 2),
        "precision": pytest.approx(1 / 2),
        "recall": 1.0,
        "region_voxels": None,
        "pm_voxels_outside_region": None,
    }
    assert row_of(fields, reference="pm", threshold=0.3)["iou"] == 1.0
    assert row_of(fields, reference="gt", threshold=0.3)["iou"] == 0.5
    assert row_of(fields, reference="gt", threshold=0.4)["iou"] == 0.0
    assert fields["gap"] == 0.5
    assert fields["verdict"]["name"] == "anatomically_faithful"
    assert fields["slice_categories"]["counts"]["good"] == 4
    assert fields["slice_categories"]["counts"]["true_negative"] == 2
    assert fields["slice_categories"]["joint"]["groups"][0]["count"] == 4
    assert len(result.slices) == 6 and result.slices[2].xai_gt_f1 == pytest.approx(2 / 3)
    assert audit(fields) == []


def test_result_is_json_without_nan_and_without_numpy(arrays, grid):
    pm, gt, attention = arrays
    case = CaseMeasurement(pm, gt, gt | pm, grid(SHAPE))
    case.add_layer("decoder.4", attention)
    case.add_mean(attention)
    case.add_mean_without_last_layer(attention)
    fields = case.result().fields
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields


def test_the_mean_without_the_last_layer_is_reported_apart(arrays, grid):
    pm, gt, attention = arrays
    case = CaseMeasurement(pm, gt, None, grid(SHAPE))
    case.add_mean(attention)
    case.add_mean_without_last_layer(np.zeros(SHAPE, np.float32))
    fields = case.result().fields
    assert {row["layer"] for row in fields["alignment"]} == {"mean"}
    without = fields["alignment_without_last_layer"]
    assert {row["layer"] for row in without} == {"mean_without_last"}
    assert all(row["f1"] == 0.0 and row["precision"] is None for row in without)


def test_without_ground_truth_only_the_prediction_is_compared(arrays, grid):
    pm, _, attention = arrays
    case = CaseMeasurement(pm, None, None, grid(SHAPE))
    case.add_mean(attention)
    result = case.result()
    fields = result.fields
    assert fields["segmentation"]["pm_voxels"] == 416 and fields["segmentation"]["dice"] is None
    assert {row["reference"] for row in fields["alignment"]} == {"pm"}
    assert fields["gap"] is None and fields["excess_alignment"] is None and fields["slice_categories"] is None
    assert fields["verdict"]["name"] == "not_available" and "no ground truth" in fields["verdict"]["reasons"][0]
    assert result.warnings == [] and result.slices[2].category is None


def test_nothing_predicted_has_dice_zero_and_nothing_to_explain(arrays, grid):
    _, gt, _ = arrays
    fields = CaseMeasurement(np.zeros(SHAPE, bool), gt, None, grid(SHAPE)).result().fields
    assert fields["segmentation"]["dice"] == 0.0 and fields["alignment"] == []
    assert fields["verdict"]["reasons"] == ["Nothing was predicted, so there is nothing to explain."]
    assert fields["slice_categories"]["joint"] is None
    assert fields["slice_categories"]["counts"]["worst"] == 4


def test_an_empty_ground_truth_warns_and_gives_no_verdict(arrays, grid):
    pm, _, attention = arrays
    case = CaseMeasurement(pm, np.zeros(SHAPE, bool), None, grid(SHAPE))
    case.add_mean(attention)
    result = case.result()
    assert [code for code, _ in result.warnings] == ["ground_truth_empty"]
    assert result.fields["verdict"]["name"] == "not_available"
    assert result.fields["excess_alignment"]["excess"] is None


def test_only_the_region_is_counted(arrays, grid):
    pm, gt, attention = arrays
    region = np.zeros(SHAPE, bool)
    region[2:4, :, 15:] = True  # two slices of the true half
    case = CaseMeasurement(pm, gt, region, grid(SHAPE))
    case.add_mean(attention)
    result = case.result()
    fields = result.fields
    assert fields["segmentation"]["dice"] == 1.0 and fields["segmentation"]["pm_voxels"] == 104
    assert fields["segmentation"]["region_voxels"] == 600
    assert fields["segmentation"]["pm_voxels_outside_region"] == 312
    assert [row.slice for row in result.slices] == [2, 3]
    assert fields["slice_categories"]["total"] == 2


def test_attention_below_the_threshold_gives_no_verdict(arrays, grid):
    pm, gt, _ = arrays
    case = CaseMeasurement(pm, gt, None, grid(SHAPE))
    case.add_mean(np.full(SHAPE, 0.1, np.float32))
    assert case.result().fields["verdict"]["reasons"] == ["No attention reaches 0.3 where it is evaluated."]


@pytest.mark.parametrize(("stop", "warned"), [(15, True), (16, False)])
def test_predicted_vessels_beyond_the_annotation_are_warned_about(grid, stop, warned):
    """One voxel beyond the ground truth's box is delineation, two are unannotated vessels."""
    pm, gt = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    pm[2, 5, 5:17] = True
    gt[2, 5, 5:stop] = True
    warnings = CaseMeasurement(pm, gt, None, grid(SHAPE)).result().warnings
    assert [code for code, _ in warnings] == (["prediction_outside_annotation"] if warned else [])
    if warned:
        assert warnings[0][1].startswith("1 predicted voxels (8.3 %)")


@pytest.mark.parametrize(("stray", "warned"), [(1, False), (3, True)])
def test_a_stray_voxel_of_a_hundred_is_not_worth_a_warning(grid, stray, warned):
    shape = (10, 20, 30)
    pm, gt = np.zeros(shape, bool), np.zeros(shape, bool)
    pm[2:4, 5:10, 5:25] = gt[2:4, 5:10, 5:25] = True  # 200 voxels
    pm[8, 0, :stray] = True
    codes = [code for code, _ in CaseMeasurement(pm, gt, None, grid(shape)).result().warnings]
    assert codes == (["prediction_outside_annotation"] if warned else [])


def test_slices_are_counted_from_head_to_foot_whatever_the_storage_order(arrays):
    """The same patient stored with the superior axis first and last."""
    pm, gt, attention = arrays
    upright = Geometry(size=SHAPE[::-1], spacing_mm=(1.0, 1.0, 2.0))
    permuted = Geometry((6, 20, 30), (2.0, 1.0, 1.0), direction=(0, 0, 1, 0, 1, 0, 1, 0, 0))
    results = []
    for geometry, turn in ((upright, lambda array: array), (permuted, lambda array: array.transpose(2, 1, 0).copy())):
        case = CaseMeasurement(turn(pm), turn(gt), None, geometry)
        case.add_mean(turn(attention))
        results.append(case.result())
    assert permuted.superior_axis == 2
    for one, other in zip(*(result.slices for result in results), strict=True):
        assert (one.position_s_mm, one.dice, one.xai_gt_f1) == (other.position_s_mm, other.dice, other.xai_gt_f1)
    assert results[0].fields["alignment"] == results[1].fields["alignment"]
    for name in ("q", "p", "b", "excess", "in_pm_excess"):
        one, other = (result.fields["excess_alignment"][name] for result in results)
        assert one == pytest.approx(other)
