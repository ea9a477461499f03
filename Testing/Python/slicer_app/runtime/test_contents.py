"""The private runtime: what belongs into it, which build, whether it is there."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from UMambaXAILogic.slicer_app import runtime


def test_it_holds_exactly_what_the_package_depends_on_less_what_only_the_terminal_uses(repository: Path):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    terminal_only = [line for line in project["dependencies"] if line.startswith("rich")]
    assert sorted(runtime.REQUIREMENTS) == sorted(set(project["dependencies"]) - set(terminal_only))


def test_every_requirement_is_imported_after_installing():
    modules = {"scikit-image": "skimage", "pillow": "PIL"}
    names = [line.partition(">")[0] for line in runtime.REQUIREMENTS]
    assert [modules.get(name, name) for name in names] == list(runtime.MODULES)


@pytest.mark.parametrize(
    ("system", "driver", "name", "index_end"),
    [
        ("Linux", True, "CUDA", None),  # PyPI's own build
        ("Linux", False, "CPU", "/cpu"),
        ("Windows", True, "CUDA", "/cu126"),
        ("Windows", False, "CPU", None),
        ("Darwin", False, "CPU", None),
    ],
)
def test_the_build_follows_the_machine(system, driver, name, index_end):
    build = runtime.build_for(system, driver)
    assert build.name == name
    assert build.index is None if index_end is None else build.index.endswith(index_end)


def test_only_a_completed_installation_of_these_requirements_counts(tmp_path):
    assert not runtime.is_installed(tmp_path / "nowhere")
    assert not runtime.is_installed(tmp_path)
    marker = tmp_path / runtime.MARKER
    marker.write_text("{half")
    assert not runtime.is_installed(tmp_path)
    marker.write_text(json.dumps({"requirements": ["torch>=1"]}))
    assert not runtime.is_installed(tmp_path)
    marker.write_text(json.dumps({"requirements": list(runtime.REQUIREMENTS)}))
    assert runtime.is_installed(tmp_path)


def test_the_versions_that_were_tested_are_found_and_pin_what_is_installed():
    pinned = {line.partition("==")[0].lower() for line in runtime.constraints_file().read_text().splitlines()}
    assert {line.partition(">")[0].lower() for line in runtime.REQUIREMENTS} <= pinned
