"""Fixtures that every part of the test suite shares."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder above ``oracle/`` and ``data/``: reference outputs and real volumes that are not shipped."""
    folder = os.environ.get("UMAMBAXAI_REFERENCE_DATA")
    if not folder or not (Path(folder) / "oracle").is_dir():
        pytest.skip("skipped: shared data not present")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def cmake() -> str:
    """CMake's program: the one of the test requirements, or the system's."""
    beside = Path(sys.executable).with_name("cmake.exe" if os.name == "nt" else "cmake")
    program = str(beside) if beside.is_file() else shutil.which("cmake")
    assert program, "cmake is not installed: pip install cmake"
    return program


@pytest.fixture(scope="session")
def configure(cmake: str) -> Callable[[Path, Path], subprocess.CompletedProcess[str]]:
    """Configures a checkout into a build folder, with Testing/cmake/SlicerStandIn in Slicer's place.

    Nothing is compiled, so no compiler is looked for.
    """

    def run(checkout: Path, build: Path) -> subprocess.CompletedProcess[str]:
        no_compiler = [
            f"-DCMAKE_{language}_COMPILER{what}"
            for language in ("C", "CXX")
            for what in (f"={sys.executable}", "_FORCED=ON")
        ]
        stand_in = f"-DSlicer_DIR={checkout / 'Testing' / 'cmake' / 'SlicerStandIn'}"
        return subprocess.run(
            [cmake, "-S", str(checkout), "-B", str(build), stand_in, *no_compiler], capture_output=True, text=True
        )

    return run


@pytest.fixture(scope="session")
def slicer_build(repository: Path, configure, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build folder of this checkout."""
    build = tmp_path_factory.mktemp("slicer-build")
    done = configure(repository, build)
    assert done.returncode == 0, done.stdout + done.stderr
    return build


@pytest.fixture(scope="session")
def slicer_install(slicer_build: Path, cmake: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``qt-scripted-modules`` of an installed tree: what Slicer gets."""
    prefix = tmp_path_factory.mktemp("slicer-install")
    done = subprocess.run(
        [cmake, "--install", str(slicer_build), "--prefix", str(prefix)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(prefix.rglob("qt-scripted-modules"))


@pytest.fixture
def slowness() -> float:
    """How many processes share each core, at least 1: on a busy machine everything takes so much longer."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return max(1.0, load / (os.cpu_count() or 1))
