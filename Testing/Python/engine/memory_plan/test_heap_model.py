"""Pieces of the modelled heap never overlap, gaps are filled again, and what was reached stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.memory_plan.heap_model import HeapModel

KIB = 1024


def extent_after(*sizes: int) -> int:
    heap = HeapModel()
    for size in sizes:
        heap.allocate(size)
    return heap.extent


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100_000)), max_size=60))
def test_pieces_do_not_overlap_and_lie_within_the_heap(steps: list[tuple[bool, int]]):
    heap, pieces, most = HeapModel(), {}, 0
    for takes, number in steps:
        if takes or not pieces:
            pieces[heap.allocate(number)] = number
        else:
            address = sorted(pieces)[number % len(pieces)]
            del pieces[address]
            heap.free(address)
        most = max(most, sum(pieces.values()))
        places = sorted(pieces.items())
        assert all(
            address + size <= following for (address, size), (following, _) in zip(places, places[1:], strict=False)
        )
        assert all(address + size <= heap.extent for address, size in places)
    assert heap.extent >= most


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=20), st.randoms())
def test_what_is_given_back_is_used_again(sizes: list[int], random):
    heap = HeapModel()
    pieces = [heap.allocate(size) for size in sizes]
    random.shuffle(pieces)
    for address in pieces:
        heap.free(address)
    reached = heap.extent
    assert reached == extent_after(*sizes)
    heap.allocate(sum(sizes))
    assert heap.extent == max(reached, extent_after(sum(sizes))), "all gaps had joined"


def test_a_gap_too_small_is_left():
    heap = HeapModel()
    first = heap.allocate(4 * KIB)
    heap.allocate(KIB)
    heap.free(first)
    heap.allocate(5 * KIB)
    assert heap.extent == extent_after(4 * KIB, KIB, 5 * KIB)


def test_the_smallest_gap_that_holds_a_piece_is_taken():
    heap = HeapModel()
    wide = heap.allocate(8 * KIB)
    heap.allocate(KIB)
    narrow = heap.allocate(4 * KIB)
    heap.allocate(KIB)
    heap.free(wide)
    heap.free(narrow)
    assert heap.allocate(3 * KIB) == narrow
    assert heap.allocate(7 * KIB) == wide
