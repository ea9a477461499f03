"""Attention whose dependence on distance, place and diameter is known, on tubes that are known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from UMambaXAILogic.engine.alignment import CaseMeasurement
from UMambaXAILogic.engine.json_text import json_text
from UMambaXAILogic.engine.public_data.label_sets import TOPCOW_LABELS
from UMambaXAILogic.engine.vessel_readout import VesselLabels, VesselReadout
from UMambaXAILogic.engine.volume import Geometry
from UMambaXAILogic.engine.volume_io import read_volume

SPACINGS = [(0.5, 0.5, 0.5), (0.8, 0.45, 0.45), (0.4, 0.6, 0.8)]
DIRECTIONS = [(0, 0, 1), (1, 0, 0), (1, 1, 1), (3, 1, 2)]


def read_out(pm, gt, spacing_mm, attention=None, region=None, labels=None, threshold=0.5):
    geometry = Geometry(pm.shape[::-1], spacing_mm[::-1], (10.0, -20.0, 30.0))
    readout = VesselReadout(pm, gt, region, geometry, threshold, labels)
    if attention is not None:
        readout.add_mean(attention.astype(np.float32))
    fields = readout.completed(CaseMeasurement(pm, gt, region, geometry).result()).fields
    assert json.loads(json_text(fields)) is not None  # neither NaN nor numpy
    return fields


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
@pytest.mark.parametrize("direction", DIRECTIONS, ids=str)
def test_attention_that_falls_with_distance_is_read_as_it_was_made(make_tube, spacing_mm, direction):
    """Each bin's mean is that of voxels by their true distance from the axis, to a voxel's error in distance."""
    tube = make_tube(spacing_mm, direction, 4.0)
    attention = np.exp(-tube.across_mm / 2)
    radial = read_out(tube.mask, tube.mask, spacing_mm, attention)["vessel_readout"]["radial"]
    inner = tube.across_mm < 4
    step = max(spacing_mm)
    found = radial["mm"]
    for low, high, mean in zip(found["edges"][:8], found["edges"][1:], found["mean_attention"], strict=False):
        true = attention[inner & (tube.across_mm >= low) & (tube.across_mm < high)]
        expected = true.mean() if true.size else math.exp(-(low + high) / 4)
        # The error of a distance is at most a voxel's; the slope of the logarithm is 1/2 per mm.
        assert math.log(mean / expected) == pytest.approx(0, abs=step / 2), (low, high)
    assert np.all(np.diff(found["mean_attention"]) < 0)


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
def test_attention_inside_the_vessel_ends_at_one_radius(make_tube, spacing_mm):
    tube = make_tube(spacing_mm, (1, 2, 2), 5.0)
    readout = read_out(tube.mask, tube.mask, spacing_mm, tube.mask)["vessel_readout"]
    means = dict(zip(readout["radial"]["radii"]["edges"], readout["radial"]["radii"]["mean_attention"], strict=False))
    assert means[0.0] == means[0.25] == means[0.5] == 1
    # Not quite nothing: the centreline ends a little before the tube does.
    assert means[1.25] < 0.02 and means[1.5] < 0.01 and means[1.75] < 0.005
    assert readout["radial"]["radii"]["beyond"]["mean_attention"] < 1e-3
    assert readout["summary"]["attention_share_within_radius"] == pytest.approx(1, abs=0.15)


def test_shares_and_voxels_sum_to_all_there_is(make_tube):
    tube = make_tube(SPACINGS[1], (1, 1, 2), 4.0)
    attention = np.random.default_rng(0).random(tube.mask.shape)
    region = np.zeros_like(tube.mask)
    region[:, :, 10:30] = True
    for where in (None, region):
        radial = read_out(tube.mask, tube.mask, SPACINGS[1], attention, where)["vessel_readout"]["radial"]
        for bins in (radial["mm"], radial["radii"]):
            assert sum(bins["share"]) + bins["beyond"]["share"] == pytest.approx(1)
            counted = tube.mask.size if where is None else where.sum()
            assert sum(bins["voxels"]) + bins["beyond"]["voxels"] == counted


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
def test_attention_along_a_vessel_is_read_segment_by_segment(make_tube, spacing_mm):
    """Attention grows along the tube and its far half was not segmented."""
    tube = make_tube(spacing_mm, (0, 1, 3), 3.0, 40.0)
    attention = (tube.along_mm - tube.along_mm.min()) / np.ptp(tube.along_mm)
    pm = tube.mask & (tube.along_mm < 0)
    axial = read_out(pm, tube.mask, spacing_mm, attention)["vessel_readout"]["axial"]
    assert axial["count"] == len(axial["segments"]) >= 4
    assert axial["unfound"] == pytest.approx(axial["count"] / 2, abs=1)
    geometry = Geometry(pm.shape[::-1], spacing_mm[::-1], (10.0, -20.0, 30.0))
    to_index = np.linalg.inv(geometry.affine_lps)
    for segment in axial["segments"]:
        index = tuple(np.rint(to_index @ [*segment["centre_mm"], 1])[2::-1].astype(int))
        assert tube.mask[index]
        assert segment["length_mm"] >= 4
        # Its voxels lie about its centre, and attention is linear along it.
        slack = (0.5 * segment["length_mm"]) / np.ptp(tube.along_mm)
        assert segment["mean_attention"] == pytest.approx(attention[index], abs=slack)
        assert segment["diameter_mm"] == pytest.approx(3.0, abs=max(spacing_mm))
        far = tube.along_mm[index]
        if abs(far) > segment["length_mm"]:
            assert segment["recall"] == (1 if far < 0 else 0)
    total = sum(segment["length_mm"] for segment in axial["segments"])
    assert total == pytest.approx(40 * math.sqrt(10) / 3, rel=0.15)


def test_wide_and_narrow_vessels_are_told_apart(make_tube):
    """The wide tube is attended and found, the narrow one neither."""
    spacing_mm = (0.4, 0.4, 0.4)
    wide = make_tube(spacing_mm, (0, 0, 1), 6.0, 24.0, (0.0, -6.0, 0.0))
    narrow = make_tube(spacing_mm, (0, 0, 1), 1.2, 24.0, (0.0, 6.0, 0.0))
    attention = np.where(wide.mask & (wide.along_mm < 0), 0.9, 0.1)
    found = read_out(wide.mask, wide.mask | narrow.mask, spacing_mm, attention)["vessel_readout"]
    rows = found["by_diameter"]
    filled = [row for row in rows if row["voxels"]]
    assert len(rows) == 8 and sum(row["voxels"] for row in rows) == (wide.mask | narrow.mask).sum()
    small = [row for row in filled if row["to_mm"] is not None and row["to_mm"] <= 3]
    large = [row for row in filled if row["from_mm"] >= 5]
    assert small and large and len(small) + len(large) == len(filled)
    for row in small:
        assert (row["recall"], row["attention_iou"]) == (0, 0)
        assert row["mean_attention"] == pytest.approx(0.1)
    assert sum(row["voxels"] for row in large) == wide.mask.sum()
    assert [row["recall"] for row in large] == [1] * len(large)
    assert large[-1]["mean_attention"] == pytest.approx(0.5, abs=0.02)
    assert large[-1]["attention_iou"] == pytest.approx(0.5, abs=0.02)
    assert found["summary"]["recall_thin"] == 0 and found["summary"]["recall_wide"] == 1
    assert found["summary"]["attention_thin"] == pytest.approx(0.1)
    assert found["summary"]["attention_wide"] == pytest.approx(attention[wide.mask].mean(), abs=1e-6)


def test_attention_beside_a_vessel_counts_against_its_diameter(make_tube):
    spacing_mm = (0.5, 0.5, 0.5)
    tube = make_tube(spacing_mm, (0, 0, 1), 4.0)
    shifted = make_tube(spacing_mm, (0, 0, 1), 4.0, 24.0, (0.0, 2.0, 0.0)).mask
    rows = read_out(tube.mask, tube.mask, spacing_mm, shifted)["vessel_readout"]["by_diameter"]
    (row,) = [row for row in rows if row["voxels"]]
    assert row["attention_iou"] == pytest.approx((tube.mask & shifted).sum() / (tube.mask | shifted).sum())


def test_labels_are_named_and_measured(make_tube, tmp_path):
    spacing_mm = (0.5, 0.5, 0.5)
    left = make_tube(spacing_mm, (0, 0, 1), 4.0, 24.0, (0.0, -5.0, 0.0)).mask
    right = make_tube(spacing_mm, (0, 0, 1), 2.0, 24.0, (0.0, 5.0, 0.0)).mask
    values = (left * 1 + right * 7).astype(np.uint8)
    values[0, 0, 0] = 9  # not target
    (tmp_path / "labelsTr").mkdir()
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "ICA": 1, "PCom": 7}}))
    labels = VesselLabels.of(values, left | right, tmp_path / "labelsTr" / "case.nii.gz", {"background": 0, "v": 1})
    attention = np.where(right, 0.8, 0.2)
    rows = read_out(left, left | right, spacing_mm, attention, labels=labels)["vessel_readout"]["by_label"]
    assert [(row["label"], row["name"], row["recall"], row["centreline_recall"]) for row in rows] == [
        (1, "ICA", 1, 1),
        (7, "PCom", 0, 0),
    ]
    assert [row["mean_attention"] for row in rows] == pytest.approx([0.2, 0.8])
    assert [row["voxels"] for row in rows] == [left.sum(), right.sum()]
    assert [row["diameter_mm"] for row in rows] == pytest.approx([4.0, 2.0], abs=0.6)


def test_names_are_taken_only_from_who_names_every_label(tmp_path):
    values = np.array([[[1, 2, 2]]], np.uint8)
    target, path = values > 0, tmp_path / "gt.nii.gz"
    assert VesselLabels.of(values, target, path, {"background": 0, "vessel": 1}).names == {}
    assert VesselLabels.of(values, target, path, {"background": 0, "BA": 1, "ICA": 2}).names == {1: "BA", 2: "ICA"}
    assert VesselLabels.of(values, values == 2, path, {"background": 0, "BA": 1, "ICA": 2}) is None
    given = {1: "left", 2: "right"}
    assert VesselLabels.of(values, target, path, {"background": 0, "BA": 1, "ICA": 2}, given).names == given
    assert VesselLabels.of(values, target, path, {"background": 0, "BA": 1, "ICA": 2}, {1: "left", 3: "x"}).names == {
        1: "BA",
        2: "ICA",
    }
    (tmp_path / "dataset.json").write_text("not JSON")
    assert VesselLabels.of(values, target, path, {"background": 0, "all": [1, 2], "ICA": 2}).names == {}


def test_without_truth_the_prediction_is_the_reference(make_tube):
    tube = make_tube(SPACINGS[0], (1, 1, 0), 3.0)
    for gt in (None, np.zeros_like(tube.mask)):
        fields = read_out(tube.mask, gt, SPACINGS[0], tube.mask)
        readout = fields["vessel_readout"]
        assert readout["reference"] == "pm"
        assert {row["recall"] for row in readout["by_diameter"]} == {None} and readout["axial"]["unfound"] is None
        assert fields["segmentation"]["cl_dice"] is None
        assert fields["segmentation"]["cl_dice_missing_because"] in (
            "there is no ground truth",
            "the ground truth has no centreline",
        )


def test_without_a_map_what_the_segmentation_missed_is_still_read(make_tube):
    tube = make_tube(SPACINGS[0], (1, 1, 0), 3.0)
    readout = read_out(np.zeros_like(tube.mask), tube.mask, SPACINGS[0])["vessel_readout"]
    assert readout["radial"] is None and readout["reference"] == "gt"
    assert readout["axial"]["unfound"] == readout["axial"]["count"] > 0
    assert {row["recall"] for row in readout["by_diameter"] if row["voxels"]} == {0}
    assert {row["attention_iou"] for row in readout["by_diameter"]} == {None}


def test_without_a_centreline_there_is_no_readout():
    nothing = np.zeros((5, 6, 7), bool)
    assert read_out(nothing, nothing, SPACINGS[0], nothing)["vessel_readout"] is None
    assert read_out(~nothing, None, SPACINGS[0], nothing)["vessel_readout"] is None  # no wall: no diameter


@pytest.fixture(scope="module")
def bent():
    """A bent tube of 4 mm, the half of it that was predicted, and attention that falls with distance."""
    spacing_mm = (0.8, 0.6, 0.6)
    axes = [np.arange(count) * step for count, step in zip((30, 40, 40), spacing_mm, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    turn = np.linspace(0, 4, 200)
    axis = np.stack([12 + 4 * np.sin(turn), np.linspace(1, 23, 200), 12 + 4 * np.cos(turn)], axis=1)
    distance, _ = cKDTree(axis).query(places)
    return spacing_mm, distance <= 2, (distance <= 2) & (places[..., 1] < 14), np.exp(-distance / 2)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([(), (0,), (1, 2), (0, 1, 2)]), st.permutations([0, 1, 2]))
def test_storage_order_and_flips_change_little(bent, flipped, order):
    """Thinning depends on the order of voxels by a voxel; numbers over many of them do not."""
    spacing_mm, gt, pm, attention = bent

    def numbers(turn, spacing_mm):
        fields = read_out(turn(pm), turn(gt), spacing_mm, turn(attention))
        readout = fields["vessel_readout"]
        return (
            [fields["segmentation"]["cl_dice"], readout["centreline_mm"] / 60],
            readout["radial"]["mm"]["mean_attention"][1:],
            readout["radial"]["radii"]["share"][2:],
        )

    plain = numbers(lambda array: array, spacing_mm)
    turned = numbers(
        lambda array: np.ascontiguousarray(np.flip(array, flipped).transpose(order)),
        tuple(spacing_mm[index] for index in order),
    )
    for one, other in zip(plain, turned, strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=0.05)


@pytest.mark.parametrize("name", ["ct_roi_003", "mr_roi_014"])
def test_public_ground_truths_are_read_out_artery_by_artery(reference_data, name):
    path = reference_data / "data" / "masks" / f"topcow_{name}.nii.gz"
    volume, _ = read_volume(path)
    gt, geometry = volume.array > 0, volume.geometry
    names = {"background": 0, **{artery: value for value, artery in TOPCOW_LABELS.names.items()}}
    labels = VesselLabels.of(volume.array, gt, path, names)
    without_basilar = gt & (volume.array != 1)
    readout = VesselReadout(without_basilar, gt, None, geometry, 0.3, labels)
    fields = readout.completed(CaseMeasurement(without_basilar, gt, None, geometry).result()).fields
    rows = {row["name"]: row for row in fields["vessel_readout"]["by_label"]}
    assert set(rows) == {TOPCOW_LABELS.names[value] for value in np.unique(volume.array) if value}
    assert rows["BA"]["recall"] == rows["BA"]["centreline_recall"] == 0
    assert {row["recall"] for artery, row in rows.items() if artery != "BA"} == {1}
    assert all(0.5 < row["diameter_mm"] < 7 for row in rows.values() if row["diameter_mm"] is not None)
    assert fields["segmentation"]["topology_precision"] > 0.98 and 0.7 < fields["segmentation"]["cl_dice"] < 1
