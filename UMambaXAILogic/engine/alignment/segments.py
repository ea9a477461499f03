"""A vessel tree cut along its skeleton into segments, and the permutation test that rests on them.

Neighbouring voxels of a vessel are attended, and right or wrong, together; a test that permutes voxels therefore
finds significance where there is none. Segments of at least 5 mm are the units that may be exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.spatial import cKDTree

from .shell import bounding_box
from .skeleton import thinned

SEGMENT_MM = 5.0
PERMUTATIONS = 999
FEWEST_SEGMENTS = 8
UNASSIGNED = -1


def vessel_segments(
    mask: npt.NDArray[np.bool_], spacing_mm: tuple[float, float, float], segment_mm: float = SEGMENT_MM
) -> tuple[tuple[npt.NDArray[np.intp], ...], npt.NDArray[np.int64]]:
    """Divide a mask among segments of its skeleton, each at least ``segment_mm`` long.

    Every voxel goes to the segment of the nearest skeleton voxel. Connected parts too short for a segment of their
    own join the nearest one, so that segments together are the whole mask.

    Args:
        mask: (z, y, x).
        spacing_mm: of the array axes, (z, y, x).

    Returns:
        Indices of the mask's voxels (as ``np.nonzero`` gives them) and the segment number of each, from 0; all
        ``UNASSIGNED`` where not one segment is long enough.
    """
    voxels = np.nonzero(mask)
    extent = bounding_box(mask)
    nothing = np.full(voxels[0].size, UNASSIGNED, np.int64)
    if extent is None:
        return voxels, nothing
    skeleton = thinned(mask[extent])
    labels = cut_skeleton(skeleton, spacing_mm, segment_mm)
    kept = labels != UNASSIGNED
    if not kept.any():
        return voxels, nothing
    offset = np.array([part.start for part in extent])
    spacing = np.asarray(spacing_mm)
    tree = cKDTree((skeleton[kept] + offset) * spacing)
    _, nearest = tree.query(np.column_stack(voxels) * spacing)
    return voxels, labels[kept][nearest]


def cut_skeleton(
    points: npt.NDArray[np.integer], spacing_mm: tuple[float, float, float], segment_mm: float
) -> npt.NDArray[np.int64]:
    """Cut a skeleton into connected segments of at least ``segment_mm``.

    A spanning tree of each connected part is walked from its leaves to its root; as soon as what hangs below a voxel
    sums to ``segment_mm`` of centre line, it becomes a segment. What is left at the root joins a neighbour.

    Args:
        points: (n, 3) voxel indices of the skeleton, 26-connected.

    Returns:
        Segment number of each point, from 0; ``UNASSIGNED`` in parts shorter than ``segment_mm``.
    """
    labels = np.full(len(points), UNASSIGNED, np.int64)
    if len(points) == 0:
        return labels
    pairs = cKDTree(points).query_pairs(1.01, p=np.inf, output_type="ndarray")
    lengths = np.linalg.norm((points[pairs[:, 0]] - points[pairs[:, 1]]) * np.asarray(spacing_mm), axis=1)
    graph = coo_matrix((lengths, (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points))).tocsr()
    forest = minimum_spanning_tree(graph)
    forest = forest + forest.T
    parts, part_of = connected_components(forest, directed=False)
    _, roots = np.unique(part_of, return_index=True)
    next_label = 0
    for part in range(parts):
        order, parents = breadth_first_order(forest, roots[part], directed=False)
        next_label = _cut_tree(order, parents, points, spacing_mm, segment_mm, labels, next_label)
    return labels


def _cut_tree(
    order: npt.NDArray[np.integer],
    parents: npt.NDArray[np.integer],
    points: npt.NDArray[np.integer],
    spacing_mm: tuple[float, float, float],
    segment_mm: float,
    labels: npt.NDArray[np.int64],
    next_label: int,
) -> int:
    """Label one tree given in breadth-first order; returns the next free label."""
    if len(order) == 1:
        return next_label
    to_parent = np.linalg.norm((points[order[1:]] - points[parents[order[1:]]]) * np.asarray(spacing_mm), axis=1)
    below = dict.fromkeys(order.tolist(), 0.0)
    for node, length in zip(order[:0:-1].tolist(), to_parent[::-1].tolist(), strict=True):
        if below[node] >= segment_mm:
            labels[node] = next_label
            next_label += 1
        else:
            below[int(parents[node])] += below[node] + length
    root = int(order[0])
    if below[root] >= segment_mm:
        labels[root] = next_label
        next_label += 1
    else:
        heads = order[labels[order] != UNASSIGNED]
        if not heads.size:
            return next_label
        labels[root] = labels[heads[0]]  # all above the first head in breadth-first order hang together with the root
    for node in order[1:].tolist():
        if labels[node] == UNASSIGNED:
            labels[node] = labels[int(parents[node])]
    return next_label


@dataclass(frozen=True)
class PermutationTest:
    """Is the attention inside the prediction on truth less often than exchanging segments would give?

    Args:
        segments: exchangeable segments with at least one voxel in the evaluation region.
        observed: in-PM excess with the attention of every segment spread evenly over it; None where undefined.
        p_value: (1 + number of null values <= observed) / (1 + permutations); None with a ``reason``.
        reason: why there is no p-value.
    """

    segments: int
    observed: float | None
    p_value: float | None
    reason: str | None = None


def permutation_test(
    voxels: npt.NDArray[np.int64],
    attended: npt.NDArray[np.int64],
    true: npt.NDArray[np.int64],
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> PermutationTest:
    """Permute the segments' attention fractions and compare the in-PM excess, in the lower tail.

    The observed value is formed as the null values are, from fractions of whole segments: how attention lies within a
    segment (on the centre line, say) cannot be exchanged and must not decide.

    Args:
        voxels: predicted voxels of each segment, all above 0.
        attended: of these, those with attention.
        true: of these, those in the ground truth.
    """
    segments = len(voxels)
    if segments < FEWEST_SEGMENTS:
        return PermutationTest(segments, None, None, f"{segments} vessel segments; the test needs {FEWEST_SEGMENTS}")
    fractions = attended / voxels
    share_true = true.sum() / voxels.sum()
    if attended.sum() == 0:
        return PermutationTest(segments, None, None, "no attention inside the prediction")
    if share_true == 0:
        return PermutationTest(segments, None, None, "no predicted voxel is ground truth")
    observed = float(fractions @ true / (fractions @ voxels) / share_true)
    random = np.random.default_rng(seed)
    shuffled = random.permuted(np.tile(fractions, (permutations, 1)), axis=1)
    null = (shuffled @ true) / (shuffled @ voxels) / share_true
    # Equal sums in another order differ in the last bits; they count as equal.
    below = int(np.count_nonzero(null <= observed * (1 + 1e-9)))
    return PermutationTest(segments, observed, (1 + below) / (1 + permutations))
