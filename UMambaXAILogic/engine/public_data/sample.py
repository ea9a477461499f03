"""What an importer hands over: the cases it found, those it left out and why, and one case as read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..volume import Volume
from .box import Box
from .label_sets import LabelSet


@dataclass(frozen=True)
class Candidate:
    """A case that has an image and labels, before either is read.

    Args:
        case: the name it gets; no identifier of a patient or a scan.
        sources: files, or folders with DICOM files, that it is read from.
        image_bytes: what its image takes on the output disk, as far as that is known beforehand.
    """

    case: str
    sources: tuple[Path, ...]
    image_bytes: int


@dataclass(frozen=True)
class LeftOut:
    """A case that is not taken.

    Args:
        case: its name, as it would have been.
        code: stable, for programs; cases with one code were left out for one kind of reason.
        reason: one readable sentence.
    """

    case: str
    code: str
    reason: str


class LeaveOut(Exception):
    """Raised while a case is read: it is left out for this reason, and the others go on."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Sample:
    """One case as read.

    Args:
        volume: in the storage order nearest to LPS.
        labels: (z, y, x) on the volume's grid, released values.
        region: where everything that counts as a vessel is annotated.
        original: a NIfTI file that holds exactly ``volume``, so that it need not be written again; or None.
        facts: what else the report says of the case.
        warnings: (code, message).
    """

    volume: Volume
    labels: npt.NDArray[np.uint8]
    region: Box
    original: Path | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[tuple[str, str], ...] = ()


class DataSet(Protocol):
    """A released data set in a folder."""

    title: str
    domain: str
    raw_name: str
    licence: str
    reference: str
    labels: LabelSet
    root: Path
    candidates: Sequence[Candidate]
    left_out: Sequence[LeftOut]
    choices: dict[str, Any]

    def read(self, candidate: Candidate) -> Sample:
        """Read one case.

        Raises:
            LeaveOut: it cannot be taken.
            InputError: a file of it cannot be read, with the reader's reason.
        """

    def public_text(self, text: str) -> str:
        """``text`` without paths and identifiers."""
