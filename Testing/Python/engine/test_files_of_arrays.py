"""Arrays that lie in files let go of them before their folder is removed: Windows removes no file that is open."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.benchmark import BenchmarkRequest, run_benchmark
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.memory_plan import places
from UMambaXAILogic.engine.memory_plan.places import Place
from UMambaXAILogic.engine.memory_plan.plan import MemoryPlan
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.progress import Reporter


@pytest.fixture
def files_as_on_windows(monkeypatch) -> list[Path]:
    """The files of arrays, which have names here, go with their array, and cannot be removed before."""
    made, still_open = [], set()
    memmap, rmtree = np.memmap, shutil.rmtree

    def named_file(dir):
        handle, path = tempfile.mkstemp(dir=dir)
        os.close(handle)
        return Path(path).open("r+b")

    def mapped(file, **named):
        array, path = memmap(file, **named), Path(file.name)
        made.append(path)
        still_open.add(path)
        weakref.finalize(array, closed, path)
        return array

    def closed(path):
        still_open.discard(path)
        path.unlink()

    def removed(folder, *others, **named):
        if not any(Path(folder) in path.parents for path in still_open):
            rmtree(folder, *others, **named)

    monkeypatch.setattr(places, "tempfile", SimpleNamespace(TemporaryFile=named_file, gettempdir=tempfile.gettempdir))
    monkeypatch.setattr(np, "memmap", mapped)
    monkeypatch.setattr(shutil, "rmtree", removed)
    monkeypatch.setattr(
        MemoryPlan,
        "run_memory",
        lambda _plan, scratch: RunMemory(logits=Place.FILE, maps=Place.FILE, spare_bytes=0, scratch=scratch),
    )
    return made


class Stopping(Reporter):
    """Stops at the n-th question after a stage began."""

    def __init__(self, stage: str, questions: int) -> None:
        super().__init__()
        self._stage, self._left, self._reached = stage, questions, False

    def stage(self, name: str) -> None:
        self._reached |= name == self._stage

    def check_cancelled(self) -> None:
        self._left -= self._reached
        if self._left < 0:
            raise CancelledError()


@pytest.fixture(scope="module")
def request_for(make_trained_folder, write_test_volume):
    model, volume = str(make_trained_folder(trainer="nnUNetTrainerUMambaBot")), write_test_volume((20, 18, 16))

    def make(out, **changes) -> Request:
        return Request(volume, model, out, step=1.0, layers=("decoder.1",), **changes)

    return make


@pytest.mark.parametrize(("stage", "questions"), [("segment", 1), ("explain", 0), ("explain", 2), ("metrics", 0)])
def test_a_cancelled_case_leaves_no_folder(request_for, files_as_on_windows, tmp_path, stage, questions):
    with pytest.raises(CancelledError):
        run_case(request_for(tmp_path / "out"), Stopping(stage, questions))
    assert files_as_on_windows and tmp_path / "out" in files_as_on_windows[0].parents
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("changes", [{}, {"preset": "paper"}], ids=["stitched", "paper"])
def test_a_case_leaves_only_its_results(request_for, files_as_on_windows, tmp_path, changes):
    result = run_case(request_for(tmp_path / "out", **changes))
    assert len(files_as_on_windows) >= 3, "logits, their weights, maps"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        path.name for path in result.files.values() if path is not None
    }


@pytest.mark.parametrize("stage", ["explain", "faithfulness", None])
def test_a_benchmark_leaves_no_hidden_folder(request_for, files_as_on_windows, tmp_path, stage):
    case = request_for(tmp_path / "out")
    asked = BenchmarkRequest(case=case, baselines=("random",), axes=())
    if stage is None:
        run_benchmark(asked)
        assert not list((tmp_path / "out").glob(".*"))
    else:
        with pytest.raises(CancelledError):
            run_benchmark(asked, Stopping(stage, 1))
        assert not (tmp_path / "out").exists()
    assert files_as_on_windows


def test_the_stand_in_for_windows_refuses_what_windows_refuses(files_as_on_windows, tmp_path):
    memory = RunMemory(scratch=tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    sums = memory.accumulator((3, 4), torch.float32, Place.FILE)
    shutil.rmtree(tmp_path / "folder", ignore_errors=True)
    assert (tmp_path / "folder").exists()
    del sums
    shutil.rmtree(tmp_path / "folder", ignore_errors=True)
    assert not (tmp_path / "folder").exists()
