"""What a user sees while a case is computed."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import textwrap
import time

import pytest
from rich.console import Console

from UMambaXAILogic.cli import progress
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.progress import BENCHMARK_STAGES, JUDGED_STAGES, STAGES


def test_every_stage_has_words_of_its_own():
    stages = {*STAGES, *JUDGED_STAGES, *BENCHMARK_STAGES}
    assert set(progress.STAGE_TEXTS) == stages
    assert len(set(progress.STAGE_TEXTS.values())) == len(stages)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.2, "about 1 s left"),
        (34.6, "about 35 s left"),
        (90, "about 2 min left"),
        (600, "about 10 min left"),
    ],
)
def test_time_left_is_told_in_round_numbers(seconds, text):
    assert progress.time_left_text(seconds) == text


def test_the_device_line_says_where_with_which_scan_and_why():
    facts = {"device": "cuda:0", "free_memory_mb": 20480, "scan_backend": "mamba-ssm", "reason": "it is installed"}
    assert progress.device_text(facts) == (
        "Computing on cuda:0, 20.0 GiB free, selective scan by mamba-ssm: it is installed"
    )
    assert progress.device_text({"device": "mps", "free_memory_mb": None, "scan_backend": None, "reason": ""}) == (
        "Computing on mps"
    )


def test_without_a_terminal_stages_are_lines_and_long_ones_report_now_and_then(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with progress.make_reporter(lambda: False, quiet=False) as reporter:
        reporter.stage("segment")
        for _ in range(50):
            now[0] += 1.0
            reporter.progress((now[0] - 100.0) / 50.0)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].split() == ["10%", "Segmenting"]
    assert 4 <= len(lines) <= 6
    assert re.fullmatch(r" *\d+%  Segmenting, about \d+ s left", lines[2])


def test_quiet_shows_warnings_only(capsys):
    with progress.make_reporter(lambda: False, quiet=True) as reporter:
        reporter.device({"device": "cpu"})
        reporter.stage("segment")
        reporter.progress(0.5)
        reporter.warning("nothing_predicted", "Nothing was found.")
    assert capsys.readouterr().err == "Warning: Nothing was found. [nothing_predicted]\n"


def test_any_reporter_stops_a_computation_that_asks(capsys):
    for quiet in (True, False):
        with progress.make_reporter(lambda: True, quiet) as reporter, pytest.raises(CancelledError):
            reporter.check_cancelled()


def test_what_is_said_above_the_bar_is_taken_literally(monkeypatch):
    """Paths and codes in square brackets are no markup."""
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda stderr: Console(file=screen, width=200, force_terminal=True))
    with progress.BarReporter(lambda: False) as reporter:
        reporter.warning("odd", "The file [/bold]x[red].nii is odd.")
    assert "The file [/bold]x[red].nii is odd. [odd]" in screen.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_in_a_terminal_there_is_a_bar_with_stage_percentage_and_time_left(repository):
    import pty

    code = f"""
        import sys, time
        sys.path.insert(0, {str(repository)!r})
        from UMambaXAILogic.cli.progress import make_reporter
        with make_reporter(lambda: False, quiet=False) as reporter:
            reporter.stage("segment")
            for step in range(1, 15):
                time.sleep(0.1)
                reporter.progress(step / 20)
            time.sleep(0.2)
    """
    terminal, other_end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stderr=other_end, env=environment)
    os.close(other_end)
    shown = b""
    try:
        while chunk := os.read(terminal, 65536):
            shown += chunk
    except OSError:  # Linux says so when the other end closes
        pass
    assert process.wait(20) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert re.search(r"Segmenting .* \d+%", text)
    assert re.search(r"about \d+ s left", text)


@pytest.mark.parametrize("quiet", [False, True])
def test_what_a_method_will_cost_is_told_unless_quiet(capsys, quiet):
    with progress.make_reporter(lambda: False, quiet=quiet) as reporter:
        reporter.announce("Filling 170 regions takes up to 1406 forward passes.")
    assert ("1406 forward passes" in capsys.readouterr().err) is not quiet
