"""The product's processes shorten the wait of idle threads before torch is imported; a user's choice stays."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from UMambaXAILogic.engine.idle_threads import let_idle_threads_sleep

CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
COMMAND = "from UMambaXAILogic.cli.main import main; main(['view', 'nowhere'])"
WORKER = (
    "import contextlib\n"
    "from UMambaXAILogic.engine.worker import process\n"
    "class Writer:\n"
    "    def say(self, kind, **fields): pass\n"
    "with contextlib.suppress(Exception): process._answer(['--request', 'nowhere'], Writer(), None)\n"
)


@pytest.fixture
def no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CHOICES:
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_choice")
@pytest.mark.parametrize("name", CHOICES)
def test_what_the_user_has_chosen_stays(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, "12")
    let_idle_threads_sleep()
    assert {name: os.environ[name] for name in CHOICES if name in os.environ} == {name: "12"}


@pytest.mark.usefixtures("no_choice")
@pytest.mark.parametrize("start", [COMMAND, WORKER], ids=["command", "worker"])
def test_the_wait_is_shortened_before_torch_is_imported(start: str):
    tell = "\nimport os, sys; print('torch' in sys.modules, int(os.environ['GOMP_SPINCOUNT']) < 300_000)"
    done = subprocess.run([sys.executable, "-c", start + tell], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["False", "True"]
