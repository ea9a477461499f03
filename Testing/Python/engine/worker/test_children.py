"""Processes of a worker that stands behind Slicer's launcher."""

from __future__ import annotations

import multiprocessing
import multiprocessing.spawn
import sys

import pytest

from UMambaXAILogic.engine.worker.children import interpreter_for_children, start_children_without_launcher


@pytest.fixture
def executable():
    before = multiprocessing.spawn.get_executable()
    yield
    multiprocessing.spawn.set_executable(before)


@pytest.mark.parametrize("launcher", ["/opt/Slicer/bin/PythonSlicer", "C:/Slicer/bin/PythonSlicer.exe", "PythonSlicer"])
def test_behind_the_launcher_the_running_program_is_started(launcher):
    assert interpreter_for_children(launcher, "/opt/Slicer/bin/python-real") == "/opt/Slicer/bin/python-real"


@pytest.mark.parametrize("python", ["/usr/bin/python3", "/home/me/.venv/bin/python", "/opt/PythonSlicer/bin/python"])
def test_any_other_python_starts_itself(python):
    assert interpreter_for_children(python, "/usr/bin/python3.11") == python


def test_a_child_starts_where_the_launcher_would_swallow_it(executable, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/PythonSlicer")
    start_children_without_launcher()
    child = multiprocessing.get_context("spawn").Process(target=print)
    child.start()
    child.join(60)
    assert child.exitcode == 0
