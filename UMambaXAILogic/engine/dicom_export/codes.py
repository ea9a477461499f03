"""Coded terms of exported objects."""

from __future__ import annotations

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

from ..label_codes import Code

#: No public scheme has a code for what a network attended to. Designators of private schemes begin with 99.
PRIVATE_SCHEME = "99UMAMBAXAI"
ATTENTION = CodedConcept("attention", PRIVATE_SCHEME, "Attribution of a neural network, scaled to [0, 1]")
NO_UNITS = codes.UCUM.NoUnits
ARTIFICIAL_INTELLIGENCE = codes.cid7162.ArtificialIntelligence


def private_scheme() -> CodingSchemeIdentificationItem:
    """What says whose the private scheme is."""
    return CodingSchemeIdentificationItem(
        PRIVATE_SCHEME, name="UMambaXAI private codes", responsible_organization="UMambaXAI"
    )


def concept(code: Code) -> CodedConcept:
    """A code of the package as highdicom's."""
    return CodedConcept(code.value, code.scheme, code.meaning)
