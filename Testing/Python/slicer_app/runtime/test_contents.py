"""The private runtime: what belongs into it, and what is there."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path

from UMambaXAILogic.slicer_app.runtime import contents
from UMambaXAILogic.slicer_app.runtime.contents import MARKER, REQUIREMENTS, Marker, fingerprint, is_usable, read_marker


def test_it_holds_what_the_package_its_dicom_export_and_its_sam_depend_on_less_what_is_the_terminals(repository: Path):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    terminal_only = [line for line in project["dependencies"] if line.startswith("rich")]
    extras = project["optional-dependencies"]
    further = {*extras["dicom"], *extras["sam"]} - {"pydicom>=3"}  # highdicom brings it
    assert set(REQUIREMENTS) == set(project["dependencies"]) - set(terminal_only) | further


def test_every_requirement_is_imported_after_installing():
    modules = {"scikit-image": "skimage", "pillow": "PIL"}
    names = [line.partition(">")[0] for line in REQUIREMENTS]
    assert [modules.get(name, name) for name in names] == list(contents.MODULES)


def test_a_python_that_somebody_brings_needs_no_more_than_the_package_depends_on(repository: Path):
    dependencies = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["dependencies"]
    assert len(contents.NEEDED_MODULES) == len(dependencies) - 1  # rich
    assert set(contents.MODULES) - set(contents.NEEDED_MODULES) == {"highdicom", "transformers"}


def test_the_versions_that_were_tested_are_found_and_pin_what_is_installed():
    tested = contents.pinned_versions(contents.constraints_file())
    assert {contents.canonical(line.partition(">")[0]) for line in REQUIREMENTS} <= set(tested)


def test_only_a_completed_installation_that_works_counts(tmp_path):
    marker = Marker(REQUIREMENTS, "abc", versions={"torch": "2.13.0"})
    assert read_marker(tmp_path / "nowhere") is None
    assert read_marker(tmp_path) is None
    for damaged in ("{half", "[]", "{}", '{"requirements": 3}', json.dumps({"requirements": ["torch"], "packages": 3})):
        (tmp_path / MARKER).write_text(damaged)
        assert read_marker(tmp_path) is None
    marker.write(tmp_path)
    assert read_marker(tmp_path) == marker
    assert not is_usable(marker, tmp_path)  # torch is not there
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise RuntimeError('nobody imports it here')")
    assert is_usable(marker, tmp_path)
    assert not is_usable(dataclasses.replace(marker, problem="torch: OSError"), tmp_path)
    assert not is_usable(dataclasses.replace(marker, requirements=("torch>=1",)), tmp_path)
    assert not is_usable(None, tmp_path)


def test_a_module_may_be_a_folder_a_file_or_a_compiled_file(tmp_path):
    (tmp_path / "plain.py").write_text("")
    (tmp_path / "compiled.abi3.so").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__init__.py").write_text("")
    (tmp_path / "empty").mkdir()  # what an interrupted removal leaves
    names = ("plain", "compiled", "folder", "empty", "absent")
    assert contents.missing_modules(tmp_path, names)[-2:] == ("empty", "absent")
    assert {"plain", "folder"}.isdisjoint(contents.missing_modules(tmp_path, names))


def test_the_fingerprint_changes_with_what_would_be_installed_and_only_then():
    base = fingerprint(("torch>=2",), {"torch": "2.13.0", "numpy": "2.4.6"})
    assert base == fingerprint(("torch>=2",), {"numpy": "2.4.6", "torch": "2.13.0"})
    assert base != fingerprint(("torch>=3",), {"torch": "2.13.0", "numpy": "2.4.6"})
    assert base != fingerprint(("torch>=2",), {"torch": "2.13.0", "numpy": "2.4.7"})
