"""What volumes are rendered with."""

from __future__ import annotations

from functools import cache
from typing import Any

import slicer

from UMambaXAILogic.scene.volume_rendering import CPU_RAY_CASTER

_GPU_RAY_CASTER = "vtkMRMLGPURayCastVolumeRenderingDisplayNode"
_SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swiftshader")


def ray_caster() -> str:
    """Class of display nodes: the GPU's where the user prefers it and there is one, else the CPU's.

    Without a graphics card the GPU's draws garbage; the multi-volume renderer, which a user may prefer too, knows no
    projection.
    """
    preferred = slicer.modules.volumerendering.logic().GetDefaultRenderingMethod()
    usable = preferred == _GPU_RAY_CASTER and _drawn_window() is not None and not _is_drawn_by_software()
    return _GPU_RAY_CASTER if usable else CPU_RAY_CASTER


def _drawn_window() -> Any:
    """The render window of a 3-D view that was drawn; asked for its capabilities, any other ends the application."""
    layouts = slicer.app.layoutManager()
    for index in range(layouts.threeDViewCount):
        window = layouts.threeDWidget(index).threeDView().renderWindow()
        if not window.GetNeverRendered():
            return window
    return None


@cache
def _is_drawn_by_software() -> bool:
    """Asked once: the answer is long, and the graphics card stays."""
    capabilities = _drawn_window().ReportCapabilities().lower()
    return any(name in capabilities for name in _SOFTWARE_RENDERERS)
