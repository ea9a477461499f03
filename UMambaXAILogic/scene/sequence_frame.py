"""Volumes that a sequence browser shows one frame of: which one, and what the volume is called without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Where the Sequences module keeps a name that it overwrites with "name [time=2s]" or "name [3/20]".
_BASE_NAME = "Sequences.BaseName"


@dataclass(frozen=True)
class SequenceFrame:
    """One frame of a sequence; as text what people count: ``frame 3 of 20``.

    Args:
        index: from 0.
        count: frames of the sequence.
    """

    index: int
    count: int

    def __str__(self) -> str:
        return f"frame {self.index + 1} of {self.count}"


def shown_frame(node: Any) -> SequenceFrame | None:
    """The frame that a node shows now; None where it belongs to no sequence."""
    scene = node.GetScene()
    if scene is None:
        return None
    for position in range(scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode")):
        browser = scene.GetNthNodeByClass(position, "vtkMRMLSequenceBrowserNode")
        sequence = browser.GetSequenceNode(node)
        if sequence is not None and browser.GetPlayback(sequence) and browser.GetNumberOfItems():
            return SequenceFrame(browser.GetSelectedItemNumber(), browser.GetNumberOfItems())
    return None


def name_without_frame(node: Any) -> str:
    """What a node is called, whatever frame it shows."""
    name, base = node.GetName(), node.GetAttribute(_BASE_NAME)
    return base if base and name.startswith(f"{base} [") and name.endswith("]") else name


def name_with_frame(node: Any) -> str:
    """What a node is called, and the frame that it shows now if it shows one."""
    frame = shown_frame(node)
    return name_without_frame(node) if frame is None else f"{name_without_frame(node)}, {frame}"
