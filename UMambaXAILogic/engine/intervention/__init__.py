"""Interventions: what the score becomes when a part of the input is filled, evaluated where it can change only."""

from .evidence import RegionEvidence, gather_evidence
from .fills import Fill, FillSource, make_fill
from .reevaluate import Change, Intervention, WatchedScore
from .regions import Regions, RegionSource, make_regions

__all__ = [
    "Change",
    "Fill",
    "FillSource",
    "Intervention",
    "RegionEvidence",
    "RegionSource",
    "Regions",
    "WatchedScore",
    "gather_evidence",
    "make_fill",
    "make_regions",
]
