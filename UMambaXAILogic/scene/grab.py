"""What a render window shows, as an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util.numpy_support import vtk_to_numpy


def grab_window(window: Any) -> npt.NDArray[np.uint8]:
    """The picture that was rendered last, (height, width, 3) sRGB, first row on top."""
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.SetInputBufferTypeToRGB()
    grab.ReadFrontBufferOff()
    grab.ShouldRerenderOff()
    grab.Update()
    image = grab.GetOutput()
    width, height, _ = image.GetDimensions()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 3)[::-1].copy()
