"""The worker's messages, however their bytes arrive."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.interaction.protocol import (
    Caution,
    Device,
    Failure,
    Hello,
    LineSplitter,
    Point,
    Progress,
    Result,
    Stage,
    parse_line,
)


def line(**fields) -> str:
    return json.dumps({"v": 1, **fields}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (line(type="hello", pid=7, versions={"torch": "2"}), Hello(7, {"torch": "2"})),
        (
            line(type="device", device="cuda:0", free_memory_mb=512, scan_backend="numba", reason="asked"),
            Device("cuda:0", 512.0, "numba", "asked"),
        ),
        (line(type="device", device="cpu", free_memory_mb=None), Device("cpu", None, "", "")),
        (line(type="stage", name="segment"), Stage("segment")),
        (line(type="progress", stage="segment", fraction=0.25), Progress("segment", 0.25)),
        (
            line(type="point", curve="map", values={"removed": 1, "relative": None}),
            Point("map", {"removed": 1.0, "relative": None}),
        ),
        (line(type="warning", code="not_hu", message="not HU"), Caution("not_hu", "not HU")),
        (
            line(type="result", folder="/out", files={"segmentation": "s.nrrd", "attention": None}),
            Result(Path("/out"), {"segmentation": Path("/out/s.nrrd"), "attention": None}),
        ),
        (line(type="error", code="input", message="4-D", remedy="Crop."), Failure("input", "4-D", "Crop.")),
        (line(type="error", code="bug", message="oops"), Failure("bug", "oops", "")),
    ],
)
def test_every_message_of_the_protocol_is_read(text, message):
    assert parse_line(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Using cache found in /home",
        "{not json",
        "[]",
        "3",
        "null",
        '{"type": "stage", "name": "segment"}',  # no version
        '{"v": 2, "type": "stage", "name": "segment"}',
        line(type="unheard-of"),
        line(type=["stage"]),
        line(type="stage"),  # no name
        line(type="progress", stage="segment", fraction="half"),
        line(type="hello", pid=None),
        line(type="hello", pid=1, versions=[1]),
        line(type="point", curve="map", values={"removed": "far"}),
        line(type="point", curve="map", values=[1, 2]),
        line(type="result", folder="/out", files=None),
    ],
)
def test_anything_else_is_no_message_and_no_error(text):
    assert parse_line(text) is None


def test_a_fraction_out_of_range_is_clipped():
    assert parse_line(line(type="progress", stage="segment", fraction=1.5)) == Progress("segment", 1.0)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"))), st.data())
def test_lines_survive_any_cutting_of_their_bytes(texts, data):
    stream = "".join(text + "\n" for text in texts).encode()
    splitter, lines = LineSplitter(), []
    while stream:
        cut = data.draw(st.integers(1, min(len(stream), 7)))
        lines += splitter.feed(stream[:cut])
        stream = stream[cut:]
    assert lines == texts
    assert splitter.flush() == []


def test_windows_line_ends_broken_bytes_and_a_last_line_without_an_end():
    splitter = LineSplitter()
    assert splitter.feed(b"one\r\n\xff\nthr") == ["one", "\ufffd"]
    assert splitter.flush() == ["thr"]
    assert splitter.flush() == []
