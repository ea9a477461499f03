"""What volumes are rendered with."""

from __future__ import annotations

from functools import cache

import slicer

from UMambaXAILogic.scene.volume_rendering import CPU_RAY_CASTER

_SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swiftshader")


def ray_caster() -> str:
    """Class of display nodes: what the user prefers; without a graphics card the CPU's, where others draw garbage."""
    if slicer.app.layoutManager().threeDViewCount and _is_drawn_by_software():
        return CPU_RAY_CASTER
    return slicer.modules.volumerendering.logic().GetDefaultRenderingMethod() or CPU_RAY_CASTER


@cache
def _is_drawn_by_software() -> bool:
    """Asked once: the answer is long, and the graphics card stays."""
    window = slicer.app.layoutManager().threeDWidget(0).threeDView().renderWindow()
    return any(name in window.ReportCapabilities().lower() for name in _SOFTWARE_RENDERERS)
