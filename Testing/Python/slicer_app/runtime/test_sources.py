"""Where packages come from: a folder of wheels, an index, and what is said when something is not there."""

from __future__ import annotations

import http.server
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from UMambaXAILogic.slicer_app.runtime.contents import read_marker

pytestmark = pytest.mark.usefixtures("own_python_untouched")


@pytest.fixture(autouse=True)
def no_other_source(monkeypatch):
    """Nothing but what a test offers: no index, whatever this machine's settings are."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)


class SlowIndex(http.server.SimpleHTTPRequestHandler):
    """A simple index over a folder whose wheels come in small pieces."""

    pause_s = 0.0

    def copyfile(self, source, outputfile) -> None:
        while piece := source.read(50_000):
            outputfile.write(piece)
            if self.path.endswith(".whl"):
                time.sleep(self.pause_s)

    def log_message(self, *arguments) -> None:
        """Silent."""


@pytest.fixture
def index(tmp_path: Path, add_wheel) -> Iterator[str]:
    """An index with payload, whose wheel has a megabyte; its address."""
    folder = tmp_path / "index"
    text = "__version__ = '1.0'\nTEXT = '" + os.urandom(500_000).hex() + "'\n"
    add_wheel(folder / "payload", "payload", "1.0", {"payload.py": text})

    def handler(*arguments) -> SlowIndex:
        return SlowIndex(*arguments, directory=str(folder))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def slowly(monkeypatch):
    """The index takes its time: about a second a wheel."""
    monkeypatch.setattr(SlowIndex, "pause_s", 0.05)


def test_the_bytes_of_a_download_are_told_while_they_come(do, steps, target, index, slowly, monkeypatch, sizes):
    monkeypatch.setenv("PIP_INDEX_URL", index)
    sizes({"payload": "1.0"}, download=1_000_000)
    job = do.job("install", wheels=None)
    seen, told = steps(job), []
    job.progressed.connect(lambda stage, fraction, left: told.append(job.progress))
    job.start()
    assert job.wait(60)
    assert job.state == "finished", job.error
    assert read_marker(target).packages == {"payload": "1.0"}
    sizes_seen = [step.bytes_done for step in seen if step.action == "download"]
    assert sizes_seen == sorted(sizes_seen)
    assert len([size for size in sizes_seen if 0 < size < 1_000_000]) >= 2
    assert {step.bytes_total for step in seen if step.action == "download"} == {1_000_000}
    assert told == sorted(told)
    assert len([progress for progress in told if 0 < progress < 0.6]) >= 2


def test_a_cancel_in_the_middle_of_a_download_leaves_nothing(do, target, index, slowly, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", index)
    cache = target.parent.parent / "cache"
    monkeypatch.setenv("PIP_CACHE_DIR", str(cache))
    job = do.job("install", wheels=None)
    job.start()
    while job.step is None or not job.step.bytes_done:
        assert not job.wait(0.05), job.error
    begin = time.monotonic()
    job.cancel()
    assert job.wait(5)
    assert time.monotonic() - begin < 2.0
    assert job.state == "cancelled"
    assert not target.parent.exists()
    assert not cache.exists()


def test_the_users_own_index_is_used_and_the_extra_one_beside_it(do, target, index):
    job = do("install", wheels=None, index=index)  # PIP_INDEX_URL leads nowhere
    assert job.state == "finished", job.error
    assert read_marker(target).packages == {"payload": "1.0"}


def test_the_very_build_is_asked_for_where_the_index_is_not_pypi(do, index, sizes, tmp_path, add_wheel):
    add_wheel(tmp_path / "index" / "torch", "torch", "2.13.0", {"torch.py": ""})  # as PyPI's, with CUDA
    sizes({"payload": "1.0", "torch": "2.13.0+cpu"})
    job = do("install", "torch>=2", wheels=None, index=index)
    assert job.state == "failed"
    assert "torch==2.13.0+cpu" in job.error.message


def test_what_no_index_has_is_named_and_the_old_runtime_stays(do, installed):
    job = do("install", "no-such-package", wheels=None)
    assert job.state == "failed"
    assert "no-such-package" in job.error.message
    assert "internet" in job.error.remedy
    assert "folder of wheels" in job.error.remedy
    assert read_marker(installed).packages == {"payload": "1.0", "helper": "1.0"}


def test_a_folder_that_lacks_packages_is_refused_naming_all_of_them(do, wheels, sizes, target):
    sizes({"payload": "1.0", "helper": "1.0", "torch": "2.13.0+cpu", "nnunetv2": "2.8.1"})
    job = do("install")
    assert job.state == "failed"
    assert "lacks 2 of 4 packages: nnunetv2 2.8.1, torch 2.13.0+cpu." in job.error.message
    assert str(wheels) in job.error.message
    assert not target.parent.exists()


def test_a_folder_that_is_not_there_is_refused(do, tmp_path):
    job = do("install", wheels=tmp_path / "nowhere")
    assert job.state == "failed"
    assert "no folder of wheels" in job.error.message


def test_what_a_complete_looking_folder_lacks_is_named_by_pip(do, wheels, add_wheel):
    add_wheel(wheels, "payload", "1.0", {"payload.py": ""}, requires=("unforeseen>=3",))
    job = do("install")
    assert job.state == "failed"
    assert "unforeseen" in job.error.message
    assert "Fill the folder again" in job.error.remedy
