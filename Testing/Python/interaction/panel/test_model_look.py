"""Looking at models: once, and again when their files change."""

from __future__ import annotations

import os
import shutil

import pytest

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model.facts import model_facts
from UMambaXAILogic.engine.resources import resource_path
from UMambaXAILogic.interaction.panel.model_look import ModelLook, ModelLookup
from UMambaXAILogic.interaction.panel.model_words import model_details, model_line, model_title


@pytest.fixture
def counted():
    """A lookup, and the references that it looked at."""
    looked = []

    def look(reference):
        looked.append(reference)
        return model_facts(reference)

    return ModelLookup(look), looked


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "nnUNetTrainerUMambaEnc__nnUNetPlans__3d_fullres"
    return shutil.copytree(resource_path("demo_model"), path)


def test_no_model_is_no_problem(counted):
    assert counted[0].look("") == ModelLook()


def test_a_model_is_looked_at_once(counted, folder):
    lookup, looked = counted
    first = lookup.look(str(folder))
    assert first.problem == ""
    assert first.facts.architecture == "UMambaEnc"
    assert lookup.look(str(folder)) is first
    assert looked == [str(folder)]


@pytest.mark.parametrize("name", ["plans.json", "dataset.json", "fold_0"])
def test_a_model_that_changed_is_looked_at_again_unless_something_runs(counted, folder, name):
    lookup, looked = counted
    lookup.look(str(folder))
    os.utime(folder / name, (1, 1))
    lookup.look(str(folder), is_busy=True)
    assert len(looked) == 1
    lookup.look(str(folder))
    assert len(looked) == 2


def test_a_refusal_has_message_and_remedy_and_ends_with_its_cause(tmp_path):
    lookup = ModelLookup()
    path = str(tmp_path / "gone")
    look = lookup.look(path)
    assert look.facts is None
    with pytest.raises(ModelError) as refused:
        model_facts(path)
    assert look.problem == f"{refused.value.message}\n{refused.value.remedy}"
    shutil.copytree(resource_path("demo_model"), path)
    assert lookup.look(path).problem == ""


def test_a_model_in_words():
    facts = model_facts("demo")
    assert model_title(facts) == "Dataset901_PhantomVessels, U-Mamba Enc 3d_fullres"
    line = "U-Mamba Enc, 3-D. Segments vessel. Trained on CT at 0.6 x 0.6 x 1.11 mm."
    assert model_line("/x", facts) == line
    assert model_line("demo", facts) == line + " It knows computer-made phantoms only."
    details = model_details(facts).splitlines()
    assert details[:4] == [
        "Trainer: nnUNetTrainerUMambaEncDemo",
        "Labels: vessel = 1",
        "Window: 96 x 96 x 32 voxels",
        "Trained folds: 0",
    ]
    assert "carries the domain statistics" in details[4]
