"""Features of all prompted slices, on disk: the image encoder runs once a slice, and memory holds one slice's."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
import torch


class FeatureStore:
    """Writes and reads features by slice and depth, while it is the context.

    Plain files, not mapped ones: writing into a mapped file on a full disk ends the process without a word.

    Args:
        folder: to write into; whoever made it removes it.
        widths: depth -> channels.
        cells: side of the grid of features.
    """

    def __init__(self, folder: Path, widths: Mapping[str, int], cells: int) -> None:
        self._shapes = {depth: (width, cells, cells) for depth, width in widths.items()}
        self._folder = folder
        self._open = ExitStack()

    def __enter__(self) -> FeatureStore:
        self._files = {
            depth: self._open.enter_context((self._folder / f"{depth}.float32").open("w+b")) for depth in self._shapes
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def depths(self) -> tuple[str, ...]:
        """Depths that are kept."""
        return tuple(self._shapes)

    def write(self, number: int, features: Mapping[str, torch.Tensor]) -> None:
        """Keep what was computed for a slice; depths that were not announced are dropped.

        Args:
            number: of the slice among the prompted ones.
            features: depth -> (channels, cells, cells).

        Raises:
            OSError: the disk is full.
        """
        for depth, file in self._files.items():
            file.seek(number * self._bytes(depth))
            file.write(np.ascontiguousarray(features[depth].numpy(), dtype=np.float32).tobytes())

    def read(self, number: int, depth: str) -> torch.Tensor:
        """(channels, cells, cells) of a slice, float32."""
        file = self._files[depth]
        file.seek(number * self._bytes(depth))
        values = np.frombuffer(bytearray(file.read(self._bytes(depth))), dtype=np.float32)
        return torch.from_numpy(values.reshape(self._shapes[depth]))

    def _bytes(self, depth: str) -> int:
        return 4 * int(np.prod(self._shapes[depth]))
