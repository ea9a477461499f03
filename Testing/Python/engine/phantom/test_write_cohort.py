"""A cohort on disk: a manifest, volumes and masks that say what they are."""

from __future__ import annotations

import csv

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import CancelledError, UsageError
from UMambaXAILogic.engine.phantom import case_seed, make_phantom, write_cohort
from UMambaXAILogic.engine.progress import Reporter


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    return folder, write_cohort("target", 2, 11, folder)


def test_one_manifest_with_relative_paths_at_the_top(cohort):
    folder, manifest = cohort
    assert manifest == folder / "manifest.csv"
    assert list(folder.rglob("*.csv")) == [manifest]
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [list(row) for row in rows] == [["case", "volume", "gt", "domain"]] * 2
    assert [row["case"] for row in rows] == ["phantom_target_0001", "phantom_target_0002"]
    assert {row["domain"] for row in rows} == {"target"}
    for row in rows:
        assert (folder / row["volume"]).is_file() and (folder / row["gt"]).is_file()
        assert not row["volume"].startswith("/")


def test_files_hold_the_phantom_of_the_case_seed(cohort):
    folder, _ = cohort
    phantom = make_phantom("target", case_seed(11, 2))
    image = sitk.ReadImage(str(folder / "volumes" / "phantom_target_0002.nii.gz"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), phantom.image.array)
    np.testing.assert_allclose(image.GetSpacing(), phantom.image.geometry.spacing_mm, rtol=1e-6)
    np.testing.assert_allclose(image.GetOrigin(), phantom.image.geometry.origin_mm, atol=1e-3)
    mask = sitk.ReadImage(str(folder / "masks" / "phantom_target_0002_vessels.nii.gz"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mask), phantom.mask.array)
    assert mask.GetPixelID() == sitk.sitkUInt8 and image.GetPixelID() == sitk.sitkInt16


def test_every_file_says_phantom_in_name_and_header(cohort):
    folder, _ = cohort
    files = list(folder.rglob("*.nii.gz"))
    assert len(files) == 4
    for file in files:
        assert "phantom" in file.name
        description = bytes(nibabel.load(file).header["descrip"]).decode()
        assert "phantom" in description and "not a patient" in description


def test_bytes_are_the_same_again_and_nothing_unfinished_is_left(cohort, tmp_path):
    folder, _ = cohort
    write_cohort("target", 1, 11, tmp_path)
    for name in ("volumes/phantom_target_0001.nii.gz", "masks/phantom_target_0001_vessels.nii.gz"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert not [file for file in tmp_path.rglob("*") if ".part" in file.name]


def test_cohorts_of_neighbouring_seeds_share_no_case():
    seeds = [{case_seed(seed, number) for number in range(1, 50)} for seed in (1, 2, 3)]
    assert not (seeds[0] & seeds[1] | seeds[1] & seeds[2] | seeds[0] & seeds[2])


def test_a_cancelled_cohort_has_no_manifest(tmp_path):
    with pytest.raises(CancelledError):
        write_cohort("source", 3, 1, tmp_path, reporter=Reporter(is_cancelled=lambda: True))
    assert not (tmp_path / "manifest.csv").exists()


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (1, -3)])
def test_a_count_or_seed_that_makes_no_sense_is_refused(tmp_path, count, seed):
    with pytest.raises(UsageError):
        write_cohort("source", count, seed, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_a_file_is_wrong_usage(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("kept")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        write_cohort("source", 1, 0, file)
    assert file.read_text() == "kept"
