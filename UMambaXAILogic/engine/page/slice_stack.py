"""The slices of a case as a few montage images that a page draws from."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .case_files import CaseFiles
from .display_plane import DisplayPlane, display_plane
from .grey_window import GreyWindow, choose_window

#: Bounds the page to about 10 MB whatever the volume.
MOST_PIXELS = 8_000_000
LONGEST_SIDE = 384

PM_BIT, GT_BIT = 1, 2


@dataclass(frozen=True)
class SliceStack:
    """Chosen slices, feet first, at a resolution that fits a page.

    Args:
        plane: how the volume became pictures.
        shown: positions of the chosen slices among the plane's slices.
        reduction: in-plane voxels per picture pixel.
        window: of the grey values; None without an image.
        grey: uint8 (slice, row, column); None without an image.
        attention: uint8, 0-255 for 0-1; None without a map. For pictures only: numbers come from the float map.
        labels: uint8, ``PM_BIT`` | ``GT_BIT``.
    """

    plane: DisplayPlane
    shown: tuple[int, ...]
    reduction: int
    window: GreyWindow | None
    grey: npt.NDArray[np.uint8] | None
    attention: npt.NDArray[np.uint8] | None
    labels: npt.NDArray[np.uint8]

    @property
    def storage_slices(self) -> list[int]:
        """Index along the superior axis of each chosen slice, as in slices.csv."""
        return [self.plane.storage_slices[position] for position in self.shown]

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """Height and width of a picture's pixel."""
        return self.plane.spacing_mm[1] * self.reduction, self.plane.spacing_mm[2] * self.reduction


def slice_stack(case: CaseFiles) -> SliceStack:
    """Choose slices and resolution; masks and attention keep their maximum where pixels are joined, so that no
    vessel disappears, grey values their mean."""
    plane = display_plane(case.geometry)
    pm = plane.stack(case.pm)
    count, rows, columns = pm.shape
    reduction = max(1, -(-max(rows, columns) // LONGEST_SIDE))
    per_slice = -(-rows // reduction) * -(-columns // reduction)
    step = max(1, -(-count * per_slice // MOST_PIXELS))
    shown = tuple(range((count - 1) % step // 2, count, step))
    window = None if case.image is None else choose_window(case.image, case.metrics["input"].get("modality"))
    grey, attention, labels = [], [], []
    image = None if case.image is None else plane.stack(case.image)
    gt = None if case.gt is None else plane.stack(case.gt)
    heat = None if case.attention is None else plane.stack(case.attention)
    for index in shown:
        label = pm[index].astype(np.uint8) * PM_BIT
        if gt is not None:
            label |= gt[index].astype(np.uint8) * GT_BIT
        labels.append(_reduce_labels(label, reduction))
        if image is not None and window is not None:
            grey.append(window.grey(_blocks(image[index].astype(np.float32), reduction).mean(axis=(1, 3))))
        if heat is not None:
            attention.append(np.rint(_blocks(heat[index], reduction).max(axis=(1, 3)) * 255).astype(np.uint8))
    return SliceStack(
        plane,
        shown,
        reduction,
        window,
        np.stack(grey) if grey else None,
        np.stack(attention) if attention else None,
        np.stack(labels),
    )


def montage_data(stack: SliceStack) -> dict[str, Any]:
    """The stack as data URIs of montages, and how a slice is found in them."""
    count, rows, columns = stack.labels.shape
    across = max(1, round(float(np.sqrt(count * rows / columns))))
    return {
        "count": count,
        "rows": rows,
        "columns": columns,
        "across": across,
        "pixel_mm": list(stack.pixel_mm),
        "edges": list(stack.plane.edges),
        "grey": None if stack.grey is None else _data_uri(_montage(stack.grey, across), "JPEG", quality=85),
        "attention": None if stack.attention is None else _data_uri(_montage(stack.attention, across), "PNG"),
        "labels": _data_uri(_montage(stack.labels, across), "PNG"),
    }


def picture_uri(picture: bytes, kind: str = "png") -> str:
    """Bytes of an image file as a data URI."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def _montage(stack: npt.NDArray[np.uint8], across: int) -> npt.NDArray[np.uint8]:
    count, rows, columns = stack.shape
    down = -(-count // across)
    sheet = np.zeros((down * rows, across * columns), np.uint8)
    for index in range(count):
        row, column = divmod(index, across)
        sheet[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns] = stack[index]
    return sheet


def _data_uri(sheet: npt.NDArray[np.uint8], kind: str, **options: Any) -> str:
    memory = io.BytesIO()
    Image.fromarray(sheet).save(memory, kind, optimize=True, **options)
    return picture_uri(memory.getvalue(), kind.lower())


def _blocks(picture: npt.NDArray, reduction: int) -> npt.NDArray:
    """(row, within, column, within); the edge is repeated to fill the last block."""
    rows, columns = picture.shape
    padding = [(0, -rows % reduction), (0, -columns % reduction)]
    padded = np.pad(picture, padding, mode="edge") if reduction > 1 else picture
    return padded.reshape(padded.shape[0] // reduction, reduction, padded.shape[1] // reduction, reduction)


def _reduce_labels(label: npt.NDArray[np.uint8], reduction: int) -> npt.NDArray[np.uint8]:
    return np.bitwise_or.reduce(np.bitwise_or.reduce(_blocks(label, reduction), axis=3), axis=1)
