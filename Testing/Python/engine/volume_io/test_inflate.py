"""A gzip file is given out byte for byte, in pieces of any size, and every damage to it is noticed."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.volume_io.inflate import InflatedStream


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=3), st.integers(1, 4000), st.integers(0, 5))
def test_the_bytes_come_back_whatever_the_pieces_asked_for(members, piece, padding):
    packed = b"".join(gzip.compress(member) for member in members) + bytes(padding)
    stream = io.BufferedReader(InflatedStream(io.BytesIO(packed)), buffer_size=16)
    pieces = []
    while block := stream.read(piece):
        pieces.append(block)
    assert b"".join(pieces) == b"".join(members)


def test_zeros_that_pack_a_thousandfold_come_back():
    stream = io.BufferedReader(InflatedStream(io.BytesIO(gzip.compress(bytes(20_000_000)))))
    assert stream.read() == bytes(20_000_000)


@given(st.binary(min_size=1, max_size=500), st.data())
def test_no_truncated_file_is_taken_for_a_whole_one(content, data):
    packed = gzip.compress(content)
    kept = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises((EOFError, zlib.error)):
        io.BufferedReader(InflatedStream(io.BytesIO(packed[:kept]))).read()


@given(st.binary(min_size=1, max_size=500), st.data())
def test_no_changed_content_is_taken_for_the_original(content, data):
    packed = bytearray(gzip.compress(content))
    place = data.draw(st.integers(10, len(packed) - 1))
    packed[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        taken = io.BufferedReader(InflatedStream(io.BytesIO(packed))).read()
    except (EOFError, zlib.error):
        return
    assert taken == content  # some bits of a compressed stream mean nothing
