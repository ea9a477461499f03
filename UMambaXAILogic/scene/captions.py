"""Words and colour keys on a rendered picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import vtk

from .colors import Color

_ALIGNMENT = {"left": vtk.VTK_TEXT_LEFT, "center": vtk.VTK_TEXT_CENTERED, "right": vtk.VTK_TEXT_RIGHT}
#: VTK takes these for columns and formulas.
_NO_MARKUP = str.maketrans("|$", "/ ")
_GREY: Color = (0.88, 0.88, 0.90)
#: Distance of lines, in font sizes.
LINE_FACTOR = 1.55


def add_text(
    renderer: Any,
    text: str,
    x: float,
    y: float,
    size: int,
    color: Color = _GREY,
    align: str = "left",
    bold: bool = False,
    backed: bool = False,
) -> None:
    """Write on a view.

    Args:
        x, y: pixels from the lower left corner; ``y`` is the middle of the line.
        size: font size in pixels.
        backed: on a dark patch, where the picture below may be as bright as the text.
        align: which part of the text lies at ``x``: ``left``, ``center`` or ``right``.
    """
    actor = vtk.vtkTextActor()
    actor.SetInput(text.translate(_NO_MARKUP))
    actor.SetPosition(x, y)
    style = actor.GetTextProperty()
    style.SetFontFamilyToArial()
    style.SetFontSize(size)
    style.SetBold(bold)
    style.SetColor(color)
    style.SetVerticalJustificationToCentered()
    style.SetJustification(_ALIGNMENT[align])
    if backed:
        style.SetBackgroundColor(0.0, 0.0, 0.0)
        style.SetBackgroundOpacity(0.6)
    renderer.AddViewProp(actor)


def add_key(renderer: Any, entries: Sequence[tuple[str, Color]], x: float, y: float, size: int) -> None:
    """A column of coloured squares with what they mean, from ``y`` upwards, the first entry on top."""
    step = LINE_FACTOR * size
    for index, (text, color) in enumerate(reversed(entries)):
        middle = y + index * step
        _add_square(renderer, x, middle - size / 2, size, color)
        add_text(renderer, text, x + 1.6 * size, middle, size)


def _add_square(renderer: Any, x: float, y: float, side: float, color: Color) -> None:
    plane = vtk.vtkPlaneSource()
    plane.SetOrigin(x, y, 0)
    plane.SetPoint1(x + side, y, 0)
    plane.SetPoint2(x, y + side, 0)
    mapper = vtk.vtkPolyDataMapper2D()
    mapper.SetInputConnection(plane.GetOutputPort())
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(color)
    renderer.AddViewProp(actor)


def add_color_bar(
    renderer: Any, color_node: Any, title: str, frame: tuple[float, float, float, float], size: int
) -> None:
    """A vertical colour bar over [0, 1] with five ticks, where no displayable manager draws one.

    Args:
        frame: (left, bottom, right, top) in pixels.
        size: font size in pixels.
    """
    left, bottom, right, top = frame
    colors = vtk.vtkLookupTable()
    colors.DeepCopy(color_node.GetLookupTable())
    colors.SetRange(0.0, 1.0)
    bar = vtk.vtkScalarBarActor()
    bar.SetLookupTable(colors)
    bar.SetMaximumNumberOfColors(256)
    bar.SetNumberOfLabels(5)
    bar.SetLabelFormat("%.2f")
    bar.SetUnconstrainedFontSize(True)
    bar.SetTextPad(size // 3)
    bar.SetPosition(0, 0)
    bar.GetPositionCoordinate().SetCoordinateSystemToDisplay()
    bar.GetPositionCoordinate().SetValue(left, bottom)
    bar.GetPosition2Coordinate().SetCoordinateSystemToDisplay()
    bar.GetPosition2Coordinate().SetValue(right - left, top - bottom - 1.5 * size)
    style = bar.GetLabelTextProperty()
    style.SetFontFamilyToArial()
    style.SetFontSize(size)
    style.SetBold(False)
    style.SetItalic(False)
    style.SetShadow(False)
    style.SetColor(_GREY)
    renderer.AddViewProp(bar)
    add_text(renderer, title, (left + right) / 2, top, size, align="center")
