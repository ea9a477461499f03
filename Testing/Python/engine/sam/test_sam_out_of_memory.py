"""Memory that runs out while a SAM sees slices: it goes on with the slice it was at, and its files are the same."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import MemoryExhaustedError
from UMambaXAILogic.engine.request import Region
from UMambaXAILogic.engine.sam import maps, network
from UMambaXAILogic.engine.sam.request import SamRequest
from UMambaXAILogic.engine.sam.run import run_sam


@pytest.fixture(scope="module")
def request_for(sam_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    volume = np.random.default_rng(2).normal(40, 15, (5, 24, 28)).astype(np.int16)
    region = np.zeros(volume.shape, np.uint8)
    region[1:4, 8:14, 9:19] = 1
    for name, values in (("head", volume), ("region", region)):
        sitk.WriteImage(sitk.GetImageFromArray(values), str(folder / f"{name}.nii.gz"))

    def make(out) -> SamRequest:
        region = Region(mask=folder / "region.nii.gz")
        return SamRequest(folder / "head.nii.gz", sam_folder, out, region, layers=("block.1", "embedding"))

    return make


def voxels(result):
    return {
        name: sitk.GetArrayFromImage(sitk.ReadImage(str(result.files[name]))) for name in ("segmentation", "attention")
    }


def failing(calls, compute, at, error):
    def computed(*given, **named):
        calls.append(1)
        if len(calls) in at:
            raise error
        return compute(*given, **named)

    return computed


STEPS = {
    "encoder": (network.Sam, "encode"),
    "mask": (network.Sam, "mask_logits"),
    "means": (maps, "weighted_sums"),
    "map": (maps, "unit_product"),
}


@pytest.mark.parametrize("step", STEPS)
def test_files_are_the_same_and_one_step_is_computed_twice(request_for, tmp_path, monkeypatch, step):
    expected, calls = run_sam(request_for(tmp_path / "a")), []
    where, name = STEPS[step]
    monkeypatch.setattr(where, name, failing(calls, getattr(where, name), {2}, RuntimeError("std::bad_alloc")))
    found = run_sam(request_for(tmp_path / "b"))
    assert [warning["code"] for warning in found.metrics["warnings"]].count("memory_ran_out") == 1
    assert len(calls) == (3 if where is network.Sam else 2 * 3) + 1
    for key, values in voxels(expected).items():
        assert np.array_equal(voxels(found)[key], values), key
    assert found.metrics["alignment"] == expected.metrics["alignment"]


def test_where_nothing_is_left_to_save_it_says_what_would_do(request_for, tmp_path, monkeypatch):
    monkeypatch.setattr(network.Sam, "encode", failing([], network.Sam.encode, {2, 3}, MemoryError("no memory")))
    with pytest.raises(MemoryExhaustedError, match="no memory") as error:
        run_sam(request_for(tmp_path / "out"))
    assert "crop the volume" in error.value.remedy and not (tmp_path / "out").exists()
