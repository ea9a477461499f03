"""Alignment of a cohort, read once: voxel counts summed over cases, and each case's own ratios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from ..alignment import MEAN_LAYER, Overlap
from ..statistics import Interval, mean_interval

RATIOS = ("iou", "f1", "precision", "recall")
ROWS_IN_MEMORY = 20_000

_COUNTS = ("attention_voxels", "reference_voxels", "overlap_voxels")
_COLUMNS = ("case", "method", "pool", "pool_mode", "main", "layer", "reference", "threshold", *RATIOS, *_COUNTS)


class AlignmentKey(NamedTuple):
    """What one group of alignment rows is about.

    Args:
        method: label of an attribution method with its pooling.
        layer: ``mean``, ``mean_without_last``, ``control`` or a layer's name.
        reference: ``gt`` or ``pm``.
        threshold: of the attention.
    """

    method: str
    layer: str
    reference: str
    threshold: float


class AlignmentGroup:
    """One alignment row of every case of a cohort.

    Args:
        size: number of cases that may have one.
    """

    def __init__(self, size: int) -> None:
        self._ratios: npt.NDArray[np.float64] = np.full((len(RATIOS), size), np.nan)
        self._present = np.zeros(size, bool)
        self._means: dict[tuple[str, int], Interval] = {}
        #: Counts summed over cases; its ratios are the ``pooled`` ones.
        self.pooled = Overlap(0, 0, 0)

    def add(self, position: int, row: Mapping[str, Any]) -> None:
        """Take in the row of the case at a position."""
        self._means.clear()
        self.pooled += Overlap(*(int(row[name]) for name in _COUNTS))
        self._present[position] = True
        self._ratios[:, position] = [np.nan if row[name] is None else row[name] for name in RATIOS]

    @property
    def count(self) -> int:
        """Cases with a row."""
        return int(self._present.sum())

    def values(self, ratio: str) -> list[float | None]:
        """One a case, in the order of the cohort's scored cases; None where a case has none."""
        row = self._ratios[RATIOS.index(ratio)]
        return [None if np.isnan(value) else float(value) for value in row]

    def case_mean(self, ratio: str, seed: int) -> Interval:
        """Mean over the cases that have the ratio; several tables ask, and with many cases a bootstrap takes time."""
        if (ratio, seed) not in self._means:
            self._means[ratio, seed] = mean_interval(self.values(ratio), seed)
        return self._means[ratio, seed]


def read_alignment(
    path: Path, cases: Sequence[str], threshold: float
) -> tuple[dict[AlignmentKey, AlignmentGroup], str | None]:
    """Groups of a cohort's ``alignment.parquet``, a few rows in memory at a time.

    The mean over layers is kept at every threshold, single layers only at one: memory grows by some kilobytes a case.

    Args:
        path: of the table.
        cases: that count, by name; rows of others are passed over.
        threshold: at which single layers are kept.

    Returns:
        The groups in the order of their first row, and the label of the method whose map was judged (None without
        a row).
    """
    positions = {case: position for position, case in enumerate(cases)}
    groups: dict[AlignmentKey, AlignmentGroup] = {}
    main = None
    for row in _rows(path):
        position = positions.get(row["case"])
        if position is None or (row["layer"] != MEAN_LAYER and row["threshold"] != threshold):
            continue
        label = method_label(row["method"], row["pool"], row["pool_mode"])
        if row["main"]:
            main = label
        key = AlignmentKey(label, row["layer"], row["reference"], row["threshold"])
        if key not in groups:
            groups[key] = AlignmentGroup(len(cases))
        groups[key].add(position, row)
    return groups, main


def method_label(method: str, pool: int | None, pool_mode: str | None) -> str:
    """``seg-xres-cam, pool 2``: a method with the settings that tell it from itself."""
    if pool is None:
        return method
    return f"{method}, pool {pool}" + (f" ({pool_mode})" if pool > 1 and pool_mode not in (None, "max") else "")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_IN_MEMORY, columns=list(_COLUMNS)):
            yield from batch.to_pylist()
