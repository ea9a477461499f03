"""The fingerprint changes with everything that shapes a result, and with nothing else."""

from __future__ import annotations

import dataclasses
import os

import pytest

from UMambaXAILogic.engine.fingerprint import request_fingerprint, request_settings
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import MethodChoice, Region, Request, Target, TargetPart, VerdictCutoffs


@pytest.fixture
def request_(tmp_path) -> Request:
    for name in ("a.nii", "gt.nii", "roi.nii", "other.nii"):
        (tmp_path / name).write_bytes(b"1234")
    (tmp_path / "dicom").mkdir()
    (tmp_path / "dicom" / "1").write_bytes(b"slice")
    return Request(
        tmp_path / "a.nii",
        "demo",
        tmp_path / "out",
        ground_truth=tmp_path / "gt.nii",
        region=Region(mask=tmp_path / "roi.nii"),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"method": "seg-grad-cam"},
        {"pool": 2},
        {"pool_mode": "mean"},
        {"other_methods": (MethodChoice("seg-grad-cam"),)},
        {"method_options": MethodOptions(noise=0.2)},
        {"layers": ("encoder.1",)},
        {"target": Target(kind="tp")},
        {"thresholds": (0.5,)},
        {"reporting_threshold": 0.5},
        {"region": None},
        {"region": Region(box_mm_ras=(0, 1, 2, 3, 4, 5))},
        {"preset": "paper"},
        {"folds": (0,)},
        {"mirror": True},
        {"step": 0.25},
        {"resample_ground_truth": True},
        {"series_uid": "1.2"},
        {"output_format": "nrrd"},
        {"save_layer_maps": True},
        {"cutoffs": VerdictCutoffs(high=0.5)},
        {"ground_truth_labels": (1,)},
        {"ground_truth": None},
    ],
)
def test_every_setting_counts(request_, change):
    assert request_fingerprint(dataclasses.replace(request_, **change), "m") != request_fingerprint(request_, "m")


def test_where_it_is_computed_and_written_does_not_count(request_, tmp_path):
    elsewhere = dataclasses.replace(
        request_,
        output=tmp_path / "b",
        case="b",
        device="cpu",
        memory_limit_gb=3,
        scan_backend="reference",
        model="x",
        badges=True,
    )
    assert request_fingerprint(elsewhere, "m") == request_fingerprint(request_, "m")
    assert request_fingerprint(request_, "other model") != request_fingerprint(request_, "m")


@pytest.mark.parametrize("name", ["a.nii", "gt.nii", "roi.nii"])
@pytest.mark.parametrize("how", ["size", "time", "gone"])
def test_every_file_counts_by_size_and_time(request_, tmp_path, name, how):
    before = request_fingerprint(request_, "m")
    path = tmp_path / name
    state = path.stat()
    if how == "size":
        path.write_bytes(b"12345")
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    elif how == "time":
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    else:
        path.unlink()
    assert request_fingerprint(request_, "m") != before


def test_the_path_counts_and_a_folder_stands_for_its_files(request_, tmp_path):
    other = dataclasses.replace(request_, volume=tmp_path / "other.nii")
    os.utime(other.volume, ns=(0, request_.volume.stat().st_mtime_ns))
    assert request_fingerprint(other, "m") != request_fingerprint(request_, "m")
    dicom = dataclasses.replace(request_, volume=tmp_path / "dicom")
    before = request_fingerprint(dicom, "m")
    (tmp_path / "dicom" / "2").write_bytes(b"slice")
    assert request_fingerprint(dicom, "m") != before


def test_options_of_methods_that_nobody_asked_for_leave_no_trace(request_):
    assert "method_options" not in request_settings(request_)
    asked = dataclasses.replace(request_, method_options=MethodOptions(samples=3))
    assert request_settings(asked)["method_options"] == {"samples": 3}


def test_a_part_that_nobody_asked_for_leaves_no_trace(request_):
    assert "part" not in request_settings(request_)["target"]
    parts = [TargetPart((1, 2, 3)), TargetPart((1, 2, 4)), TargetPart((1, 2, 3), "segment")]
    asked = [dataclasses.replace(request_, target=Target(part=part)) for part in parts]
    assert request_settings(asked[2])["target"]["part"] == {"point_mm_ras": [1.0, 2.0, 3.0], "unit": "segment"}
    assert len({request_fingerprint(one, "m") for one in (request_, *asked)}) == 4


def test_settings_hold_no_path(request_, tmp_path):
    assert str(tmp_path) not in str(request_settings(request_))
    assert set(request_settings(request_)) & {"volume", "model", "output", "region"} == set()
