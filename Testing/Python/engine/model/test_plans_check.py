"""Plans from users: what cannot be followed is refused as the model's fault, and no name in them is called."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model import plans_check
from UMambaXAILogic.engine.model.loading import load_model


@pytest.fixture(scope="module")
def shipped(make_trained_folder) -> Path:
    return make_trained_folder(trainer="nnUNetTrainer", patch=8)


@pytest.fixture
def folder(shipped, tmp_path) -> Path:
    return Path(shutil.copytree(shipped, tmp_path / shipped.name))


def change_plans(folder: Path, configuration: dict | None = None, **replaced) -> None:
    plans = json.loads((folder / "plans.json").read_text()) | replaced
    plans["configurations"]["3d_fullres"] |= configuration or {}
    (folder / "plans.json").write_text(json.dumps(plans))


@pytest.mark.parametrize("name", ["MyPreprocessor", "join", "os", None, ["DefaultPreprocessor"]])
@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("preprocessor_name", "preprocessor"),
        ("resampling_fn_data", "resampling function"),
        ("resampling_fn_seg", "resampling function"),
        ("resampling_fn_probabilities", "resampling function"),
    ],
)
def test_a_name_that_is_not_nnunets_own_is_refused(folder, entry, what, name):
    change_plans(folder, {entry: name})
    with pytest.raises(ModelError, match=f"name the {what} .*none of nnU-Net's own"):
        load_model(folder)


def test_an_unknown_normalisation_or_label_manager_is_refused(folder):
    change_plans(folder, label_manager="convert_labelmap_to_one_hot")
    with pytest.raises(ModelError, match="label manager 'convert_labelmap_to_one_hot'"):
        load_model(folder)
    change_plans(folder, {"normalization_schemes": ["MyNormalization"]}, label_manager="LabelManager")
    with pytest.raises(ModelError, match="normalisation 'MyNormalization'"):
        load_model(folder)


def test_every_known_name_is_one_that_nnunet_finds():
    from nnunetv2 import preprocessing
    from nnunetv2.preprocessing.resampling.utils import recursive_find_resampling_fn_by_name
    from nnunetv2.utilities.find_class_by_name import recursive_find_python_class

    for name in plans_check.RESAMPLING:
        assert callable(recursive_find_resampling_fn_by_name(name))
    for name in (*plans_check.NORMALIZATIONS, *plans_check.PREPROCESSORS):
        found = recursive_find_python_class(preprocessing.__path__[0], name, "nnunetv2.preprocessing")
        assert isinstance(found, type)


@pytest.mark.parametrize(
    ("forward", "backward"), [([0, 1], [0, 1]), ([1, 2, 0], [1, 2, 0]), ([0, 0, 1], [0, 1, 2]), (None, [0, 1, 2])]
)
def test_axis_orders_that_are_no_permutation_and_its_inverse_are_refused(folder, forward, backward):
    change_plans(folder, transpose_forward=forward, transpose_backward=backward)
    with pytest.raises(ModelError, match="axis orders"):
        load_model(folder)


@pytest.mark.parametrize("forward", [[1, 2, 0], [2, 0, 1], [1, 0, 2]])
def test_true_axis_orders_are_accepted(folder, forward):
    change_plans(folder, transpose_forward=forward, transpose_backward=[forward.index(axis) for axis in range(3)])
    assert load_model(folder).plans_manager.transpose_forward == forward


def test_normalisation_must_be_one_with_what_it_needs(folder):
    change_plans(folder, {"normalization_schemes": []})
    with pytest.raises(ModelError, match="for one channel"):
        load_model(folder)
    change_plans(
        folder, {"normalization_schemes": ["CTNormalization"]}, foreground_intensity_properties_per_channel={"0": {}}
    )
    with pytest.raises(ModelError, match="intensities"):
        load_model(folder)
    change_plans(folder, {"normalization_schemes": ["ZScoreNormalization"]})
    load_model(folder)


@pytest.mark.parametrize("replaced", [{"patch_size": [8, 8, 0]}, {"spacing": [1.0, -1.0, 1.0]}, {"spacing": 1.0}])
def test_sizes_of_nothing_are_refused(folder, replaced):
    change_plans(folder, replaced)
    with pytest.raises(ModelError, match="above 0"):
        load_model(folder)
