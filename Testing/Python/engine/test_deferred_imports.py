"""Deferred packages load when asked for, whole; a case in a process of its own loads no package it has no use for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from UMambaXAILogic.engine.deferred_imports import RARELY_USED, DeferredModule, defer_rarely_used
from UMambaXAILogic.engine.request import Request

#: What nothing of a plain case needs, loaded or not by what it does need.
_FOREIGN = (
    *RARELY_USED,
    "IPython",
    "captum",
    "dask",
    "highdicom",
    "matplotlib",
    "scipy.stats",
    "seaborn",
    "sklearn",
    "slicer",
    "transformers",
    "vtk",
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = "seldom_needed_package"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("from .part import ANSWER\nimport sys\nsys.loads_of_it += 1\n")
    (folder / "part.py").write_text("ANSWER = 42\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "loads_of_it", 0, raising=False)
    monkeypatch.setattr("UMambaXAILogic.engine.deferred_imports.RARELY_USED", (name, "not_installed_at_all"))
    yield name
    for module in [name, f"{name}.part"]:
        sys.modules.pop(module, None)


def test_a_deferred_package_loads_once_when_something_in_it_is_asked_for(package):
    defer_rarely_used()
    module = __import__(package)
    assert __import__(package) is module and isinstance(module, DeferredModule) and sys.loads_of_it == 0
    assert module.ANSWER == 42 and module.part.ANSWER == 42 and sys.loads_of_it == 1
    assert not isinstance(module, DeferredModule) and sys.modules[package] is module
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        _ = module.nothing_of_this_name
    assert sys.loads_of_it == 1


def test_a_module_below_a_deferred_package_is_imported_after_the_package(package):
    defer_rarely_used()
    __import__(f"{package}.part")
    assert sys.loads_of_it == 1 and sys.modules[f"{package}.part"].ANSWER == 42


def test_what_is_imported_already_or_not_installed_stays_as_it_is(package):
    module = __import__(package)
    defer_rarely_used()
    assert sys.modules[package] is module and sys.loads_of_it == 1
    assert "not_installed_at_all" not in sys.modules


#: A worker that tells, when it ends, what it has loaded.
CASE = """
import json, os, sys
from UMambaXAILogic.engine.worker import process as worker
from UMambaXAILogic.engine.deferred_imports import DeferredModule
leave = os._exit
def report(status):
    loaded = [name for name, module in sys.modules.items() if not isinstance(module, DeferredModule)]
    print(json.dumps([status, loaded]), file=sys.stderr)
    sys.stderr.flush()
    leave(status)
os._exit = report
worker.main(["--request", sys.argv[1]])
"""


def test_a_case_loads_no_package_it_has_no_use_for(make_trained_folder, write_test_volume, tmp_path, repository):
    request = Request(volume=write_test_volume(), model=str(make_trained_folder(seed=7)), output=tmp_path / "out")
    (tmp_path / "request.json").write_text(request.to_json())
    reading, writing = os.pipe()  # held open: a worker whose standard input ends is cancelled
    done = subprocess.run(
        [sys.executable, "-c", CASE, str(tmp_path / "request.json")],
        cwd=repository,
        stdin=reading,
        capture_output=True,
        text=True,
    )
    os.close(reading)
    os.close(writing)
    status, loaded = json.loads(done.stderr.splitlines()[-1])
    assert status == 0, done.stdout
    assert {"torch", "nnunetv2", "scipy"} <= set(loaded)
    assert sorted(set(_FOREIGN) & set(loaded)) == []
