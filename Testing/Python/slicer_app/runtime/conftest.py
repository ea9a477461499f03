"""Tiny wheels, and the process that installs them with the real pip; nothing is downloaded."""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from UMambaXAILogic.interaction import Job, SubprocessRunner
from UMambaXAILogic.interaction.worker_command import python_command
from UMambaXAILogic.slicer_app.runtime.pip_progress import INSTALL_STAGES

AddWheel = Callable[..., Path]


@pytest.fixture(scope="session")
def add_wheel() -> AddWheel:
    """Makes a wheel: add_wheel(folder, name, version, {path: text}, requires=(), tag="py3-none-any")."""

    def add(
        folder: Path,
        name: str,
        version: str,
        modules: dict[str, str],
        requires: tuple[str, ...] = (),
        tag: str = "py3-none-any",
    ) -> Path:
        folder.mkdir(exist_ok=True, parents=True)
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        files = dict(modules)
        files[f"{info}/METADATA"] = metadata + "".join(f"Requires-Dist: {line}\n" for line in requires)
        files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
        record = "".join(f"{path},sha256={_checksum(text)},{len(text.encode())}\n" for path, text in files.items())
        path = folder / f"{name}-{version}-{tag}.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for inside, text in files.items():
                wheel.writestr(inside, text)
            wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
        return path

    return add


@pytest.fixture
def wheels(tmp_path: Path, add_wheel: AddWheel) -> Path:
    """A folder of wheels: payload needs helper."""
    return payload_and_helper(tmp_path / "wheels", add_wheel)


def payload_and_helper(folder: Path, add_wheel: AddWheel) -> Path:
    add_wheel(folder, "payload", "1.0", {"payload.py": "__version__ = '1.0'\nimport helper\n"}, requires=("helper",))
    add_wheel(folder, "helper", "1.0", {"helper/__init__.py": "", "helper/data.txt": "whole"})
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the runtime goes."""
    return tmp_path / "data" / "py312"


@pytest.fixture
def sizes(tmp_path: Path) -> Callable[..., Path]:
    """Writes the file of expected packages: sizes({"payload": "1.0"}, download=1000, installed=2000)."""

    def write(packages: dict[str, str], download: int = 1000, installed: int = 2000) -> Path:
        return write_sizes(tmp_path / "sizes.json", packages, download, installed)

    return write


def write_sizes(path: Path, packages: dict[str, str], download: int = 1000, installed: int = 2000) -> Path:
    facts = {name: [version, download, installed] for name, version in packages.items()}
    content = {
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "builds": {f"{platform.system()}-{platform.machine()}/cpu": {"estimated": False, "packages": facts}},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def do(tmp_path: Path, wheels: Path, target: Path) -> Callable[..., Job]:
    """Runs an action to its end: do("install", "payload", sizes=..., constraints=...); do.job only makes it."""

    def make(action: str, *requirements: str, **changed) -> Job:
        return make_job(tmp_path, target, action, *requirements, **{"wheels": wheels, **changed})

    def run(action: str, *requirements: str, **changed) -> Job:
        return run_job(make(action, *requirements, **changed))

    run.job = make
    return run


def run_job(job: Job) -> Job:
    job.start()
    assert job.wait(120)
    return job


def make_job(folder: Path, target: Path, action: str, *requirements: str, **changed) -> Job:
    options = {"sizes": folder / "sizes.json", "constraints": folder / "pins.txt"}
    options |= {"modules": "payload", "build": "cpu", **changed}
    if not options["sizes"].exists():
        write_sizes(options["sizes"], {"payload": "1.0", "helper": "1.0"})
    if not options["constraints"].exists():
        options["constraints"].write_text("")
    named = [part for name, value in options.items() if value for part in (f"--{name}", str(value))]
    wanted = [part for line in requirements or ("payload>=1",) for part in ("--requirement", line)]
    command = python_command(
        "UMambaXAILogic.slicer_app.runtime.process", (action, "--target", str(target), *named, *wanted)
    )
    return Job(command, SubprocessRunner(), stages=INSTALL_STAGES)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, add_wheel: AddWheel) -> Path:
    """A runtime with payload and helper."""
    folder = tmp_path_factory.mktemp("made")
    wheels = payload_and_helper(folder / "wheels", add_wheel)
    job = run_job(make_job(folder, folder / "data" / "py312", "install", wheels=wheels))
    assert job.state == "finished", job.error
    return folder / "data" / "py312"


@pytest.fixture
def installed(made_once: Path, target: Path) -> Path:
    """A runtime with payload and helper, in its place."""
    return shutil.copytree(made_once, target)


@pytest.fixture
def steps() -> Callable[[Job], list]:
    """Collects what a job says of packages: steps(job), before it is started."""

    def collect(job: Job) -> list:
        seen: list = []
        job.progressed.connect(lambda *_: seen.append(job.step) if job.step not in (None, *seen[-1:]) else None)
        return seen

    return collect


def installed_packages() -> str:
    """Everything that is installed in this Python, as another process sees it."""
    code = (
        "import importlib.metadata as m, sys; "
        "print(sorted((d.metadata['Name'], d.version, str(d.locate_file(''))) for d in m.distributions()), sys.path)"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def own_python_untouched():
    """Fails where what is installed in this Python changed."""
    before = installed_packages()
    yield
    assert installed_packages() == before


def _checksum(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
