"""Vessel-native readout: attention against distance from the centreline, along it, by diameter and by vessel."""

from __future__ import annotations

from .by_label import VesselLabels
from .measurement import VesselReadout

__all__ = ["VesselLabels", "VesselReadout"]
