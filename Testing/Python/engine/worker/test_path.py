"""Where the private runtime stands on the worker's path, and that ``argparse`` 1.4.0 shadows nothing."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.engine.worker.path import ordered_path, place_packages


def test_the_runtime_stands_after_the_standard_library_and_before_every_site_packages():
    launcher_like = ["/app/bin", "/app/site-packages", "/app/lib/python3.12", "/app/lib/python3.12/site-packages"]
    assert ordered_path(launcher_like, "/runtime") == [
        "/app/bin",
        "/app/lib/python3.12",
        "/runtime",
        "/app/site-packages",
        "/app/lib/python3.12/site-packages",
    ]


def test_placing_twice_changes_nothing_more():
    once = ordered_path(["/lib", "/site-packages"], "/runtime")
    assert ordered_path(once, "/runtime") == once


def test_a_folder_that_is_gone_is_named(tmp_path: Path):
    with pytest.raises(NotInstalledError, match="gone"):
        place_packages(tmp_path / "gone")


@pytest.fixture
def launcher(tmp_path: Path, repository: Path):
    """Runs code the way a launcher does: with its own site-packages in front of the standard library."""
    shadowing = tmp_path / "launcher" / "site-packages"
    shadowing.mkdir(parents=True)
    (shadowing / "argparse.py").write_text("raise RuntimeError('the wrong argparse')\n")
    (shadowing / "payload.py").write_text("WHERE = 'launcher'\n")
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    (runtime / "argparse.py").write_text("raise RuntimeError('the wrong argparse')\n")
    (runtime / "payload.py").write_text("WHERE = 'runtime'\n")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "behind_a_link.py").write_text("")
    (runtime / "linked.pth").write_text(str(tmp_path / "linked") + "\n")

    def run(code: str) -> subprocess.CompletedProcess[str]:
        start = (
            f"import sys; sys.path.insert(0, {str(shadowing)!r}); sys.path.insert(0, {str(repository)!r});"
            "from UMambaXAILogic.engine.worker.path import place_packages;"
        )
        return subprocess.run(
            [sys.executable, "-c", start + code.format(runtime=str(runtime))], capture_output=True, text=True
        )

    return run


def test_argparse_stays_the_standard_one_with_the_wrong_one_in_both_places(launcher):
    done = launcher("place_packages({runtime!r}); import argparse; print(argparse.__file__)")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == Path(sysconfig.get_path("stdlib"))


def test_without_a_runtime_the_wrong_argparse_is_still_put_behind(launcher):
    done = launcher("place_packages(None); import argparse; print(argparse.__file__)")
    assert done.returncode == 0, done.stderr


def test_the_trap_is_real(launcher):
    assert "the wrong argparse" in launcher("import argparse").stderr


def test_the_runtime_wins_over_the_launchers_packages_and_its_links_are_followed(launcher):
    done = launcher("place_packages({runtime!r}); import payload, behind_a_link; print(payload.WHERE)")
    assert done.stdout.strip() == "runtime", done.stderr
