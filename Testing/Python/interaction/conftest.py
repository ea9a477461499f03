"""A worker made of a few lines of Python: real processes, real pipes, no computation."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from UMambaXAILogic.interaction import Command

_PREFACE = """\
import json, os, signal, sys, threading, time

def say(kind, **fields):
    os.write(1, (json.dumps({"v": 1, "type": kind, **fields}) + "\\n").encode())

def end_when_input_closes():
    def watch():
        sys.stdin.buffer.read()
        os._exit(130)
    threading.Thread(target=watch, daemon=True).start()

say("hello", pid=os.getpid(), versions={"python": "3"})
"""


@pytest.fixture
def fake_worker(tmp_path: Path) -> Callable[..., Command]:
    """Makes the command of a worker from pieces of its body; ``here`` in them is the test's folder."""

    def make(*pieces: str) -> Command:
        script = tmp_path / "worker.py"
        body = "\n".join(textwrap.dedent(piece) for piece in pieces)
        script.write_text(f"{_PREFACE}here = {str(tmp_path)!r}\n{body}", encoding="utf-8")
        return Command(sys.executable, (str(script),))

    return make
