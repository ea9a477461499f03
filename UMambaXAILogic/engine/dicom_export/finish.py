"""What is added to an object of highdicom's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .provenance import Provenance
from .source_series import SourceSeries

if TYPE_CHECKING:
    from pydicom import Dataset


def finish(image: Dataset, source: SourceSeries, provenance: Provenance) -> None:
    """How it was made, in words; that it shows a phantom, where it does; and what highdicom leaves out.

    Content Creator's Name is of type 2.
    """
    image.DerivationDescription = provenance.derivation
    image.ContentQualification = "RESEARCH"
    image.ContentCreatorName = ""
    first = source.headers[0]
    if first.get("BodyPartExamined"):
        image.BodyPartExamined = first.BodyPartExamined
    if provenance.is_phantom:
        image.QualityControlImage = "YES"
