"""What a case refuses although every file by itself can be read."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine import Request
from UMambaXAILogic.engine.case.input import read_case
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.inference.target import resolve_target
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.progress import Reporter


def test_the_volume_itself_is_no_ground_truth(make_trained_folder, tmp_path):
    path = tmp_path / "angiogram.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.arange(6 * 8 * 8, dtype=np.int16).reshape(6, 8, 8)), str(path))
    model = load_model(make_trained_folder())
    request = Request(path, "model", tmp_path / "out", ground_truth=path)
    with pytest.raises(InputError, match="it is the image itself"):
        read_case(request, model, resolve_target(model.label_manager, None), Reporter())


def test_an_image_with_negative_values_is_no_ground_truth(make_trained_folder, tmp_path):
    paths = [tmp_path / "angiogram.nii.gz", tmp_path / "other.nii.gz"]
    for shift, path in enumerate(paths):
        values = np.arange(6 * 8 * 8, dtype=np.int16).reshape(6, 8, 8) - 100 * shift
        sitk.WriteImage(sitk.GetImageFromArray(values), str(path))
    model = load_model(make_trained_folder())
    request = Request(paths[0], "model", tmp_path / "out", ground_truth=paths[1])
    with pytest.raises(InputError, match="from -100 to 283, so it is no label file"):
        read_case(request, model, resolve_target(model.label_manager, None), Reporter())
