"""Parts of a grid: boxes around what counts, and where another grid's voxels reach."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.scene.grid import Grid, bounding_box, image_array, image_data, overlap, reach, union
from UMambaXAILogic.scene.labelled_part import labelled_part

SHAPE = (5, 6, 7)
voxels = st.lists(st.tuples(*(st.integers(0, count - 1) for count in SHAPE)), max_size=4)


def inside(box, point) -> bool:
    return all(one.start <= index < one.stop for one, index in zip(box, point, strict=True))


@given(voxels, st.integers(0, 2), st.sampled_from([np.uint8, np.uint16, bool, np.float32]))
def test_a_box_is_the_smallest_around_what_counts(points, margin, kind):
    values = np.zeros(SHAPE, kind)
    for point in points:
        values[point] = 1
    box = bounding_box(values, margin)
    if not points:
        assert box == tuple(slice(0, min(1 + margin, count)) for count in SHAPE)
        return
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    expected = tuple(
        slice(max(first - margin, 0), min(last + 1 + margin, count))
        for first, last, count in zip(low, high, SHAPE, strict=True)
    )
    assert box == expected


def test_a_box_around_a_level_leaves_out_what_is_below():
    values = np.full(SHAPE, 0.2, np.float32)
    values[2, 3, 4] = 0.5
    assert bounding_box(values, 0, at_least=0.5) == (slice(2, 3), slice(3, 4), slice(4, 5))
    assert bounding_box(values, 0, at_least=0.2) == tuple(slice(0, count) for count in SHAPE)


@given(voxels.filter(len), voxels.filter(len))
def test_the_union_of_two_boxes_holds_both(first, second):
    masks = []
    for points in (first, second):
        masks.append(np.zeros(SHAPE, bool))
        for point in points:
            masks[-1][point] = True
    both = union(bounding_box(masks[0], 0), bounding_box(masks[1], 0))
    assert both == bounding_box(masks[0] | masks[1], 0)


def test_a_part_lies_where_it_was_cut_out(affine):
    grid = Grid(SHAPE[::-1], affine)
    part = grid.part((slice(1, 4), slice(2, 6), slice(3, 5)))
    assert part.size == (2, 4, 3)
    np.testing.assert_allclose(part.ijk_to_ras @ [1, 2, 1, 1], affine @ [4, 4, 2, 1])


@given(
    st.tuples(*(st.integers(1, 6),) * 3),
    st.tuples(*(st.floats(-8, 8),) * 3),
    st.tuples(*(st.floats(0.3, 2),) * 3),
    st.floats(-3, 3),
)
def test_every_voxel_that_lies_in_another_grid_is_reached(size, origin, spacing, angle):
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix = turn @ np.diag([*spacing, 1.0])
    matrix[:3, 3] = origin
    source, target = Grid(size, matrix), Grid(SHAPE[::-1], np.eye(4))
    box = reach(source, target)
    to_source = np.linalg.inv(matrix)
    for k, j, i in np.ndindex(SHAPE):
        index = (to_source @ [i, j, k, 1.0])[:3]
        if (index >= -0.5).all() and (index <= np.asarray(size) - 0.5).all():
            assert inside(box, (k, j, i))


def test_labels_are_looked_for_where_segments_are_stored(add_segmentation, add_transform, affine, rigid):
    first, second = np.zeros((9, 10, 11), np.uint8), np.zeros((9, 10, 11), np.uint8)
    first[1:3, 2:4, 3:5], second[6, 7, 8] = 1, 1
    node = add_segmentation({"a": first, "b": second}, affine)
    add_transform(rigid, node)
    box = labelled_part(node, Grid((11, 10, 9), rigid @ affine))
    for point in zip(*np.nonzero(first | second), strict=True):
        assert inside(box, point)


def test_an_image_holds_a_copy_of_an_array_in_any_order():
    array = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    for one in (array, array[::-1, :, ::2], np.asfortranarray(array), array.astype(">f4")):
        image = image_data(one)
        np.testing.assert_array_equal(image_array(image), one)
        assert not np.shares_memory(image_array(image), one)


@given(st.permutations(range(3)), st.tuples(*[st.booleans()] * 3), st.tuples(*[st.integers(-8, 8)] * 3))
def test_an_overlap_holds_the_voxels_that_lie_at_the_same_place(axes, flips, shift):
    """A source stored along other axes, in other directions and shifted, against a search for each voxel."""
    source = np.arange(1, 1 + np.prod(SHAPE)).reshape(SHAPE)
    to_target = np.eye(4)
    to_target[:3, :3] = np.eye(3)[list(axes)] * np.where(flips, -1, 1)
    to_target[:3, 3] = shift
    target = Grid((6, 5, 7), np.diag([0.5, 0.6, 0.8, 1.0]))
    found = overlap(Grid(SHAPE[::-1], target.ijk_to_ras @ to_target), target)
    expected = np.zeros((7, 5, 6), int)
    inside = 0
    for k, j, i in np.ndindex(SHAPE):
        x, y, z = (to_target @ [i, j, k, 1])[:3].astype(int)
        if 0 <= x < 6 and 0 <= y < 5 and 0 <= z < 7:
            expected[z, y, x] = source[k, j, i]
            inside += 1
    placed = np.zeros_like(expected)
    placed[found.box] = found.seen(source)
    np.testing.assert_array_equal(placed, expected)
    assert found.is_whole == (inside == source.size)


def test_grids_off_by_a_part_of_a_voxel_or_turned_do_not_overlap(oblique_affine):
    grid = Grid(SHAPE[::-1], oblique_affine)
    half = np.eye(4)
    half[0, 3] = 0.5
    assert overlap(Grid(grid.size, oblique_affine @ half), grid) is None
    assert overlap(Grid(grid.size, np.diag([0.5, 0.5, 0.5, 1.0])), grid) is None
