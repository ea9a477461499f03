"""Packaging for the extension catalogue: configured, installed and packed against a stricter stand-in for Slicer."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    """A copy of what is packaged, to break things in."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in ("CMakeLists.txt", "constraints.txt"):
        shutil.copy(repository / name, copy)
    for name in ("UMambaXAI", "UMambaXAILogic", "Resources", "Testing/cmake"):
        shutil.copytree(repository / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_every_python_file_and_resource_is_installed(slicer_install: Path, repository: Path):
    installed = slicer_install / "UMambaXAILogic"
    for source in sorted((repository / "UMambaXAILogic").rglob("*.py")):
        copy = installed / source.relative_to(repository / "UMambaXAILogic")
        assert copy.is_file(), f"{copy} is missing: run Testing/cmake/list_scripts.py"
        assert copy.read_bytes() == source.read_bytes()
    for source in (repository / "UMambaXAI").rglob("*"):
        relative = source.relative_to(repository / "UMambaXAI")
        if source.is_file() and source.name != "CMakeLists.txt" and "__pycache__" not in relative.parts:
            assert (slicer_install / relative).read_bytes() == source.read_bytes()
    for source in (repository / "Resources").rglob("*"):
        relative = source.relative_to(repository / "Resources")
        if source.is_file() and relative.parts[0] != "Screenshots" and "__pycache__" not in relative.parts:
            assert (installed / "Resources" / relative).is_file(), relative
    assert (installed / "Resources" / "constraints.txt").is_file()


def test_the_list_of_scripts_is_up_to_date_and_sorted(repository: Path):
    check = [sys.executable, str(repository / "Testing" / "cmake" / "list_scripts.py"), "--check"]
    assert subprocess.run(check).returncode == 0, "run Testing/cmake/list_scripts.py"


def test_a_file_that_is_not_listed_stops_the_configuration(checkout: Path, configure, tmp_path: Path):
    (checkout / "UMambaXAILogic" / "engine" / "forgotten.py").write_text("")
    done = configure(checkout, tmp_path / "build")
    assert done.returncode != 0
    assert "engine/forgotten.py" in done.stderr


def test_a_listed_file_that_is_gone_stops_the_configuration(checkout: Path, configure, tmp_path: Path):
    (checkout / "UMambaXAILogic" / "logic" / "maps.py").unlink()
    done = configure(checkout, tmp_path / "build")
    assert done.returncode != 0
    assert "logic/maps.py" in done.stderr


@pytest.mark.parametrize("name", ["Icons/Extra.png", "UI/Extra.ui", "Extra/table.json"])
def test_a_resource_of_the_module_that_is_not_listed_stops_the_configuration(
    checkout: Path, configure, tmp_path: Path, name: str
):
    path = checkout / "UMambaXAI" / "Resources" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    done = configure(checkout, tmp_path / "build")
    assert done.returncode != 0
    assert name in done.stderr


def test_every_ui_file_and_icon_is_one_that_the_code_asks_for(repository: Path):
    """A file that nobody loads would be packaged for ever."""
    code = "".join(path.read_text(encoding="utf-8") for path in (repository / "UMambaXAILogic").rglob("*.py"))
    for path in (repository / "UMambaXAI" / "Resources" / "UI").iterdir():
        assert f'"{path.name}"' in code, path.name
    icons = {path.stem for path in (repository / "UMambaXAI" / "Resources" / "Icons").iterdir()}
    assert icons == {"UMambaXAI"}  # the module's name: what the application looks for


def test_the_script_lists_what_is_new_and_forgets_what_is_gone(checkout: Path, configure, tmp_path: Path):
    (checkout / "UMambaXAILogic" / "engine" / "forgotten.py").write_text("")
    (checkout / "UMambaXAILogic" / "logic" / "maps.py").unlink()
    subprocess.run([sys.executable, str(checkout / "Testing" / "cmake" / "list_scripts.py")], check=True)
    done = configure(checkout, tmp_path / "build")
    assert done.returncode == 0, done.stderr


def test_the_packed_archive_holds_the_module(slicer_build: Path, cmake: str, tmp_path: Path):
    cpack = str(Path(cmake).with_name("cpack"))
    done = subprocess.run([cpack, "-B", str(tmp_path)], cwd=slicer_build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(tmp_path / "UMambaXAI.tar.gz") as archive:
        packed = {name.partition("qt-scripted-modules/")[2] for name in archive.getnames()}
    assert {
        "UMambaXAI.py",
        "Resources/UI/Inputs.ui",
        "Resources/Icons/UMambaXAI.png",
        "UMambaXAILogic/engine/worker/__main__.py",
        "UMambaXAILogic/Resources/demo_model/plans.json",
        "UMambaXAILogic/Resources/sample_data/phantom_source.nrrd",
        "UMambaXAILogic/Resources/sample_data/phantom_source_vessels.seg.nrrd",
        "UMambaXAILogic/Resources/sample_data/phantom_source.png",
    } <= packed
    assert not [name for name in packed if "Screenshots" in name]  # for the web page, not for the user's disk


def test_nothing_is_collected_by_pattern(repository: Path):
    """A list that finds its files by itself would not notice a file that is missing."""
    for name in ("CMakeLists.txt", "UMambaXAI/CMakeLists.txt", "UMambaXAILogic/CMakeLists.txt"):
        assert not re.search(r"file\s*\(\s*GLOB", (repository / name).read_text(), re.IGNORECASE)


def test_every_package_is_in_the_wheel_too(repository: Path):
    packages = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        ".".join(init.parent.relative_to(repository).parts)
        for init in (repository / "UMambaXAILogic").rglob("__init__.py")
    }
    assert found <= set(packages)
