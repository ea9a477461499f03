"""Installing the private runtime with the real pip, from a folder of tiny wheels."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from UMambaXAILogic.slicer_app.runtime.contents import MARKER, read_marker
from UMambaXAILogic.slicer_app.runtime.folders import RuntimeFolders

pytestmark = pytest.mark.usefixtures("own_python_untouched")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_packages_land_in_their_own_folder_and_nothing_else_is_left(do, steps, target, wheels, add_wheel):
    add_wheel(wheels, "argparse", "1.4.0", {"argparse.py": "raise RuntimeError('the wrong argparse')\n"})
    job = do.job("install", "payload>=1", "argparse")
    seen = steps(job)
    job.start()
    assert job.wait(120)
    assert job.state == "finished", job.error
    assert job.versions == {"payload": "1.0"}
    assert (target / "payload.py").is_file()
    assert not (target / "argparse.py").exists()
    marker = read_marker(target)
    assert marker.packages == {"payload": "1.0", "helper": "1.0"}
    assert marker.requirements == ("payload>=1", "argparse")
    assert (marker.build, marker.problem) == ("cpu", "")
    assert marker.size_bytes == sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) - (
        (target / MARKER).stat().st_size
    )
    assert names_in(target.parent) == ["py312"]
    assert {(step.action, step.name) for step in seen} >= {("collect", "helper"), ("import", "payload")}
    assert any(step.action == "unpack" and step.total == 3 for step in seen)
    assert any("payload" in line for line in job.log_lines)


def test_installing_again_replaces_the_old_folder(do, installed, wheels, add_wheel, sizes):
    add_wheel(wheels, "payload", "2.0", {"payload.py": "__version__ = '2.0'\n"})
    sizes({"payload": "2.0"})
    assert do("install").state == "finished"
    assert read_marker(installed).versions == {"payload": "2.0"}
    assert names_in(installed.parent) == ["py312"]


def test_the_pinned_versions_are_installed(do, target, wheels, add_wheel, tmp_path):
    add_wheel(wheels, "payload", "3.0", {"payload.py": "__version__ = '3.0'\n"})
    pins = tmp_path / "pins.txt"
    pins.write_text("payload==1.0\n")
    job = do("install", constraints=pins)
    assert job.state == "finished", job.error
    assert read_marker(target).versions == {"payload": "1.0"}


def test_packages_that_do_not_load_are_not_put_in_place(do, installed, wheels, add_wheel):
    add_wheel(wheels, "payload", "1.5", {"payload.py": "raise OSError('DLL load failed')\n"})
    job = do("install", "payload>=1.5", "helper")
    assert job.state == "failed"
    assert "DLL load failed" in job.error.message
    assert read_marker(installed).versions == {"payload": "1.0"}
    assert names_in(installed.parent) == ["py312"]


def test_a_module_that_comes_from_elsewhere_is_noticed(do, target):
    job = do("install", modules="payload,numpy")
    assert job.state == "failed"
    assert "numpy comes from" in job.error.message
    assert not target.parent.exists()


def test_a_disk_that_is_too_full_is_refused_before_anything_is_downloaded(do, sizes, target):
    sizes({"payload": "1.0", "helper": "1.0"}, installed=10**18)
    job = do("install")
    assert job.state == "failed"
    assert "2000000000.0 GB" in job.error.message
    assert "are free" in job.error.message
    assert not target.parent.exists()


def test_a_cancel_ends_it_in_time_and_leaves_nothing(do, target, wheels, add_wheel):
    add_wheel(wheels, "slow", "1.0", {"slow.py": "import time; time.sleep(20)\n"})
    job = do.job("install", "slow", "payload", modules="slow")
    job.start()
    while job.stage != "verify":
        assert not job.wait(0.1), job.error
    begin = time.monotonic()
    job.cancel()
    assert job.wait(5)
    assert job.state == "cancelled"
    assert time.monotonic() - begin < 2.0
    assert not target.parent.exists()


def test_what_a_killed_installation_left_is_cleaned_up_by_the_next(do, target):
    folders = RuntimeFolders(target)
    for folder in (folders.staging, folders.temporary, folders.addition):
        (folder / "torch").mkdir(parents=True)
        (folder / "torch" / "half.so").write_text("half")
    assert do("install").state == "finished"
    assert names_in(target.parent) == ["py312"]


def test_a_runtime_that_was_about_to_be_replaced_when_slicer_died_comes_back(do, installed):
    installed.rename(RuntimeFolders(installed).outdated)
    assert do("clean").state == "finished"
    assert read_marker(installed) is not None
    assert names_in(installed.parent) == ["py312"]
