"""TopCoW 2024: images, labels and boxes as the organisers describe them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.cohort.manifest import read_manifest
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.public_data import ImportSettings, TopCoW, import_data_set


@pytest.fixture
def run(topcow, tmp_path):
    """Imports the release."""

    def run(**settings):
        output = tmp_path / "out"
        return import_data_set(TopCoW(topcow.root, output), ImportSettings(output, **settings))

    return run


def array_of(path):
    """Values (x, y, z)."""
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path))).T


def test_a_case_with_its_box_as_region(topcow, run, miniature):
    topcow.add(1)
    result = run(labels="multiclass")
    (case,) = read_manifest(result.manifest).cases
    assert case.case == "topcow_ct_001" and case.domain == "topcow-ct"
    np.testing.assert_array_equal(array_of(case.volume), miniature.head(topcow.labels, seed=1))
    region = np.zeros(miniature.size, dtype=np.uint8)
    region[6:18, 5:17, 5:13] = 1
    np.testing.assert_array_equal(array_of(case.region), region)
    entry = result.content["cases"][0]
    assert entry["labelled_outside_region"] == np.count_nonzero(topcow.labels[region == 0])
    assert entry["region_voxels"] == {"first": [6, 5, 5], "last": [17, 16, 12]}
    assert entry["lumen_hu"] == pytest.approx(miniature.lumen_hu, abs=3)
    assert entry["surroundings_hu"] == pytest.approx(miniature.brain_hu, abs=3)


def test_labels_are_renumbered_without_gaps(topcow, run):
    topcow.add(1)
    result = run(labels="multiclass")
    names = json.loads((result.raw_folder / "dataset.json").read_text())["labels"]
    assert list(names.values()) == list(range(14)) and names["3rd-A2"] == 13 and names["L-ACA"] == 12
    labels = array_of(read_manifest(result.manifest).cases[0].ground_truth)
    np.testing.assert_array_equal(labels, np.where(topcow.labels == 15, 13, topcow.labels))
    released = {one["name"]: (one["released"], one["written"]) for one in result.content["labels"]}
    assert released["3rd-A2"] == (15, 13) and released["BA"] == (1, 1)


def test_the_image_is_the_released_file_itself(topcow, run):
    topcow.add(1)
    result = run()
    image = read_manifest(result.manifest).cases[0].volume
    released = topcow.root / "imagesTr" / "topcow_ct_001_0000.nii.gz"
    assert image.samefile(released) and result.content["cases"][0]["stored"] == "hard link"


def test_on_another_disk_it_is_copied(topcow, run, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    topcow.add(1)
    result = run()
    image = read_manifest(result.manifest).cases[0].volume
    released = topcow.root / "imagesTr" / "topcow_ct_001_0000.nii.gz"
    assert not image.samefile(released) and image.read_bytes() == released.read_bytes()
    assert result.content["cases"][0]["stored"] == "copy"


def test_everything_that_is_not_taken_is_listed(topcow, run):
    topcow.add(1)
    topcow.add(2, modality="mr")
    topcow.add(3, box=None)
    topcow.add(4)
    (topcow.root / "imagesTr" / "topcow_ct_004_0000.nii.gz").unlink()
    (topcow.root / "imagesTr" / "notes.txt").write_text("")
    (topcow.root / "imagesVal").mkdir()
    (topcow.root / "imagesVal" / "topcow_ct_201_0000.nii.gz").write_bytes(b"")
    left_out = {(one["case"], one["code"]) for one in run().content["left_out"]}
    assert left_out == {
        ("topcow_mr_002", "other_modality"),
        ("topcow_ct_003", "file_missing"),
        ("topcow_ct_004", "no_image"),
        ("notes.txt", "other_file"),
        ("topcow_ct_201", "no_labels_released"),
    }


HEADER = "--- ROI Meta Data ---\n"


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ("", "box_unreadable"),
        (HEADER + "Size (Voxels): 12 12\nLocation (Voxels): 6 5 5\n", "box_unreadable"),
        (HEADER + "Size (Voxels): 12 12 8\nSize (Voxels): 6 5 5\n", "box_unreadable"),
        ("ElementSpacing = 0.4 0.4 0.8\nSize = 12 12 8\nOrigin = 6 5 5\n", "box_unreadable"),
        (HEADER + "Size (Voxels): 12 0 8\nLocation (Voxels): 6 5 5\n", "box_outside"),
        (HEADER + "Size (Voxels): 12 12 8\nLocation (Voxels): 6 -1 5\n", "box_outside"),
        (HEADER + "Size (Voxels): 12 12 8\nLocation (Voxels): 6 5 18\n", "box_outside"),
        (HEADER + "Size (Voxels): 4 4 4\nLocation (Voxels): 0 0 0\n", "box_without_labels"),
    ],
)
def test_boxes_that_are_no_region(topcow, run, box, code):
    topcow.add(1, box=box)
    topcow.add(2)
    assert [one["code"] for one in run().content["left_out"]] == [code]


def test_a_box_with_empty_lines_and_one_beyond_the_border(topcow, run):
    topcow.add(1, box="--- ROI Meta Data ---\n\nSize (Voxels): 20 12 8\n\nLocation (Voxels): 6 5 5\n")
    (case,) = run().content["cases"]
    assert case["region_voxels"] == {"first": [6, 5, 5], "last": [23, 16, 12]}
    assert [one["code"] for one in case["warnings"]] == ["box_cut"]


def test_a_box_counts_voxels_of_an_lps_image_only(topcow, run):
    topcow.add(1, orientation="RAS")
    topcow.add(2)
    assert [one["code"] for one in run().content["left_out"]] == ["not_lps"]


def test_a_mask_in_another_storage_order_and_masks_that_do_not_fit(topcow, run, miniature):
    topcow.add(1, mask_orientation="RAS")
    topcow.add(2, mask=topcow.labels[::-1])
    topcow.add(3, mask=np.where(topcow.labels == 15, 14, topcow.labels).astype(np.uint8))
    topcow.add(4, mask_affine=miniature.affine_lps() @ np.diag([1.1, 1, 1, 1]))
    content = run(labels="multiclass").content
    assert [case["case"] for case in content["cases"]] == ["topcow_ct_001"]
    assert {one["case"][-1]: one["code"] for one in content["left_out"]} == {
        "2": "sides_swapped",
        "3": "unknown_label",
        "4": "other_grid",
    }


def test_damaged_files_are_left_out(topcow, run):
    topcow.add(1)
    topcow.add(2)
    path = topcow.root / "imagesTr" / "topcow_ct_001_0000.nii.gz"
    path.write_bytes(path.read_bytes()[:-200])
    (one,) = run().content["left_out"]
    assert one["code"] == "unreadable" and one["reason"].startswith("imagesTr/topcow_ct_001_0000.nii.gz is damaged")


def test_folders_that_are_no_release(topcow, tmp_path):
    topcow.add(1, modality="mr")
    with pytest.raises(InputError, match=r"no image named topcow_ct_###_0000.nii.gz \(1 of other modalities\)"):
        TopCoW(topcow.root, tmp_path / "out")
    (topcow.root / "roi_loc_labelsTr").rename(topcow.root / "boxes")
    with pytest.raises(InputError, match=r"expected are the folders imagesTr/, .*; there is boxes/, cow_seg_labelsTr/"):
        TopCoW(topcow.root, tmp_path / "out")


def test_the_release_is_found_from_above_and_below(topcow, tmp_path):
    topcow.add(1)
    for path in (topcow.root.parent, topcow.root / "imagesTr"):
        assert TopCoW(path, tmp_path / "out").root == topcow.root
