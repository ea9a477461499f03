from __future__ import annotations

import os

import pytest

from UMambaXAILogic.engine.atomic import write_text


def test_text_is_written_as_given(tmp_path):
    write_text(tmp_path / "a.csv", "µ\n1\n")
    assert (tmp_path / "a.csv").read_bytes() == "µ\n1\n".encode()


def test_a_failed_write_leaves_the_older_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
