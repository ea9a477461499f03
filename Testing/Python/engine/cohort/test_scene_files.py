"""One case of a cohort as files for a scene."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.cohort.scene_files import run_case_files, run_cases_table, write_cases_csv
from UMambaXAILogic.engine.cohort.scene_requests import CaseFilesRequest, CasesTableRequest
from UMambaXAILogic.engine.errors import InputError, UsageError


def write(array, path, like=None, spacing=(0.5, 0.6, 0.9)):
    image = sitk.GetImageFromArray(array)
    if like is None:
        image.SetSpacing(spacing)
        image.SetOrigin((3.0, -4.0, 5.0))
    else:
        image.CopyInformation(like)
    sitk.WriteImage(image, str(path))
    return image


@pytest.fixture
def cohort(tmp_path):
    """A cohort of one finished case, by hand; its ground truth stores the same voxels in another order."""
    rng = np.random.default_rng(0)
    values = rng.integers(-100, 400, (6, 7, 8)).astype(np.int16)
    truth = (values > 300).astype(np.uint8)
    image = write(values, tmp_path / "volume.nii.gz")
    sitk.WriteImage(
        sitk.Flip(write(truth, tmp_path / "gt.nii.gz", image), (True, False, False)), str(tmp_path / "gt.nii.gz")
    )
    (tmp_path / "manifest.csv").write_text("case,volume,gt\na,volume.nii.gz,gt.nii.gz\nb,volume.nii.gz,\n")
    folder = tmp_path / "out"
    for case in ("a", "b"):
        case_folder = folder / "cases" / case
        case_folder.mkdir(parents=True)
        write((values > 250).astype(np.uint8), case_folder / "segmentation.nii.gz", image)
        (case_folder / "metrics.json").write_text("{}")
        (case_folder / "slices.csv").write_text("slice\n")
    write(np.clip(values / 400, 0, 1).astype(np.float32), folder / "cases" / "a" / "attention.nii.gz", image)
    (folder / "summary.json").write_text(json.dumps({"settings": {"resample_ground_truth": False}}))
    return folder, values, truth


def asked(tmp_path, case="a") -> CaseFilesRequest:
    return CaseFilesRequest(tmp_path / "out", tmp_path / "manifest.csv", case, tmp_path / "scene")


def test_requests_travel_as_json(tmp_path):
    for request in (asked(tmp_path), CasesTableRequest(tmp_path / "out", tmp_path / "scene")):
        assert type(request).from_json(request.to_json()) == request
    with pytest.raises(UsageError, match="cohort_case"):
        CaseFilesRequest.from_json(CasesTableRequest(tmp_path, tmp_path).to_json())


def test_all_files_of_a_case_lie_on_the_volume_s_grid(cohort, tmp_path):
    _, values, truth = cohort
    files = run_case_files(asked(tmp_path))
    images = {
        name: sitk.ReadImage(str(files[name])) for name in ("volume", "ground_truth", "segmentation", "attention")
    }
    volume = images["volume"]
    for image in images.values():
        assert image.GetSize() == volume.GetSize() == (8, 7, 6)
        np.testing.assert_allclose(image.GetOrigin(), volume.GetOrigin())
        np.testing.assert_allclose(image.GetSpacing(), (0.5, 0.6, 0.9), rtol=1e-6)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(volume), values)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(images["ground_truth"]), truth)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(images["segmentation"]), values > 250)
    assert sitk.GetArrayFromImage(images["attention"]).dtype == np.float32
    assert files["metrics"] == tmp_path / "out" / "cases" / "a" / "metrics.json"


def test_what_a_case_has_none_of_is_none(cohort, tmp_path):
    files = run_case_files(asked(tmp_path, "b"))
    assert files["ground_truth"] is None
    assert files["attention"] is None
    assert files["segmentation"].is_file()


def test_an_unknown_case_is_named_with_the_known_ones(cohort, tmp_path):
    with pytest.raises(InputError, match="'c'; it has a, b"):
        run_case_files(asked(tmp_path, "c"))


def test_a_case_without_results_says_so(cohort, tmp_path):
    (tmp_path / "out" / "cases" / "a" / "metrics.json").unlink()
    with pytest.raises(InputError, match="no results"):
        run_case_files(asked(tmp_path))


def test_a_volume_that_was_changed_meanwhile_is_refused(cohort, tmp_path):
    write(np.zeros((6, 7, 9), np.int16), tmp_path / "volume.nii.gz")
    with pytest.raises(InputError, match="different grids"):
        run_case_files(asked(tmp_path, "b"))


def test_a_folder_that_is_no_cohort_is_refused(tmp_path):
    with pytest.raises(InputError, match="no cases.parquet"):
        run_cases_table(CasesTableRequest(tmp_path, tmp_path / "scene"))


def test_a_damaged_table_is_refused_and_leaves_nothing(tmp_path):
    (tmp_path / "cases.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="cannot be read"):
        write_cases_csv(tmp_path / "cases.parquet", tmp_path / "cases.csv")
    assert not (tmp_path / "cases.csv").exists()
