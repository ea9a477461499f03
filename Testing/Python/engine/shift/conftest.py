"""Small volumes with known content, in several orientations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from UMambaXAILogic.engine.shift.factor import CaseAnchors
from UMambaXAILogic.engine.volume import Geometry, Volume

ANCHORS = CaseAnchors(centre_mm=(0.0, 0.0, 0.0), seed=7)
#: x, y, z axes of the array towards the patient's: stored axially (LPS), coronally, and sagittally with a flip.
ORIENTATIONS = {
    "axial": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "coronal": (1, 0, 0, 0, 0, 1, 0, -1, 0),
    "sagittal": (0, 0, 1, 1, 0, 0, 0, -1, 0),
    "oblique": (0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1),
}


@pytest.fixture(params=ORIENTATIONS)
def direction(request) -> tuple[float, ...]:
    return tuple(float(cosine) for cosine in ORIENTATIONS[request.param])


@pytest.fixture
def anchors() -> CaseAnchors:
    return ANCHORS


@pytest.fixture
def make_volume() -> Callable[..., Volume]:
    """``make_volume(array, spacing_mm, direction)`` -> a volume whose centre lies at the patient's origin."""

    def make(array, spacing_mm=(0.5, 0.5, 1.0), direction=ORIENTATIONS["axial"]) -> Volume:
        array = np.asarray(array, dtype=np.float32)
        size = array.shape[::-1]
        direction = tuple(float(cosine) for cosine in direction)
        half = (np.array(size) - 1) / 2 * spacing_mm
        origin = -np.reshape(direction, (3, 3)) @ half
        return Volume(array, Geometry(size, tuple(spacing_mm), tuple(origin.tolist()), direction))

    return make
