"""Input that the model was not made for is said to be so, with numbers; input like the training set is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from UMambaXAILogic.engine.volume import Geometry, Volume
from UMambaXAILogic.engine.volume_io import VolumeFacts, hounsfield_doubts, intensity_warnings, read_volume

HEAD = Geometry((40, 40, 40), (0.6, 0.6, 0.6))


def model(*, ct=True, low=120.0, high=420.0, spacing=(0.6, 0.6, 0.6), transpose=(0, 1, 2)):
    """What the plans of a model say."""
    return SimpleNamespace(
        plans_manager=SimpleNamespace(
            foreground_intensity_properties_per_channel={
                "0": {"percentile_00_5": low, "percentile_99_5": high, "mean": 300.0, "std": 60.0}
            },
            transpose_forward=list(transpose),
        ),
        configuration_manager=SimpleNamespace(
            normalization_schemes=["CTNormalization" if ct else "ZScoreNormalization"]
        ),
        dataset_json={"channel_names": {"0": "CT" if ct else "MRA"}},
        reader_writer_name="SimpleITKIOWithReorient",
        spacing_mm=spacing,
    )


def ct_head(air=-1000.0, vessel=300.0) -> np.ndarray:
    """Air around soft tissue with some contrast-filled vessels."""
    values = np.full(HEAD.shape, air, dtype=np.float32)
    values[8:32, 8:32, 8:32] = np.random.default_rng(0).normal(40, 25, (24, 24, 24))
    values[14:20, 14:20, 8:32] = vessel
    return values


def warnings_of(array, geometry=HEAD, *, trained=None, **facts):
    facts = VolumeFacts(Path("case.nii.gz"), "NIfTI", (float(array.min()), float(array.max())), **facts)
    return {w.code: w.message for w in intensity_warnings(Volume(array, geometry), facts, trained or model())}


def test_a_ct_angiogram_of_the_training_kind_raises_no_warning():
    assert warnings_of(ct_head()) == {}


def test_a_crop_inside_the_head_raises_no_warning():
    assert warnings_of(ct_head()[9:31, 9:31, 9:31], Geometry((22, 22, 22), (0.6, 0.6, 0.6))) == {}


def test_values_without_air_are_not_hounsfield_units_and_outside_a_ct_models_range():
    found = warnings_of(ct_head() + 1000)
    assert found.keys() == {"not_hounsfield", "outside_training_range"}
    assert "0 to 1300" in found["not_hounsfield"]


def test_a_wide_field_without_air_is_not_in_hounsfield_units():
    array = np.clip(ct_head(), -100, None)
    facts = VolumeFacts(Path("case.nii.gz"), "NIfTI", (-100.0, 300.0))
    assert hounsfield_doubts(Volume(array, HEAD), facts) == []
    assert "240 mm" in hounsfield_doubts(Volume(array, Geometry(HEAD.size, (6.0, 6.0, 6.0))), facts)[0]


def test_values_above_the_densest_bone_are_no_hounsfield_units():
    assert "exceed 3071" in warnings_of(ct_head(vessel=9000.0))["not_hounsfield"]


def test_a_dicom_rescale_type_decides():
    array = ct_head()
    assert "US" in warnings_of(array, modality="CT", rescale_type="US")["not_hounsfield"]
    assert warnings_of(np.clip(array, -100, None), Geometry(HEAD.size, (6.0, 6.0, 0.6)), rescale_type="HU").keys() == {
        "outside_training_range"  # by its spacing
    }


def test_a_ct_by_its_modality_is_checked_whatever_the_model():
    found = warnings_of(ct_head() + 1000, trained=model(ct=False, low=200, high=900), modality="CT")
    assert found.keys() == {"not_hounsfield"}


def test_a_background_as_bright_as_vessels_is_outside_the_training_range():
    array = ct_head() * 0.05 + 250
    array[0, 0, 0] = -1
    assert "of its voxels lie in the range 120 to 420" in warnings_of(array)["outside_training_range"]


def test_an_image_without_anything_as_bright_as_vessels_is_outside_the_training_range():
    assert "99.9th percentile" in warnings_of(ct_head(vessel=60.0))["outside_training_range"]


def test_a_spacing_far_from_the_models_is_told_in_the_networks_axis_order():
    trained = model(spacing=(3.0, 0.6, 0.6), transpose=(0, 1, 2))
    assert (
        "0.6 x 0.6 x 0.6 mm, the model's 3 x 0.6 x 0.6 mm"
        in (warnings_of(ct_head(), trained=trained)["outside_training_range"])
    )
    along_x = Geometry(HEAD.size, (3.0, 0.6, 0.6), direction=(0, 1, 0, 0, 0, 1, 1, 0, 0))  # x runs to the head
    assert warnings_of(ct_head(), along_x, trained=trained) == {}
    transposed = model(spacing=(0.6, 3.0, 0.6), transpose=(1, 0, 2))
    assert warnings_of(ct_head(), along_x, trained=transposed) == {}


def test_a_two_dimensional_model_does_not_care_about_the_slice_distance():
    thick = Geometry(HEAD.size, (0.6, 0.6, 5.0))
    assert warnings_of(ct_head(), thick, trained=model(spacing=(0.6, 0.6))) == {}


def test_a_ct_shown_to_a_magnetic_resonance_model_is_outside_its_range():
    assert "as in CT" in warnings_of(ct_head(), trained=model(ct=False))["outside_training_range"]


def test_magnetic_resonance_is_not_compared_by_value():
    assert warnings_of(np.abs(ct_head()) * 7, trained=model(ct=False)) == {}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("angio/topcow066_mra_crop.mha", {"not_hounsfield", "outside_training_range"}),
        ("angio/niivue_CT_AVM.nii.gz", {"not_hounsfield", "outside_training_range"}),
        ("dicom/slicer_CTHeadAxialDicom", {"not_hounsfield", "outside_training_range"}),
    ],
)
def test_real_images_that_are_no_hounsfield_angiograms_are_told_from_the_phantom_models_kind(
    reference_data, name, codes
):
    volume, facts = read_volume(reference_data / "data" / name)
    assert {warning.code for warning in intensity_warnings(volume, facts, model())} == codes
