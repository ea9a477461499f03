"""Where a slice lies in the square frame that a SAM sees: longest side to the frame's, the rest filled up."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ..embedding.box import PromptBox


@dataclass(frozen=True)
class Placement:
    """One slice in its frame, at the top left.

    Args:
        shape: rows and columns of the slice.
        resized: rows and columns that it takes in the frame.
        frame: rows, and columns, of the frame.
    """

    shape: tuple[int, int]
    resized: tuple[int, int]
    frame: int

    def to_frame(self, image: torch.Tensor) -> torch.Tensor:
        """(channels, rows, columns) of the slice -> (channels, frame, frame), 0 where there is no slice."""
        # Shrinking without a filter would let small vessels fall between the samples.
        shrinks = any(new < old for new, old in zip(self.resized, self.shape, strict=True))
        resized = _resample(image, self.resized, antialias=shrinks)
        rows, columns = self.resized
        return F.pad(resized, (0, self.frame - columns, 0, self.frame - rows))

    def from_frame(self, values: torch.Tensor) -> torch.Tensor:
        """(rows, columns) of any size that covers the frame, such as a network's grid -> the slice; linear."""
        rows, columns = self.resized
        in_frame = _resample(values[None], (self.frame, self.frame))[:, :rows, :columns]
        return _resample(in_frame, self.shape)[0]

    def box_in_frame(self, box: PromptBox) -> tuple[float, float, float, float]:
        """A box of the slice's pixels as x0, y0, x1, y1: its first and last pixel in the frame."""
        (top, left), (bottom, right) = self._scaled(box.start), self._scaled(box.stop)
        return left, top, right - 1, bottom - 1

    def coverage(self, box: PromptBox | None, cells: int) -> torch.Tensor:
        """Share of each of cells x cells cells of the frame that a box covers; None: that the slice covers."""
        low, high = ((0, 0), self.shape) if box is None else (box.start, box.stop)
        ends = zip(self._scaled(low), self._scaled(high), strict=True)
        rows, columns = (_overlap(start, stop, cells, self.frame / cells) for start, stop in ends)
        return rows[:, None] * columns[None, :]

    def _scaled(self, position: tuple[int, ...]) -> tuple[float, float]:
        row, column = (
            place * resized / size for place, resized, size in zip(position, self.resized, self.shape, strict=True)
        )
        return row, column


def place(shape: tuple[int, int], spacing_mm: tuple[float, float], frame: int) -> Placement:
    """The placement that keeps the slice's proportions in mm.

    Args:
        shape: rows, columns.
        spacing_mm: of rows, of columns.
        frame: side of the square that the network takes.
    """
    extent = [size * spacing for size, spacing in zip(shape, spacing_mm, strict=True)]
    rows, columns = (max(1, round(frame * length / max(extent))) for length in extent)
    return Placement(shape, (rows, columns), frame)


def _overlap(start: float, stop: float, cells: int, size: float) -> torch.Tensor:
    """Share of each cell of a row of cells that the interval covers."""
    edges = torch.arange(cells + 1, dtype=torch.float64) * size
    return (edges[1:].clamp_max(stop) - edges[:-1].clamp_min(start)).clamp_min(0) / size


def _resample(image: torch.Tensor, shape: tuple[int, int], antialias: bool = False) -> torch.Tensor:
    if tuple(image.shape[-2:]) == tuple(shape):
        return image
    return F.interpolate(image[None], size=shape, mode="bilinear", align_corners=False, antialias=antialias)[0]
