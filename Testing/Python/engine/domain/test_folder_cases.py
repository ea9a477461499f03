from __future__ import annotations

import shutil

import pytest

from UMambaXAILogic.engine.domain.folder_cases import find_cases
from UMambaXAILogic.engine.errors import InputError, UsageError


@pytest.fixture
def folder(tmp_path):
    """``folder(name, files...)`` -> a folder with empty files of these names."""

    def make(name, *files):
        (tmp_path / name).mkdir(exist_ok=True)
        for file in files:
            (tmp_path / name / file).touch()
        return tmp_path / name

    return make


def pairs(found):
    return {case.case: case.ground_truth and case.ground_truth.name for case in found.cases}


def test_every_volume_of_a_folder_is_a_case(folder):
    volumes = folder("volumes", "b.nii.gz", "a.NRRD", "c.mha", "notes.txt", ".hidden.nii.gz")
    found = find_cases(volumes)
    assert [(case.case, case.volume.name) for case in found.cases] == [
        ("a", "a.NRRD"),
        ("b", "b.nii.gz"),
        ("c", "c.mha"),
    ]
    assert pairs(found) == {"a": None, "b": None, "c": None} and not found.warnings


def test_masks_are_matched_by_name(folder):
    volumes = folder("volumes", "case_1.nii.gz", "case_2.nii.gz", "case_10.nii.gz")
    masks = folder("masks", "case_1_vessels.nii.gz", "case_2.nrrd", "case_10-seg.nii.gz", "about.txt")
    found = find_cases(volumes, masks)
    assert pairs(found) == {
        "case_1": "case_1_vessels.nii.gz",
        "case_2": "case_2.nrrd",
        "case_10": "case_10-seg.nii.gz",
    }
    assert not found.warnings


def test_the_longest_name_wins(folder):
    volumes = folder("volumes", "head.nii.gz", "head_late.nii.gz")
    masks = folder("masks", "head_seg.nii.gz", "head_late_seg.nii.gz")
    assert pairs(find_cases(volumes, masks)) == {"head": "head_seg.nii.gz", "head_late": "head_late_seg.nii.gz"}


def test_labels_of_nnunet_are_matched(folder):
    volumes = folder("imagesTr", "ct_001_0000.nii.gz", "ct_002_0000.nii.gz")
    masks = folder("labelsTr", "ct_001.nii.gz", "ct_002.nii.gz")
    assert pairs(find_cases(volumes, masks)) == {"ct_001_0000": "ct_001.nii.gz", "ct_002_0000": "ct_002.nii.gz"}


def test_a_number_that_follows_names_another_case(folder):
    volumes = folder("volumes", "case_1.nii.gz", "case_2.nii.gz", "a_0000.nii.gz")
    masks = folder("masks", "case_1_2.nii.gz", "case_2.nii.gz", "a_0001.nii.gz")
    found = find_cases(volumes, masks)
    assert pairs(found) == {"case_1": None, "case_2": "case_2.nii.gz", "a_0000": None}
    assert [warning.code for warning in found.warnings] == ["volumes_without_mask", "masks_without_volume"]
    assert "a_0000, case_1" in found.warnings[0].message and "case_1_2.nii.gz" in found.warnings[1].message


def test_every_ambiguity_is_listed(folder):
    volumes = folder("volumes", "a.nii.gz", "b.nii.gz", "c.nii.gz", "c_0000.nii.gz")
    masks = folder("masks", "a.nii.gz", "a_vessels.nii.gz", "b_x.nrrd", "b_y.nrrd", "c.nii.gz")
    with pytest.raises(InputError, match="3 problems") as caught:
        find_cases(volumes, masks)
    assert "the volume a has 2 masks: a.nii.gz, a_vessels.nii.gz" in caught.value.message
    assert "the volume b has 2 masks: b_x.nrrd, b_y.nrrd" in caught.value.message
    assert "c.nii.gz fits the volumes c and c_0000" in caught.value.message


def test_two_volumes_of_one_name_are_refused(folder):
    with pytest.raises(InputError, match="head.nii.gz, head.nrrd would be the same case"):
        find_cases(folder("volumes", "head.nii.gz", "head.nrrd"))


def test_masks_among_the_volumes_are_refused(folder):
    volumes = folder("volumes", "a.nii.gz", "a_seg.nii.gz", "b_0000.nii.gz", "b_Mask.nii.gz")
    with pytest.raises(InputError, match="2 problems") as caught:
        find_cases(volumes)
    assert "a_seg.nii.gz looks like a mask of a.nii.gz" in caught.value.message
    assert "b_Mask.nii.gz looks like a mask of b_0000.nii.gz" in caught.value.message


def test_masks_that_fit_no_volume_are_refused(folder):
    with pytest.raises(InputError, match=r"\(x.nii.gz\).*\(a\)"):
        find_cases(folder("volumes", "a.nii.gz"), folder("masks", "x.nii.gz"))


def test_one_volume_is_a_cohort_of_one(folder):
    volume = folder("volumes", "a.nii.gz") / "a.nii.gz"
    masks = folder("masks", "other.nii.gz")
    assert pairs(find_cases(volume, masks / "other.nii.gz")) == {"a": "other.nii.gz"}


def test_one_mask_for_several_volumes_is_refused(folder):
    masks = folder("masks", "a.nii.gz")
    with pytest.raises(UsageError, match="there are 2 volumes"):
        find_cases(folder("volumes", "a.nii.gz", "b.nii.gz"), masks / "a.nii.gz")


def test_masks_lie_in_a_folder_of_their_own(folder):
    volumes = folder("volumes", "a.nii.gz", "b.nii.gz")
    with pytest.raises(UsageError, match="for volumes and for masks"):
        find_cases(volumes, volumes)


@pytest.mark.parametrize("missing", ["volumes", "masks"])
def test_a_missing_folder_is_named(folder, tmp_path, missing):
    volumes = folder("volumes", "a.nii.gz") if missing == "masks" else tmp_path / "volumes"
    with pytest.raises(InputError, match=f"{missing}.*No such file"):
        find_cases(volumes, tmp_path / "masks")


def test_an_empty_folder_holds_no_volume(folder):
    with pytest.raises(InputError, match="holds no volume"):
        find_cases(folder("volumes", "readme.txt"))


def test_dicom_files_among_volumes_are_refused(folder):
    with pytest.raises(InputError, match=r"a.nii.gz and DICOM files such as 1.dcm"):
        find_cases(folder("volumes", "a.nii.gz", "1.dcm"))


def test_dicom_series(reference_data, tmp_path):
    series = reference_data / "data" / "dicom" / "slicer_CTHeadAxialDicom"
    assert [case.case for case in find_cases(series).cases] == ["slicer_CTHeadAxialDicom"]
    for name in ("second", "first"):
        (tmp_path / name).mkdir()
        for slice_file in sorted(file for file in series.rglob("*") if file.is_file())[:3]:
            shutil.copy(slice_file, tmp_path / name)
    assert [case.case for case in find_cases(tmp_path).cases] == ["first", "second"]
