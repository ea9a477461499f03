"""What a chosen node is made of, and which of it counts: segments of a segmentation, labels of a label volume."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from . import checked

SEGMENTS, LABELS = "segments", "labels"


@dataclass(frozen=True)
class Part:
    """One segment or label.

    Args:
        key: a segment's id, or a label's value as text.
        name: shown to the user.
    """

    key: str
    name: str


@dataclass(frozen=True)
class NodeParts:
    """The parts of a node.

    Args:
        kind: ``segments``, ``labels``, or empty for a node that is taken whole.
        parts: all of them, in order.
        kept: keys of those that count, as the scene keeps it.
    """

    kind: str = ""
    parts: tuple[Part, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of all parts."""
        return tuple(part.key for part in self.parts)

    def chosen(self, usual: Collection[str] | None = None) -> tuple[str, ...]:
        """Keys of the parts that count.

        Args:
            usual: those that count where nobody chose; None: all.
        """
        return checked.checked(self.keys, self.kept, self.keys if usual is None else usual)
