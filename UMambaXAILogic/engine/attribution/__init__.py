"""Attribution methods, one a file. ``METHODS`` is the registry that every door reads."""

from __future__ import annotations

from ..errors import UsageError
from .dea import DualEvidence
from .embedding_similarity import EmbeddingSimilarity
from .grad_x_input import GradTimesInput
from .method import AttributionMethod, MethodSettings
from .occlusion import Occlusion
from .seg_grad_cam import SegGradCam
from .seg_xres_cam import SegXResCam
from .smoothgrad import SmoothGrad
from .supervoxel import SupervoxelIntervention

_METHODS: tuple[AttributionMethod, ...] = (
    SegXResCam(),
    SegGradCam(),
    GradTimesInput(),
    SmoothGrad(),
    Occlusion(),
    SupervoxelIntervention(),
    DualEvidence(),
    EmbeddingSimilarity(),
)
METHODS: dict[str, AttributionMethod] = {method.facts.name: method for method in _METHODS}

__all__ = ["METHODS", "AttributionMethod", "MethodSettings", "get_method"]


def get_method(name: str) -> AttributionMethod:
    """The method of that name.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    if name not in METHODS:
        raise UsageError(f"The attribution method {name!r} is not known.", f"Choose one of: {', '.join(METHODS)}.")
    return METHODS[name]
