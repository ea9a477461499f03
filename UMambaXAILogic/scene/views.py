"""Slice and 3-D views without a window: Slicer's own displayable managers drawing into memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import slicer
import vtk

from UMambaXAILogic.engine.errors import NotInstalledError

from .grab import grab_window
from .headless import HeadlessSlicer

_SLICE_MANAGERS = (
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
)
_THREE_D_MANAGERS = (
    "vtkMRMLVolumeRenderingDisplayableManager",
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
)
_PROBE = (
    "import vtkmodules.vtkRenderingOpenGL2, vtkmodules.vtkCommonCore as core, vtkmodules.vtkRenderingCore as vtk;"
    "window = vtk.vtkRenderWindow(); window.SetOffScreenRendering(1); window.SetSize(8, 8);"
    "renderer = vtk.vtkRenderer(); renderer.SetBackground(1, 0, 0); window.AddRenderer(renderer); window.Render();"
    "pixels = core.vtkUnsignedCharArray(); window.GetPixelData(4, 4, 4, 4, 0, pixels, 0);"
    "assert pixels.GetValue(0) > 250; print('drawn')"
)
_PROBE_SECONDS = 60


def check_rendering() -> None:
    """Draw something in a process of its own: where no OpenGL is found, VTK may end the whole process.

    Raises:
        NotInstalledError: nothing can be drawn here; the remedy names the package.
    """
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_SECONDS, errors="replace"
        )
        drawn = probe.stdout.strip().endswith("drawn")
    except subprocess.TimeoutExpired:
        drawn = False
    if not drawn:
        raise NotInstalledError(
            "3-D pictures cannot be drawn: this machine offers VTK no OpenGL (neither a screen, EGL nor OSMesa).",
            "On Debian or Ubuntu: sudo apt-get install libegl1 libgl1. Elsewhere install Mesa's EGL or OSMesa library.",
        )


class View:
    """A renderer in memory with displayable managers; the base of both kinds.

    Args:
        width, height: pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.renderer = vtk.vtkRenderer()
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(8)
        self.window.SetSize(width, height)
        self.window.AddRenderer(self.renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self.window)
        self._managers = slicer.vtkMRMLDisplayableManagerGroup()

    def _add_managers(self, factory: Any, names: Sequence[str], node: Any) -> None:
        for name in names:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._managers.Initialize(factory, self.renderer)
        self._managers.SetMRMLDisplayableNode(node)

    def draw(self) -> npt.NDArray[np.uint8]:
        """The picture, (height, width, 3) sRGB, first row on top."""
        self.window.Render()
        return grab_window(self.window)

    def close(self) -> None:
        """Free the graphics memory."""
        self._managers.SetMRMLDisplayableNode(None)
        self.window.Finalize()


class ThreeDView(View):
    """A 3-D view of the scene.

    Args:
        node: a view node of the scene; None: one of its own.
    """

    def __init__(self, application: HeadlessSlicer, width: int, height: int, node: Any = None) -> None:
        super().__init__(width, height)
        # Depth peeling turns translucent surfaces into coloured garbage on software renderers.
        self.renderer.SetUseDepthPeeling(False)
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(application.application_logic)
        application.application_logic.GetViewLogics().AddItem(self._logic)
        self._logic.SetMRMLScene(application.scene)
        if node is None:
            node = self._logic.AddViewNode(f"picture {application.scene.GetNumberOfNodes()}")
            node.SetBoxVisible(False)
            node.SetAxisLabelsVisible(False)
        self.node = node
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        self._add_managers(factory, _THREE_D_MANAGERS, self.node)

    def look(self, points: npt.NDArray, towards: Sequence[float], frame: tuple[float, float, float, float]) -> None:
        """Aim the camera, without perspective, so that the scale bar is true; superior is up.

        Args:
            points: (N, 3) RAS mm; they fill the frame.
            towards: RAS direction of looking, not straight up or down.
            frame: (left, bottom, right, top) in pixels.
        """
        self.node.SetRenderMode(slicer.vtkMRMLViewNode.Orthographic)
        forward = np.asarray(towards) / np.linalg.norm(towards)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        seen = points @ np.column_stack([right, up, forward])
        low, high = seen.min(0), seen.max(0)
        left_px, bottom_px, right_px, top_px = frame
        mm_per_pixel = max((high[0] - low[0]) / (right_px - left_px), (high[1] - low[1]) / (top_px - bottom_px), 1e-3)
        width, height = self.window.GetSize()
        center = (low + high) / 2
        center[0] += mm_per_pixel * (width - left_px - right_px) / 2
        center[1] += mm_per_pixel * (height - bottom_px - top_px) / 2
        focus = right * center[0] + up * center[1] + forward * center[2]
        camera = self.renderer.GetActiveCamera()
        camera.ParallelProjectionOn()
        camera.SetParallelScale(mm_per_pixel * height / 2)
        camera.SetFocalPoint(*focus)
        camera.SetPosition(*(focus - forward * (high[2] - low[2] + 100)))
        camera.SetViewUp(*up)
        self.renderer.ResetCameraClippingRange()


class SliceView(View):
    """A slice view of the scene, with its image layers below what the displayable managers draw.

    Args:
        name: layout name of its slice node.
        orientation: ``Axial``, ``Coronal`` or ``Sagittal``.
        node: a slice node of the scene, which keeps its name and orientation; None: one of its own.
    """

    def __init__(
        self, application: HeadlessSlicer, name: str, orientation: str, width: int, height: int, node: Any = None
    ) -> None:
        super().__init__(width, height)
        self.renderer.GetActiveCamera().ParallelProjectionOn()
        self.logic = slicer.vtkMRMLSliceLogic()
        self.logic.SetMRMLApplicationLogic(application.application_logic)
        application.application_logic.GetSliceLogics().AddItem(self.logic)
        self.logic.SetMRMLScene(application.scene)
        if node is None:
            self.node = self.logic.AddSliceNode(name)
            self.node.SetOrientation(orientation)
        else:
            self.node = node
            self.logic.SetSliceNode(node)
        self.logic.ResizeSliceNode(width, height)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(self._mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        self.renderer.AddViewProp(actor)
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        self._add_managers(factory, _SLICE_MANAGERS, self.node)

    def show(self, point_ras: Sequence[float], height_mm: float) -> None:
        """Centre the view on a point, ``height_mm`` high."""
        width, height = self.window.GetSize()
        self.node.SetFieldOfView(height_mm * width / height, height_mm, 1.0)
        to_ras = self.node.GetSliceToRAS()
        for axis, value in enumerate(point_ras):
            to_ras.SetElement(axis, 3, value)
        self.node.UpdateMatrices()

    def draw(self) -> npt.NDArray[np.uint8]:
        """See ``View.draw``."""
        self._mapper.SetInputConnection(self.logic.GetImageDataConnection())
        return super().draw()
