"""Arrays in files that take memory's place."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from UMambaXAILogic.engine.errors import MemoryExhaustedError
from UMambaXAILogic.engine.memory_plan import places
from UMambaXAILogic.engine.memory_plan.places import Place, scratch_folder, zeros
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory

CPU = torch.device("cpu")


def test_a_file_behaves_as_memory(tmp_path):
    mapped = zeros((3, 4, 5), torch.float16, Place.FILE, CPU, tmp_path)
    assert mapped.shape == (3, 4, 5) and mapped.dtype == torch.float16 and not mapped.any()
    mapped[1] += 2.5
    assert float(mapped.sum()) == 50
    assert zeros((0, 4), torch.float32, Place.FILE, CPU, tmp_path).shape == (0, 4)
    del mapped
    gc.collect()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
def test_a_killed_process_leaves_no_file(tmp_path):
    script = (
        "import os, sys, torch; from pathlib import Path;"
        "from UMambaXAILogic.engine.memory_plan.places import Place, zeros;"
        "t = zeros((1000, 1000), torch.float32, Place.FILE, torch.device('cpu'), Path(sys.argv[1])); t += 1;"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == -9
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room is asked for otherwise here")
def test_a_full_disk_is_said_before_anything_is_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(MemoryExhaustedError, match="No space left"):
        zeros((10, 10), torch.float32, Place.FILE, CPU, tmp_path)


def test_files_do_not_lie_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "user_cache", lambda: tmp_path / "cache")
    mounts = [SimpleNamespace(mountpoint="/", fstype="ext4"), SimpleNamespace(mountpoint="/memory", fstype="tmpfs")]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: mounts)
    assert scratch_folder(tmp_path) == tmp_path
    if os.name != "nt":
        from pathlib import Path

        assert scratch_folder(Path("/memory/results")) == tmp_path / "cache" / "umamba-xai"
        assert scratch_folder(Path("/memory2")) == Path("/memory2")


def test_sums_move_with_their_values(tmp_path):
    memory = RunMemory(scratch=tmp_path)
    sums = memory.accumulator((4, 4), torch.float32, Place.DEVICE, CPU)
    assert sums.place is Place.HOST, "the CPU's own memory is main memory"
    sums.tensor += 3
    sums.move(Place.FILE)
    assert sums.place is Place.FILE and float(sums.tensor.sum()) == 48


def test_what_has_no_room_in_memory_lies_in_a_file(tmp_path):
    memory = RunMemory(spare_bytes=100, scratch=tmp_path)
    first = memory.accumulator((20,), torch.float32, Place.FILE)
    second = memory.accumulator((20,), torch.float32, Place.FILE)
    planned = memory.accumulator((20,), torch.float32, Place.HOST)
    assert (first.place, second.place, planned.place) == (Place.HOST, Place.FILE, Place.HOST)
    del first
    gc.collect()
    third = memory.unplanned((20,), torch.float32)
    assert memory.accumulator((20,), torch.float32, Place.FILE).place is Place.FILE, "the third has the room"
    del third
    assert memory.accumulator((20,), torch.float32, Place.FILE).place is Place.HOST


def test_the_next_sums_lie_in_files_where_memory_ran_out_before_them(listener, tmp_path):
    memory = RunMemory(scratch=tmp_path)
    calls = []

    def compute():
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError("no memory")
        return 7

    assert memory.until_it_fits(compute, listener) == 7
    assert len(listener.warnings) == 1 and "files" in listener.warnings[0]
    assert memory.accumulator((4,), torch.float32, memory.maps).place is Place.FILE
    assert memory.unplanned((4,), torch.float32).place is Place.FILE
    calls.clear()
    with pytest.raises(MemoryExhaustedError, match="no memory"):
        memory.until_it_fits(compute, listener)


def test_other_errors_are_passed_on(listener):
    def compute():
        raise ValueError("no lack of memory")

    with pytest.raises(ValueError, match="no lack"):
        RunMemory().until_it_fits(compute, listener)
    assert not listener.warnings


@pytest.mark.parametrize("inference", [False, True])
def test_what_is_settled_moves_and_stays_the_same_object(listener, tmp_path, inference):
    memory = RunMemory(scratch=tmp_path)
    with torch.inference_mode(inference):
        sums = memory.accumulator((3, 4), torch.float16, Place.HOST)
        sums.tensor += 2
        settled = memory.settled(sums)
    view, address = settled[1:], settled.data_ptr()
    memory.shrink("no memory", listener, gradients=False)
    assert settled.data_ptr() != address and float(settled.sum()) == 24 == float(view.sum()) + 8
    with torch.inference_mode(inference):
        settled += 1  # as before, in the mode it was made in
    assert float(settled.sum()) == 36 and settled.is_inference() is inference


def test_a_file_that_cannot_be_mapped_is_said(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(places.np, "memmap", refused)
    with pytest.raises(MemoryExhaustedError, match="Cannot allocate memory"):
        zeros((10, 10), torch.float32, Place.FILE, CPU, tmp_path)
    assert not list(tmp_path.iterdir())
