"""Supervoxel intervention: occlusion with regions that follow the predicted vessels and the edges of the image.

A vessel is taken out alone and along its course, where a cell of a grid takes its surroundings with it.
"""

from __future__ import annotations

from ..methods.catalogue import METHOD_FACTS
from .occlusion import Occlusion


class SupervoxelIntervention(Occlusion):
    facts = METHOD_FACTS["supervoxel"]
