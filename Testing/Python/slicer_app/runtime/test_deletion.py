"""Deleting a runtime: all of it, nothing else, and not under somebody who uses it."""

from __future__ import annotations

import os

import pytest

from UMambaXAILogic.engine.runtime_lock import RuntimeLock
from UMambaXAILogic.slicer_app.runtime.contents import MARKER
from UMambaXAILogic.slicer_app.runtime.folders import RuntimeFolders, remove_tree

pytestmark = pytest.mark.usefixtures("own_python_untouched")


def test_it_is_removed_with_what_interrupted_installations_left(do, installed):
    RuntimeFolders(installed).staging.mkdir()
    (RuntimeFolders(installed).temporary / "pip-unpack").mkdir(parents=True)
    assert do("delete").state == "finished"
    assert not installed.parent.exists()


def test_it_says_how_far_it_is(do, installed, steps):
    job = do.job("delete")
    seen = steps(job)
    job.start()
    assert job.wait(60)
    assert {step.action for step in seen} == {"remove"}
    assert [step.number for step in seen] == list(range(1, seen[-1].total + 1))
    assert "payload.py" in {step.name for step in seen}


def test_half_a_deleted_runtime_never_comes_back(do, installed):
    installed.rename(RuntimeFolders(installed).outdated)
    (RuntimeFolders(installed).outdated / MARKER).unlink()  # as when it is killed from here on
    assert do("clean").state == "finished"
    assert not installed.parent.exists()


def test_leftovers_go_where_there_is_no_runtime(do, target):
    RuntimeFolders(target).staging.mkdir(parents=True)
    assert do("delete").state == "finished"
    assert not target.parent.exists()


def test_what_else_lies_beside_it_stays(do, installed):
    (installed.parent / "py313").mkdir()
    assert do("delete").state == "finished"
    assert [path.name for path in installed.parent.iterdir()] == ["py313"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_in_it_are_not_followed(do, installed, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    (installed / "folder-link").symlink_to(mine, target_is_directory=True)
    (installed / "file-link").symlink_to(mine / "thesis.txt")
    assert do("delete").state == "finished"
    assert not installed.exists()
    assert (mine / "thesis.txt").read_text() == "years of work"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_its_place_is_refused(do, installed, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    installed.rename(elsewhere)
    installed.symlink_to(elsewhere, target_is_directory=True)
    job = do("delete")
    assert job.state == "failed"
    assert str(elsewhere) in job.error.message
    assert (elsewhere / MARKER).is_file()


def test_a_folder_that_was_not_installed_here_is_refused(do, target):
    target.mkdir(parents=True)
    (target / "thesis.txt").write_text("years of work")
    job = do("delete")
    assert job.state == "failed"
    assert "not installed by UMambaXAI" in job.error.message
    assert (target / "thesis.txt").is_file()


def test_it_stays_while_a_worker_uses_it(do, installed):
    worker = RuntimeLock(installed)
    worker.use()
    job = do("delete")
    worker.release()
    assert job.state == "failed"
    assert "computation is using" in job.error.message
    assert (installed / MARKER).is_file()
    assert do("delete").state == "finished"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only for root")
def test_what_is_read_only_is_removed_too(tmp_path):
    folder = tmp_path / "folder" / "inside"
    folder.mkdir(parents=True)
    (folder / "file").write_text("")
    folder.chmod(0o500)
    remove_tree(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
