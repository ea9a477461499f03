"""The profile that the demo model ships with: reproducible, small, and right about both phantom cohorts."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from UMambaXAILogic.engine.model.reference_profile import REFERENCE_PROFILE, profile_in_folder, profile_of_model
from UMambaXAILogic.engine.model_range import model_range_warnings
from UMambaXAILogic.engine.phantom import case_seed, make_phantom
from UMambaXAILogic.engine.resources import resource_path
from UMambaXAILogic.engine.volume_io import VolumeFacts

OTHER_SEED = 4711


@pytest.fixture(scope="module")
def utility(repository):
    """``Utilities/DemoModel/profile_demo_model.py`` as a module."""
    folder = repository / "Utilities" / "DemoModel"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("profile_demo_model", folder / "profile_demo_model.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(folder))


def test_the_demo_model_carries_a_small_profile_of_phantoms():
    carried = profile_of_model("demo")
    assert carried.problem == ""
    assert carried.profile.is_phantom
    assert all(row.phantom and row.morphology is not None for row in carried.profile.rows)
    assert (resource_path("demo_model") / REFERENCE_PROFILE).stat().st_size < 100_000


def test_its_rows_are_measured_anew_from_the_training_seed(utility):
    profile = profile_in_folder(resource_path("demo_model")).profile
    assert len(profile.rows) == utility.COUNT
    again, stored = utility.measured_phantom(1).to_json(), profile.rows[0].to_json()
    for part in ("case", "units", "resolution", "morphology"):
        assert again[part] == stored[part]
    assert again["intensity"]["histogram"] == stored["intensity"]["histogram"]
    assert again["noise"]["parenchyma"]["std"] == pytest.approx(stored["noise"]["parenchyma"]["std"], rel=1e-6)


@pytest.mark.parametrize(("cohort", "is_outside"), [("source", False), ("target", True)])
def test_unseen_source_phantoms_are_in_range_and_target_phantoms_are_not(cohort, is_outside):
    image = make_phantom(cohort, case_seed(OTHER_SEED, 1)).image
    low, high = float(image.array.min()), float(image.array.max())
    warnings = model_range_warnings(image, VolumeFacts(Path("x"), "NIfTI", (low, high)), profile_of_model("demo"), "CT")
    assert bool(warnings) is is_outside, [warning.message for warning in warnings]
    if is_outside:
        assert any("Spacing" in warning.message or "spacing" in warning.message for warning in warnings)
