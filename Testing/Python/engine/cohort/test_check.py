"""Before the first long computation every unusable file of a cohort is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.cohort import CohortRequest, Manifest, ManifestCase
from UMambaXAILogic.engine.cohort.check import case_requests, check_headers, check_manifest
from UMambaXAILogic.engine.errors import CancelledError, InputError
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import Region, Request, Target


@pytest.fixture
def image(tmp_path):
    def write(name: str, size=(6, 5, 4), spacing=(1.0, 1.0, 2.0), kind=sitk.sitkInt16) -> Path:
        made = sitk.Image(list(size), kind)
        made.SetSpacing(spacing[: len(size)])
        sitk.WriteImage(made, str(tmp_path / name))
        return tmp_path / name

    return write


def test_every_unusable_file_is_named_with_its_case(image, tmp_path):
    good, gt = image("a.nii.gz"), image("gt.nii.gz", kind=sitk.sitkUInt8)
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"no image")
    requests = {
        "fine": Request(good, "m", "o", ground_truth=gt, region=Region(mask=gt)),
        "broken": Request(broken, "m", "o"),
        "flat": Request(image("flat.mha", (6, 5)), "m", "o"),
        "other grid": Request(good, "m", "o", ground_truth=image("far.nrrd", spacing=(1.0, 1.0, 3.0))),
        "two": Request(good, "m", "o", ground_truth=broken, region=Region(mask=image("roi.nii", (3, 3, 3)))),
    }
    progress = []

    class Listener(Reporter):
        def progress(self, fraction):
            progress.append(fraction)

    with pytest.raises(InputError) as raised:
        check_headers(requests, Listener())
    message = raised.value.message
    assert "5 cases has 5 problems" in message
    for words in ("broken: ", "flat: ", "other grid: ", "two: ", "2-D"):
        assert words in message
    assert "fine" not in message and message.count("another grid") == 2
    assert progress == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_wrong_lines_settings_and_files_are_one_list(image, tmp_path):
    image("a.nii.gz")
    image("gt.nii.gz", kind=sitk.sitkUInt8)
    (tmp_path / "broken.nii.gz").write_bytes(b"no image")
    manifest = tmp_path / "manifest.csv"
    lines = ["case,volume,gt", "gone,missing.nii.gz,gt.nii.gz", "broken,broken.nii.gz,gt.nii.gz", "bare,a.nii.gz,"]
    manifest.write_text("\n".join([*lines, "fine,a.nii.gz,gt.nii.gz", ""]))
    template = Request(manifest, "m", tmp_path / "o", target=Target(kind="fp"), ground_truth=manifest)
    request = CohortRequest(manifest, tmp_path / "o", template)
    with pytest.raises(InputError, match="has 3 problems") as raised:
        check_manifest(request, Reporter())
    message = raised.value.message
    assert (
        message.index("line 2: volume") < message.index("bare: ") < message.index("broken: ") and "fine" not in message
    )
    manifest.write_text("\n".join(["case,volume", "broken,broken.nii.gz", ""]))
    assert len(check_manifest(request, Reporter()).cases) == 1, "files are looked at later, when none is done already"


def test_good_files_give_their_grids(image):
    grids = check_headers({"a": Request(image("a.nii"), "m", "o")}, Reporter())
    assert grids["a"].size == (6, 5, 4) and np.allclose(grids["a"].spacing_mm, (1, 1, 2))


def test_a_ground_truth_to_be_resampled_may_lie_elsewhere(image):
    far = image("far.nrrd", spacing=(1.0, 1.0, 3.0))
    check_headers({"a": Request(image("a.nii"), "m", "o", ground_truth=far, resample_ground_truth=True)}, Reporter())


def test_it_stops_when_asked(image):
    with pytest.raises(CancelledError):
        check_headers({"a": Request(image("a.nii"), "m", "o")}, Reporter(lambda: True))


def test_all_cases_that_lack_a_needed_ground_truth_are_listed(tmp_path):
    manifest = Manifest(
        tmp_path / "m.csv",
        (ManifestCase("a", tmp_path), ManifestCase("b", tmp_path, tmp_path / "gt"), ManifestCase("c", tmp_path)),
    )
    template = Request("m.csv", "demo", "out", ground_truth="m.csv", target=Target(kind="fn"))
    with pytest.raises(InputError, match="2 problems") as raised:
        case_requests(CohortRequest("m.csv", "out", template), manifest)
    assert "a: " in raised.value.message and "c: " in raised.value.message
