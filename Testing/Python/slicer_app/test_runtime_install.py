"""Installing the private runtime with the real pip, from a folder of tiny wheels."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.interaction import Job, SubprocessRunner
from UMambaXAILogic.interaction.worker_command import python_command
from UMambaXAILogic.slicer_app import runtime_install
from UMambaXAILogic.slicer_app.runtime import MARKER


def add_wheel(folder: Path, name: str, version: str, modules: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in modules.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    add_wheel(folder, "payload", "1.0", {"payload.py": "__version__ = '1.0'\n"})
    add_wheel(folder, "argparse", "1.4.0", {"argparse.py": "raise RuntimeError('the wrong argparse')\n"})
    add_wheel(folder, "broken", "1.0", {"broken.py": "raise OSError('DLL load failed')\n"})
    add_wheel(folder, "slow", "1.0", {"slow.py": "import time; time.sleep(20)\n"})
    return folder


@pytest.fixture
def installing(tmp_path: Path, wheels: Path):
    """Makes the job that installs ``requirements`` into ``tmp_path/runtime``."""

    def make(*requirements: str, modules: str = "payload", more: tuple[str, ...] = ()) -> Job:
        places = ("--target", str(tmp_path / "runtime"), "--staging", str(tmp_path / "runtime.new"))
        options = ("--find-links", str(wheels), "--modules", modules, *more)
        command = python_command("UMambaXAILogic.slicer_app.runtime_install", (*places, *options, *requirements))
        return Job(command, SubprocessRunner())

    return make


def run(job: Job) -> Job:
    job.start()
    assert job.wait(120)
    return job


def installed_packages() -> str:
    return subprocess.run([sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True).stdout


def test_packages_land_in_their_own_folder_and_this_python_stays_as_it_is(installing, tmp_path):
    before, path = installed_packages(), list(sys.path)
    job = run(installing("payload>=1", "argparse"))
    assert job.state == "finished", job.error
    folder = tmp_path / "runtime"
    assert (folder / "payload.py").is_file()
    assert not (folder / "argparse.py").exists()
    marker = json.loads((folder / MARKER).read_text())
    assert marker == {"requirements": ["payload>=1", "argparse"], "versions": {"payload": "1.0"}}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runtime", "wheels"]  # nothing else is left
    assert any("payload" in line for line in job.log_lines)  # live progress
    assert (installed_packages(), sys.path) == (before, path)


def test_installing_again_replaces_the_old_folder(installing, wheels, tmp_path):
    run(installing("payload"))
    add_wheel(wheels, "payload", "2.0", {"payload.py": "__version__ = '2.0'\n"})
    assert run(installing("payload")).state == "finished"
    assert json.loads((tmp_path / "runtime" / MARKER).read_text())["versions"] == {"payload": "2.0"}


def test_the_tested_versions_are_installed(installing, wheels, tmp_path):
    add_wheel(wheels, "payload", "3.0", {"payload.py": "__version__ = '3.0'\n"})
    (tmp_path / "wheels" / "pins.txt").write_text("payload==1.0\n")
    job = run(installing("payload", more=("--constraints", str(tmp_path / "wheels" / "pins.txt"))))
    assert job.state == "finished", job.error
    assert json.loads((tmp_path / "runtime" / MARKER).read_text())["versions"] == {"payload": "1.0"}


def test_a_package_that_cannot_be_found_is_named_and_the_old_runtime_stays(installing, tmp_path):
    run(installing("payload"))
    job = run(installing("no-such-package"))
    assert job.state == "failed"
    assert "no-such-package" in job.error.message
    assert "internet" in job.error.remedy
    assert (tmp_path / "runtime" / MARKER).is_file()


def test_packages_that_do_not_load_are_not_put_in_place(installing, tmp_path):
    job = run(installing("broken", modules="broken"))
    assert job.state == "failed"
    assert "DLL load failed" in job.error.message
    assert not (tmp_path / "runtime").exists()


def test_a_module_that_comes_from_elsewhere_is_noticed(installing):
    job = run(installing("payload", modules="payload,numpy"))
    assert job.state == "failed"
    assert "numpy comes from" in job.error.message


def test_a_disk_that_is_too_full_is_refused_before_anything_is_downloaded(tmp_path):
    with pytest.raises(NotInstalledError, match="free"):
        runtime_install.check_space(tmp_path / "new" / "runtime", size_gb=1e9)
    runtime_install.check_space(tmp_path / "new" / "runtime", size_gb=0.0)


def test_a_cancel_ends_it_in_time_and_cleaning_removes_the_rest(installing, tmp_path):
    job = installing("slow", modules="slow")
    job.start()
    while job.stage != "verify":
        assert not job.wait(0.1), job.error
    begin = time.monotonic()
    job.cancel()
    assert job.wait(5)
    assert job.state == "cancelled"
    assert time.monotonic() - begin < 2.0
    assert not (tmp_path / "runtime").exists()
    assert run(installing(more=("--clean",))).state == "finished"
    assert [path.name for path in tmp_path.iterdir()] == ["wheels"]
