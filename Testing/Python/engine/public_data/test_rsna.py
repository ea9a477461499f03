"""RSNA Intracranial Aneurysm Detection: which series are taken, on which grid, and why others are not."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.cohort.manifest import read_manifest
from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.public_data import RSNA, ImportSettings, import_data_set, write_id_map


@pytest.fixture
def run(rsna, tmp_path):
    """Imports the release; ``run(name of the output folder, ...)``."""

    def run(out="out", images=None, **settings):
        return import_data_set(RSNA(rsna.root, images), ImportSettings(tmp_path / out, **settings))

    return run


@pytest.fixture
def reason(rsna, run):
    """``reason(number, code)``: why that case was left out beside one that is taken."""

    def reason(number, code):
        rsna.add(99)
        content = run().content
        assert content["counts"]["taken"] == 1
        found = [one for one in content["left_out"] if one["code"] == code]
        assert len(found) == 1, content["left_out"]
        assert rsna.uid(number) not in json.dumps(content)
        return found[0]["reason"]

    return reason


def array_of(path):
    """Values (x, y, z) and SimpleITK's image."""
    image = sitk.ReadImage(str(path))
    return sitk.GetArrayFromImage(image).T, image


def test_a_case_is_the_dicom_series_with_its_labels_and_region_on_one_grid(rsna, run, miniature):
    rsna.add(1)
    result = run(labels="multiclass")
    (case,) = read_manifest(result.manifest).cases
    assert case.case.startswith("rsna_") and len(case.case) == 13 and case.domain == "rsna-cta"
    values, image = array_of(case.volume)
    np.testing.assert_array_equal(values, miniature.head(rsna.labels, seed=1))
    np.testing.assert_allclose(image.GetOrigin(), miniature.affine_lps()[:3, 3], atol=1e-4)
    np.testing.assert_allclose(image.GetSpacing(), miniature.spacing_mm, rtol=1e-6)
    np.testing.assert_allclose(image.GetDirection(), np.eye(3).ravel(), atol=1e-6)
    labels, label_image = array_of(case.ground_truth)
    np.testing.assert_array_equal(labels, rsna.labels)
    region, region_image = array_of(case.region)
    for other in (label_image, region_image):
        assert other.GetOrigin() == image.GetOrigin() and other.GetSpacing() == image.GetSpacing()
    # Labels span x 7..16, y 6..13, z 4..12; 5 mm are 7, 7 and 4 voxels.
    inside = np.zeros(miniature.size, dtype=np.uint8)
    inside[0:24, 0:21, 0:17] = 1
    np.testing.assert_array_equal(region, inside)


def test_binary_labels_are_one_vessel(rsna, run):
    rsna.add(1)
    result = run()
    labels, _ = array_of(read_manifest(result.manifest).cases[0].ground_truth)
    np.testing.assert_array_equal(labels, rsna.labels > 0)
    dataset = json.loads((result.raw_folder / "dataset.json").read_text())
    assert dataset["labels"] == {"background": 0, "vessel": 1}
    assert dataset["overwrite_image_reader_writer"] == "SimpleITKIOWithReorient"
    assert dataset["channel_names"] == {"0": "CT"} and dataset["numTraining"] == 1


@pytest.mark.parametrize("orientation", ["LPS", "RAS", "ASL", "PIR"])
def test_a_mask_in_another_storage_order_is_brought_onto_the_image_by_position(rsna, run, orientation):
    rsna.add(1, mask_orientation=orientation)
    labels, _ = array_of(read_manifest(run(labels="multiclass").manifest).cases[0].ground_truth)
    np.testing.assert_array_equal(labels, rsna.labels)


def test_masks_may_lie_in_a_folder_per_series(rsna, run):
    rsna.add(1, folders=True)
    assert run().content["counts"]["taken"] == 1


def test_without_series_the_images_beside_the_masks_are_taken(rsna, run):
    rsna.add(1)
    from_dicom = run("dicom")
    from_nifti = run("nifti", images="nifti")
    for name in ("image", "label", "region"):
        pair = [array_of(one.manifest.parent / one.content["cases"][0][name])[0] for one in (from_dicom, from_nifti)]
        np.testing.assert_array_equal(*pair)
    (rsna.root / "series").rename(rsna.root / "elsewhere")
    assert run("absent").content["cases"][0]["image_source"] == "released NIfTI"
    with pytest.raises(UsageError, match="no folder series"):
        RSNA(rsna.root, "dicom")


def test_no_identifier_is_written(rsna, run):
    uid = rsna.add(1)
    rsna.localize(uid, 8, 9, 6)
    rsna.add(2, change=lambda number, dataset: setattr(dataset, "Modality", "MR"))
    rsna.add(3, modality="MRA")
    rsna.add(4, change=lambda n, dataset: setattr(dataset, "ImagePositionPatient", [0, 0, 3.0 * n + 4 * (n > 5)]))
    result = run()
    assert {one["code"] for one in result.content["left_out"]} == {"modality_tag", "other_modality", "unreadable"}
    identifiers = ("1.2.826", "P-4711", "Anonymous", "064Y", str(rsna.root))
    for path in result.manifest.parent.rglob("*"):
        assert not any(one in path.name for one in identifiers)
        if path.suffix in (".json", ".csv"):
            assert not any(one in path.read_text() for one in identifiers), path
        elif path.name.endswith(".nii.gz"):
            assert not any(one.encode() in nibabel.load(path).header.binaryblock for one in identifiers)


def test_the_identifiers_can_be_had_in_a_private_file(rsna, tmp_path):
    uid = rsna.add(1)
    data_set = RSNA(rsna.root)
    write_id_map(tmp_path / "ids.csv", data_set.names, ("case", "SeriesInstanceUID"))
    assert (tmp_path / "ids.csv").read_text() == f"case,SeriesInstanceUID\n{data_set.candidates[0].case},{uid}\n"
    assert (tmp_path / "ids.csv").stat().st_mode & 0o077 == 0


def test_everything_that_is_not_taken_is_listed(rsna, run):
    rsna.add(1)
    rsna.add(2, modality="MRA")
    rsna.add(3, modality="MRI T2", mask=None)
    rsna.add(4, mask=None)
    rsna.add(5, series=False)
    rsna.add(6)
    rsna.rows.pop()
    rsna.write_tables()
    (rsna.root / "segmentations" / "readme.txt").write_text("about")
    content = run().content
    assert content["counts"]["left_out"] == {
        "other_modality": 2,
        "no_mask": 1,
        "no_image": 1,
        "not_in_table": 1,
        "other_file": 1,
    }
    assert content["counts"]["found"] == 7
    assert all(one["reason"].endswith(".") for one in content["left_out"])


def test_missing_slices(rsna, reason):
    uid = rsna.add(1)
    (rsna.root / "series" / uid / f"{uid}.9.dcm").unlink()
    assert "missing slices" in reason(1, "unreadable")


def test_multi_frame_files(rsna, reason):
    def frames(number, dataset):
        dataset.NumberOfFrames = 2
        dataset.PixelData = dataset.PixelData * 2

    rsna.add(1, change=frames)
    assert "multi-frame" in reason(1, "unreadable")


def test_a_series_that_is_not_the_one_its_folder_names(rsna, reason):
    rsna.add(1, change=lambda number, dataset: setattr(dataset, "SeriesInstanceUID", "1.2.3.4.5.6.7"))
    assert "holds no DICOM series" in reason(1, "unreadable")


def test_a_series_that_is_no_ct_by_its_headers(rsna, reason):
    rsna.add(1, change=lambda number, dataset: setattr(dataset, "Modality", "MR"))
    assert reason(1, "modality_tag") == "train.csv calls it CTA, but its DICOM modality is MR."


@pytest.mark.parametrize("shift", [(0.3, 0, 0), (0, 0, 0.5)])
def test_a_mask_between_the_voxels(rsna, reason, miniature, shift):
    affine = miniature.affine_lps()
    affine[:3, 3] += shift
    rsna.add(1, mask_affine=affine)
    text = reason(1, "other_grid")
    assert "! origin" in text and "  size" in text


def test_a_mask_of_another_spacing(rsna, reason, miniature):
    affine = miniature.affine_lps() @ np.diag([1, 1, 1.1, 1])
    rsna.add(1, mask_affine=affine)
    assert "! spacing" in reason(1, "other_grid")


def test_a_mask_of_fewer_slices_is_placed_by_position_and_its_region_ends_with_it(rsna, run, miniature):
    affine = miniature.affine_lps()
    affine[2, 3] += 3 * miniature.spacing_mm[2]
    rsna.add(1, mask=rsna.labels[:, :, 3:14], mask_affine=affine)
    (case,) = read_manifest(run(labels="multiclass").manifest).cases
    np.testing.assert_array_equal(array_of(case.ground_truth)[0], rsna.labels)
    region, _ = array_of(case.region)
    assert np.flatnonzero(region.any(axis=(0, 1))).tolist() == list(range(3, 14))


def test_a_mask_with_labels_beyond_its_image(rsna, reason, miniature):
    affine = miniature.affine_lps()
    affine[2, 3] += 8 * miniature.spacing_mm[2]
    rsna.add(1, mask_affine=affine)
    assert "lie outside its image" in reason(1, "labels_outside")


def test_a_mirrored_mask(rsna, reason):
    rsna.add(1, mask=rsna.labels[::-1])
    assert "3 of 3 pairs" in reason(1, "sides_swapped")


def test_a_mask_turned_upside_down(rsna, reason):
    rsna.add(1, mask=np.roll(rsna.labels[:, ::-1], 3, axis=1))
    assert "does not lie on its vessels" in reason(1, "labels_not_on_vessels")


@pytest.mark.parametrize("intercept", [0, -2048])
def test_values_that_are_no_hounsfield_units(rsna, reason, intercept):
    rsna.add(1, change=lambda number, dataset: setattr(dataset, "RescaleIntercept", intercept))
    assert f"median {320 + 1024 + intercept}" in reason(1, "labels_not_on_vessels")


def test_unknown_and_missing_labels(rsna, run):
    unknown = rsna.labels.copy()
    unknown[8, 7, 7] = 14
    rsna.add(1, mask=unknown)
    rsna.add(2, mask=np.zeros_like(rsna.labels))
    fractions = rsna.labels.astype(np.float32)
    fractions[8, 7, 7] = 0.5
    rsna.add(3, mask=fractions)
    rsna.add(4, mask=rsna.labels.astype(np.float32))
    content = run().content
    assert content["counts"] | {"warnings": {}} == {
        "found": 4,
        "taken": 1,
        "held_out": 0,
        "left_out": {"unknown_label": 2, "no_labels": 1},
        "warnings": {},
    }
    reasons = " ".join(one["reason"] for one in content["left_out"])
    assert "14 (1 voxels)" in reasons and "0.5 (1 voxels)" in reasons


def test_a_mask_that_does_not_say_where_it_lies(rsna, reason):
    uid = rsna.add(1)
    path = rsna.root / "segmentations" / f"{uid}_cowseg.nii"
    raw = bytearray(path.read_bytes())
    raw[252:256] = bytes(4)  # qform_code and sform_code
    path.write_bytes(raw)
    assert "does not say how its axes lie" in reason(1, "orientation_unknown")


def test_two_masks(rsna, reason, miniature):
    uid = rsna.add(1)
    miniature.save_nifti(rsna.root / "segmentations" / uid / f"{uid}_cowseg.nii.gz", rsna.labels)
    assert reason(1, "several_masks") == "it has 2 vessel masks."


def test_stray_voxels_do_not_widen_the_region_and_are_reported(rsna, run):
    stray = rsna.labels.copy()
    stray[22, 24, 17] = 2
    rsna.add(1, mask=stray)
    rsna.add(2)
    first, second = run().content["cases"]
    assert first["region_voxels"] == second["region_voxels"]
    warned = next(case for case in (first, second) if case["warnings"])
    assert warned["labelled_outside_region"] == 1
    assert [one["code"] for one in warned["warnings"]] == ["stray_labels"]


def test_marked_aneurysms_are_measured_against_the_labels(rsna, run):
    near, far = rsna.add(1), rsna.add(2)
    rsna.localize(near, 17, 6.5, 7)  # one column (0.8 mm) and half a row (0.4 mm) off the rod at x 14..16, y 6..7
    rsna.localize(far, 0, 25, 17)
    rsna.localize(near, 5, 5, 50)  # no such slice
    cases = run().content["cases"]
    by_aneurysms = {len(case["aneurysm_to_labels_mm"]): case for case in cases}
    assert by_aneurysms[2]["aneurysm_to_labels_mm"] == [pytest.approx(np.hypot(0.8, 0.4), abs=0.01), None]
    assert by_aneurysms[2]["aneurysm_present"] is True and by_aneurysms[1]["aneurysm_present"] is False
    assert not by_aneurysms[1]["warnings"]  # the miniature is smaller than what counts as far


def test_a_far_aneurysm_is_warned_about(rsna, run, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.public_data.rsna.FAR_MM", 8.0)
    rsna.localize(rsna.add(2), 0, 25, 17)
    assert [one["code"] for one in run().content["cases"][0]["warnings"]] == ["aneurysm_far_from_labels"]


def test_coronal_series_are_stored_like_axial_ones(rsna, run, miniature):
    """Rows along the patient's left, columns downwards, slices backwards: the same head, another storage order."""
    turned = miniature.head(rsna.labels, seed=1)[:, :, ::-1].transpose(0, 2, 1)  # x, -z, y
    affine = miniature.affine_lps()
    top = affine @ (0, 0, miniature.size[2] - 1, 1)

    def coronal(number, dataset):
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        dataset.ImagePositionPatient = [float(v) for v in top[:3] + (0, number * miniature.spacing_mm[1], 0)]
        dataset.PixelSpacing = [miniature.spacing_mm[2], miniature.spacing_mm[0]]

    rsna.add(1, image=turned, mask=None, change=coronal)
    miniature.save_nifti(rsna.root / "segmentations" / f"{rsna.uid(1)}_cowseg.nii", rsna.labels)
    (case,) = read_manifest(run(labels="multiclass").manifest).cases
    np.testing.assert_array_equal(array_of(case.volume)[0], miniature.head(rsna.labels, seed=1))
    np.testing.assert_array_equal(array_of(case.ground_truth)[0], rsna.labels)


def test_the_release_is_found_from_beside_it(rsna, tmp_path):
    uid = rsna.add(1)
    for path in (rsna.root, rsna.root.parent, rsna.root / "series", rsna.root / "series" / uid):
        assert RSNA(path).root == rsna.root


def test_other_folders_are_refused_with_what_was_expected(rsna, tmp_path):
    rsna.add(1)
    other = tmp_path / "deep" / "other" / "release"
    (other / "imagesTr").mkdir(parents=True)
    with pytest.raises(InputError, match=r"train.csv, segmentations/ and series/; there is imagesTr/"):
        RSNA(other)
    archive = tmp_path / "rsna.zip"
    archive.write_bytes(b"PK")
    with pytest.raises(InputError, match="is an archive"):
        RSNA(archive)
    with pytest.raises(InputError, match="does not exist"):
        RSNA(tmp_path / "nowhere")
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "segmentations").mkdir()
    (tmp_path / "second" / "train.csv").write_text("SeriesInstanceUID,Modality\n1.2,CTA\n")
    with pytest.raises(InputError, match="several releases"):
        RSNA(tmp_path)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("StudyInstanceUID,Modality\n1,CTA\n", "lacks the columns SeriesInstanceUID"),
        ("SeriesInstanceUID,Modality\n", "lists no series"),
        ("SeriesInstanceUID,Modality\n1,CTA\n1,CTA\n", "1 series more than once"),
        ("SeriesInstanceUID,Modality\n1\n", "too few cells in line 2"),
        ("SeriesInstanceUID,Modality\n\xff\n", "cannot be read"),
    ],
)
def test_tables_that_are_not_the_releases(rsna, table, complaint):
    rsna.add(1)
    (rsna.root / "train.csv").write_bytes(table.encode("latin-1"))
    with pytest.raises(InputError, match=complaint):
        RSNA(rsna.root)
