"""Updating, repairing and checking a runtime: what is whole is kept, and the old one stays until the new one works."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from UMambaXAILogic.slicer_app.runtime.contents import MARKER, read_marker
from UMambaXAILogic.slicer_app.runtime.plan import expected_fingerprint

pytestmark = pytest.mark.usefixtures("own_python_untouched")


def downloaded(job) -> set[str]:
    """Wheels that pip used."""
    lines = (line.split()[1] for line in job.log_lines if line.startswith("Processing "))
    return {Path(path).name.partition("-")[0] for path in lines}


def test_an_update_fetches_only_what_changed(do, installed, wheels, add_wheel, sizes, tmp_path):
    before = read_marker(installed).fingerprint
    add_wheel(wheels, "payload", "2.0", {"payload.py": "__version__ = '2.0'\nimport helper, extra\n"})
    add_wheel(wheels, "extra", "1.0", {"extra.py": ""})
    (tmp_path / "pins.txt").write_text("payload==2.0\nhelper==1.0\nextra==1.0\n")
    new_sizes = sizes({"payload": "2.0", "helper": "1.0", "extra": "1.0"})
    job = do("update")
    assert job.state == "finished", job.error
    assert downloaded(job) == {"payload", "extra"}
    marker = read_marker(installed)
    assert marker.packages == {"payload": "2.0", "helper": "1.0", "extra": "1.0"}
    assert marker.fingerprint != before
    assert marker.fingerprint == expected_fingerprint(("payload>=1",), tmp_path / "pins.txt", new_sizes)
    assert (installed / "helper" / "data.txt").read_text() == "whole"
    assert [path.name for path in installed.parent.iterdir()] == ["py312"]


def test_an_update_that_does_not_work_leaves_the_old_one(do, installed, wheels, add_wheel, sizes):
    add_wheel(wheels, "payload", "2.0", {"payload.py": "raise OSError('DLL load failed')\n"})
    sizes({"payload": "2.0", "helper": "1.0"})
    job = do("update")
    assert job.state == "failed"
    assert "DLL load failed" in job.error.message
    assert do("verify").versions == {"payload": "1.0"}


@pytest.mark.parametrize("damage", ["changed", "shortened", "removed", "package gone"])
def test_a_repair_installs_what_is_damaged_and_keeps_the_rest(damage, do, installed):
    kept = os.stat(installed / "payload.py").st_ino
    data = installed / "helper" / "data.txt"
    if damage == "changed":
        data.write_text("brokn")
    elif damage == "shortened":
        data.write_text("who")
    elif damage == "removed":
        data.unlink()
    else:
        for path in installed.glob("helper-*.dist-info/*"):
            path.unlink()
    job = do("repair")
    assert job.state == "finished", job.error
    assert downloaded(job) == {"helper"}
    assert data.read_text() == "whole"
    assert os.stat(installed / "payload.py").st_ino == kept  # the very file, not a copy
    assert "helper" in job.warnings[0].message
    assert read_marker(installed).packages == {"payload": "1.0", "helper": "1.0"}


def test_a_repair_finds_nothing_to_do_where_everything_works(do, installed):
    job = do("repair")
    assert (job.state, job.versions, downloaded(job)) == ("finished", {"payload": "1.0"}, set())


def test_a_repair_that_finds_every_file_whole_installs_everything_anew(do, installed):
    (installed / "helper.py").write_text("")
    (installed / "payload.pth").write_text("import sys; sys.modules['payload'] = None\n")  # belongs to no package
    job = do("repair")
    assert job.state == "finished", job.error
    assert downloaded(job) == {"payload", "helper"}
    assert not (installed / "payload.pth").exists()


def test_a_repair_that_cannot_get_what_it_needs_leaves_the_old_one(do, installed, wheels):
    (installed / "helper" / "data.txt").unlink()
    (wheels / "helper-1.0-py3-none-any.whl").unlink()
    job = do("repair")
    assert job.state == "failed"
    assert "helper" in job.error.message
    assert read_marker(installed).packages == {"payload": "1.0", "helper": "1.0"}
    assert [path.name for path in installed.parent.iterdir()] == ["py312"]


def test_a_runtime_without_its_marker_is_installed_anew(do, installed):
    (installed / MARKER).write_text("{half")
    assert do("repair").state == "finished"
    assert read_marker(installed).packages == {"payload": "1.0", "helper": "1.0"}


def test_a_check_remembers_what_is_broken_until_it_works_again(do, installed):
    whole = (installed / "payload.py").read_text()
    (installed / "payload.py").write_text("raise OSError('no such library')")
    job = do("verify")
    assert job.state == "failed"
    assert "no such library" in job.error.message
    assert "no such library" in read_marker(installed).problem
    (installed / "payload.py").write_text(whole)
    assert do("verify").versions == {"payload": "1.0"}
    assert read_marker(installed).problem == ""
    assert do("verify", modules="payload,helper").versions == {"payload": "1.0", "helper": "1.0"}
