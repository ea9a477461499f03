"""Who may use the private runtime, and who may change it, while somebody else does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.engine.runtime_lock import RuntimeLock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="locks of one process do not exclude each other there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "py312").mkdir()
    return tmp_path / "py312"


@pytest.fixture
def locks(folder):
    """Makes locks, and lets go of them in the end."""
    made: list[RuntimeLock] = []

    def make() -> RuntimeLock:
        made.append(RuntimeLock(folder))
        return made[-1]

    yield make
    for lock in made:
        lock.release()


def test_any_number_of_workers_use_it_at_once(locks):
    for _ in range(3):
        locks().use()


def test_it_is_not_changed_while_a_worker_uses_it(locks):
    worker = locks()
    worker.use()
    with pytest.raises(NotInstalledError, match="computation is using"):
        locks().change("deleted")
    worker.release()
    locks().change("deleted")


def test_it_is_not_used_while_it_is_changed(locks):
    locks().change("updated")
    with pytest.raises(NotInstalledError, match="being updated"):
        locks().use()


def test_a_second_slicer_is_told_who_is_at_work(locks):
    locks().change("installed")
    with pytest.raises(NotInstalledError, match="being installed") as told:
        locks().change("installed")
    assert f"process {os.getpid()}" in told.value.message


def test_what_a_killed_process_wrote_misleads_nobody(locks, folder):
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; "
        "from UMambaXAILogic.engine.runtime_lock import RuntimeLock; "
        "RuntimeLock(Path(sys.argv[2])).change('installed'); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code, str(root), str(folder)])
    locks().use()  # the dead hold nothing
    with pytest.raises(NotInstalledError, match="computation is using"):
        locks().change("deleted")


def test_a_removed_lock_file_does_not_let_two_in(locks, folder):
    first, second = locks(), locks()
    first.change("deleted")
    first.release(remove=True)
    assert not first.path.exists()
    second.change("installed")
    with pytest.raises(NotInstalledError):
        locks().change("installed")


def test_a_runtime_that_somebody_else_owns_can_be_used(tmp_path):
    folder = tmp_path / "theirs" / "py312"
    folder.mkdir(parents=True)
    (tmp_path / "theirs" / "py312.lock").mkdir()  # cannot be opened as a file, whoever we are
    RuntimeLock(folder).use()


def test_looking_for_a_runtime_that_is_not_there_leaves_nothing(tmp_path):
    RuntimeLock(tmp_path / "py312").use()
    assert list(tmp_path.iterdir()) == []
