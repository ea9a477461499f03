"""The methods that doors offer are those that the engine has, and their names cost nothing to read."""

from __future__ import annotations

import subprocess
import sys

from UMambaXAILogic.engine.attribution import METHODS
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.request import Request


def test_every_method_of_the_registry_is_in_the_catalogue_and_takes_its_facts_from_there():
    assert list(METHODS) == list(METHOD_FACTS), "list every method in engine/methods/catalogue.py, in the same order"
    for name, method in METHODS.items():
        assert method.facts is METHOD_FACTS[name], name
        assert method.facts.name == name
        assert method.facts.title
        assert method.facts.summary.endswith(".")


def test_the_default_of_a_request_comes_first():
    assert Request("volume.nii", "demo", "out").method == next(iter(METHOD_FACTS))


def test_the_catalogue_loads_without_packages():
    code = (
        "import sys; import UMambaXAILogic.engine.methods.catalogue; "
        "print([name for name in ('torch', 'numpy', 'nnunetv2') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
