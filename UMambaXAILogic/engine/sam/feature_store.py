"""Features of all prompted slices, on disk: the image encoder runs once a slice, and memory holds one slice's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch


class FeatureStore:
    """Writes and reads features by slice and depth.

    Args:
        folder: to write into; whoever made it removes it.
        slices: how many there will be.
        widths: depth -> channels.
        cells: side of the grid of features.
    """

    def __init__(self, folder: Path, slices: int, widths: Mapping[str, int], cells: int) -> None:
        self._arrays = {
            depth: np.lib.format.open_memmap(
                folder / f"{depth}.npy", mode="w+", dtype=np.float32, shape=(slices, width, cells, cells)
            )
            for depth, width in widths.items()
        }

    @property
    def depths(self) -> tuple[str, ...]:
        """Depths that are kept."""
        return tuple(self._arrays)

    def write(self, number: int, features: Mapping[str, torch.Tensor]) -> None:
        """Keep what was computed for a slice; depths that were not announced are dropped.

        Args:
            features: depth -> (channels, cells, cells).
        """
        for depth, array in self._arrays.items():
            array[number] = features[depth].numpy()

    def read(self, number: int, depth: str) -> torch.Tensor:
        """(channels, cells, cells) of a slice."""
        return torch.from_numpy(np.array(self._arrays[depth][number]))
