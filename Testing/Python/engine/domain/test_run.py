"""A request is answered with files that are complete, or with a typed error and nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from UMambaXAILogic.engine.domain import (
    DomainRequest,
    DomainRow,
    DomainSettings,
    Histogram,
    measure_domain,
    measure_files,
    run_domain_case,
)
from UMambaXAILogic.engine.domain.profile import Profile, write_profile
from UMambaXAILogic.engine.errors import CancelledError, InputError, UsageError
from UMambaXAILogic.engine.phantom import write_cohort
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import Region
from UMambaXAILogic.engine.unfinished import LOCK_NAME
from UMambaXAILogic.engine.volume import Volume
from UMambaXAILogic.engine.volume_io import write_volume

from .heads import GEOMETRY, SHAPE, clean_head, white_noise, whole


class Listener(Reporter):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def stage(self, name):
        self.heard.append(name)

    def warning(self, code, message):
        self.heard.append(code)


def save(array: np.ndarray, path: Path) -> Path:
    write_volume(array, path, like=Volume(array, GEOMETRY))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """``head.nii.gz`` and ``mask.nii.gz`` with a label 2."""
    folder = tmp_path_factory.mktemp("case")
    mask = np.zeros(SHAPE, np.uint8)
    mask[4:20, 40:44, 50:54] = 2
    save(whole(clean_head() + 310 * (mask > 0) + 6 * white_noise()), folder / "head.nii.gz")
    save(mask, folder / "mask.nii.gz")
    return folder


def read(path: Path):
    return json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in {path.name}"))


def test_the_row_is_that_of_the_files(folder, tmp_path):
    listener = Listener()
    result = run_domain_case(DomainRequest(folder / "head.nii.gz", tmp_path, mask=folder / "mask.nii.gz"), listener)
    mask = np.zeros(SHAPE, bool)
    mask[4:20, 40:44, 50:54] = True
    array = whole(clean_head() + 310 * mask + 6 * white_noise())
    expected = measure_domain(Volume(array, GEOMETRY), case="head", vessels=mask, modality=None)
    assert DomainRow.from_json(read(result.files["domain"])).to_json() == expected.to_json() == result.row.to_json()
    assert result.files["comparison"] is None and result.comparison is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["domain.json"]
    assert listener.heard == ["read", "metrics", "write"]


def test_beside_a_profile_the_case_has_its_place_and_its_warnings(folder, tmp_path):
    settings = DomainSettings(window_hu=(-50, 150))
    rows = []
    for number in range(4):
        array = whole(clean_head() + 2 * white_noise(number))
        rows.append(measure_domain(Volume(array, GEOMETRY), case=f"t{number}", modality="CT", settings=settings))
    write_profile(Profile("training", settings, tuple(rows)), tmp_path / "profile.json")
    listener = Listener()
    request = DomainRequest(
        folder / "head.nii.gz",
        tmp_path / "out",
        case="late",
        mask=folder / "mask.nii.gz",
        profile=tmp_path / "profile.json",
    )
    result = run_domain_case(request, listener)
    assert result.row.intensity.window == (-50, 150), "the profile's settings"
    assert result.row.modality == "CT", "the profile's modality"
    comparison = read(result.files["comparison"])
    assert comparison == json.loads(json.dumps(result.comparison))
    assert comparison["profile"] == "training" and comparison["profile_cases"] == 4
    assert "noise_outside_profile" in [warning["code"] for warning in comparison["warnings"]]
    assert "noise_outside_profile" in listener.heard
    merged = Histogram.from_json(comparison["profile_histograms"]["intensity"])
    assert merged.total == 4 * np.prod(SHAPE)
    assert comparison["profile_histograms"]["diameter"] is None, "the training cases had no mask"
    run_domain_case(DomainRequest(folder / "head.nii.gz", tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["domain.json"], "an older comparison is gone"


def test_region_and_empty_mask(folder, tmp_path):
    listener = Listener()
    save(np.zeros(SHAPE, np.uint8), tmp_path / "empty.nii.gz")
    row = measure_files(
        folder / "head.nii.gz",
        mask=tmp_path / "empty.nii.gz",
        region=Region(box_mm_ras=(-60, 0, -60, 0, 0, 20)),
        reporter=listener,
    )
    assert row.region_voxels == row.intensity.full.count > 0
    assert row.morphology.diameters.count == 0 and "mask_empty" in listener.heard


def test_a_mask_that_cannot_be_vessels_is_warned_about(folder, tmp_path):
    for share, warned in ((0.1, False), (0.6, True)):
        mask = np.zeros(SHAPE, np.uint8)
        mask[: round(share * SHAPE[0])] = 1
        save(mask, tmp_path / "mask.nii.gz")
        listener = Listener()
        measure_files(folder / "head.nii.gz", mask=tmp_path / "mask.nii.gz", reporter=listener)
        assert ("mask_covers_much" in listener.heard) == warned


def test_a_phantom_is_ct_and_says_so(tmp_path):
    write_cohort("target", 1, 5, tmp_path)
    volume = next((tmp_path / "volumes").iterdir())
    row = measure_files(volume, mask=next((tmp_path / "masks").iterdir()))
    assert (row.phantom, row.modality, row.units) == (True, "CT", "HU")


@pytest.mark.parametrize(
    "change, kind, said",
    [
        ({"volume": "missing.nii.gz"}, InputError, "missing.nii.gz"),
        ({"mask": "head.nii.gz"}, InputError, "image itself"),
        ({"profile": "missing.json"}, InputError, "missing.json"),
        ({"region": Region(box_mm_ras=(900, 901, 0, 1, 0, 1))}, InputError, "holds no voxel"),
        ({"output": "mask.nii.gz"}, UsageError, "is a file"),
    ],
)
def test_what_cannot_be_used_is_refused_and_leaves_nothing(folder, tmp_path, change, kind, said):
    named = {key: folder / value if isinstance(value, str) else value for key, value in change.items()}
    request = DomainRequest(**{"volume": folder / "head.nii.gz", "output": tmp_path / "out", **named})
    with pytest.raises(kind, match=said):
        run_domain_case(request)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stage", ["read", "metrics"])
def test_cancelling_leaves_nothing(folder, tmp_path, stage):
    reached = []

    class Cancelling(Reporter):
        def stage(self, name):
            reached.append(name)

        def check_cancelled(self):
            if stage in reached:
                raise CancelledError()

    request = DomainRequest(folder / "head.nii.gz", tmp_path / "out")
    with pytest.raises(CancelledError):
        run_domain_case(request, Cancelling())
    assert not (tmp_path / "out").exists()


def test_two_runs_do_not_write_into_one_folder(folder, tmp_path):
    with FileLock(tmp_path / LOCK_NAME), pytest.raises(UsageError, match="Another run"):
        run_domain_case(DomainRequest(folder / "head.nii.gz", tmp_path))
