"""What is installed is what is in the source tree, in versions that fit each other."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def project(repository: Path) -> dict:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_folder_of_code_is_packaged(repository, project):
    folders = {
        ".".join(file.parent.relative_to(repository).parts)
        for file in (repository / "UMambaXAILogic").rglob("*.py")
        if "__pycache__" not in file.parts
    }
    assert set(project["tool"]["setuptools"]["packages"]) == folders | {"UMambaXAILogic.Resources"}
    for folder in folders:
        assert (repository / Path(*folder.split(".")) / "__init__.py").is_file(), folder


def test_the_wheel_holds_every_resource_but_the_screenshots(repository, tmp_path):
    if importlib.util.find_spec("setuptools") is None:  # importing it here fails where distutils came first
        pytest.skip("setuptools is not installed")
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE.txt"):
        shutil.copy(repository / name, source)
    for name in ("UMambaXAILogic", "Resources"):
        shutil.copytree(repository / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix("UMambaXAILogic/Resources/") for name in archive.namelist() if "/Resources/" in name
        }
    resources = {
        path.relative_to(repository / "Resources").as_posix()
        for path in (repository / "Resources").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == {name for name in resources if not name.startswith("Screenshots/")}
    assert "sample_data/phantom_target.nrrd" in packed


def test_everything_that_is_required_is_constrained_to_one_version_and_no_place(repository, project):
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    constraints = [line for line in lines if line and not line.startswith("#")]
    for line in constraints:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), f"{line}: a version and nothing else"
    names = {_normalised(line.partition("==")[0]) for line in constraints}
    assert len(names) == len(constraints)
    required = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["test"]]
    required += project["project"]["optional-dependencies"]["slicer"]
    for requirement in required:
        name = _normalised(re.match(r"[A-Za-z0-9._-]+", requirement).group())
        assert name in names | {"umamba-xai"}, f"{name} is missing from constraints.txt"


def test_set_up_files_leave_the_choice_of_an_index_to_the_user(repository):
    for name in ("Makefile", "constraints.txt", "pyproject.toml", "Utilities/make_venv.sh", ".ci/run"):
        text = (repository / name).read_text(encoding="utf-8")
        assert "index-url" not in text, name
        assert "://" not in re.sub(r"#.*", "", text), name


def test_the_console_script_exists(project):
    from UMambaXAILogic.cli import main

    assert project["project"]["scripts"]["umamba-xai"] == f"{main.__module__.removesuffix('.main')}:{main.__name__}"


def test_continuous_integration_runs_make_test_and_nothing_else(repository):
    script = repository / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").rstrip().endswith("exec make test")


@pytest.mark.skipif(os.name == "nt", reason="the script is for POSIX shells")
def test_a_machine_without_a_suitable_python_is_told_so(repository, tmp_path):
    for name in ("python3", "python3.12"):
        old = tmp_path / name
        old.write_text("#!/bin/sh\nexit 1\n")
        old.chmod(0o755)
    run = subprocess.run(
        ["/bin/sh", str(repository / "Utilities" / "make_venv.sh"), str(tmp_path / "venv")],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "3.11, 3.12 or 3.13" in run.stderr
    assert "PYTHON=" in run.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.skipif(os.name == "nt", reason="the script is for POSIX shells")
def test_a_venv_is_made_even_without_ensurepip(repository, tmp_path):
    """Debian's python3 without python3-venv: pip exists, ensurepip does not."""
    wrapper = tmp_path / "python-without-ensurepip"
    wrapper.write_text(
        f"""#!/bin/sh
case "$*" in
    "-c import ensurepip") exit 1 ;;
    "-m pip --python "*) mkdir -p "{tmp_path}/asked" && exit 0 ;;
esac
exec "{sys.executable}" "$@"
"""
    )
    wrapper.chmod(0o755)
    run = subprocess.run(
        ["/bin/sh", str(repository / "Utilities" / "make_venv.sh"), str(tmp_path / "venv")],
        env={**os.environ, "PYTHON": str(wrapper)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()
    assert (tmp_path / "asked").is_dir()


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
