"""From a DICOM series to DICOM objects, through the whole pipeline."""

from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest
from highdicom.pm import ParametricMap
from scipy.ndimage import gaussian_filter

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine.volume_io import read_volume

SIZE = (22, 24)


@pytest.fixture
def explained(make_series, make_trained_folder, tmp_path):
    """A smooth series, and the folder of its result with DICOM objects in it."""
    values = gaussian_filter(np.random.default_rng(5).normal(0, 1, (20, *SIZE)), 2)
    stored = np.rint(1024 + 100 + 900 * values).astype("<i2")

    def change(number, dataset):
        dataset.PixelData = stored[number].tobytes()

    series = make_series(20, size=SIZE, step_mm=0.9, change=change)
    model = make_trained_folder(
        trainer="nnUNetTrainerUMambaBot", labels={"background": 0, "BA": 1, "aneurysm": 2}, spacing=(0.9, 0.5, 0.75)
    )
    words = ["explain", str(series), "--model", str(model), "--layers", "decoder.1", "--dicom", "--quiet"]
    assert main([*words, "--out", str(tmp_path / "result")]) == 0
    return series, tmp_path / "result", [*words, "--out", str(tmp_path / "result")]


def test_the_result_and_its_dicom_objects_agree(explained, violations):
    series, result, _ = explained
    source, _ = read_volume(series)
    labels, _ = read_volume(result / "segmentation.nii.gz")
    expected, _ = read_volume(result / "attention.nii.gz")
    metrics = json.loads((result / "metrics.json").read_text())
    attention = ParametricMap.from_dataset(pydicom.dcmread(result / "dicom" / "attention.dcm"))
    segmentation = pydicom.dcmread(result / "dicom" / "segmentation.dcm")
    assert expected.array.max() > 0.5
    np.testing.assert_array_equal(np.frombuffer(attention.FloatPixelData, "<f4").reshape(20, *SIZE), expected.array)
    geometry = attention.get_volume_geometry()
    np.testing.assert_allclose(geometry.spacing, source.geometry.spacing_mm[::-1], atol=1e-4)
    counted = {item.SegmentNumber: 0 for item in segmentation.SegmentSequence}
    for frame, group in zip(segmentation.pixel_array, segmentation.PerFrameFunctionalGroupsSequence, strict=True):
        counted[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber] += int(frame.sum())
    assert counted == {1: int((labels.array == 1).sum()), 2: int((labels.array == 2).sum())} and sum(counted.values())
    assert metrics["model"]["sha256"] in attention.DerivationDescription
    for image in (attention, segmentation):
        assert violations(image, {"common-instance-reference", "frame-of-reference"}) == []
        assert image.DeviceSerialNumber == metrics["model"]["sha256"]
    text = (result / "metrics.json").read_text() + (result / "log.txt").read_text()
    assert attention.StudyInstanceUID not in text and "pat-17" not in text  # identifiers stay in DICOM


def test_a_new_run_without_the_option_leaves_no_objects_of_the_earlier_one(explained):
    _, result, words = explained
    (result / "dicom" / "notes.txt").write_text("mine")
    assert main([word for word in words if word != "--dicom"]) == 0
    assert [path.name for path in (result / "dicom").iterdir()] == ["notes.txt"]
