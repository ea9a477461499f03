"""Lines of equal attention lie where the map has their level, whether computed at once or in pieces."""

from __future__ import annotations

import numpy as np
import pytest
import vtk
from hypothesis import given
from hypothesis import strategies as st
from vtk.util.numpy_support import vtk_to_numpy

from UMambaXAILogic.scene import contour_lines
from UMambaXAILogic.scene.contour_lines import add_contours, lines_in_pieces
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.stepwise import do_all

SHAPE = (21, 25, 23)


@pytest.fixture
def cone() -> np.ndarray:
    """A map that falls linearly from a point: iso-surfaces are spheres of known radius in voxels."""
    k, j, i = np.indices(SHAPE)
    distance = np.sqrt((k - 10.0) ** 2 + (j - 12.0) ** 2 + (i - 11.0) ** 2)
    return np.clip(1 - distance / 10, 0, 1).astype(np.float32)


@pytest.mark.parametrize("slices", [1, 4, 100])
def test_contours_lie_where_the_map_has_their_level(scene, affine, cone, slices, monkeypatch):
    monkeypatch.setattr(contour_lines, "PIECE_VOXELS", slices * cone[0].size)
    steps = lines_in_pieces(cone, Grid(SHAPE[::-1], affine), (0.3, 0.7))
    node = add_contours(scene, "Contours", do_all(steps))
    poly_data = node.GetPolyData()
    points = vtk_to_numpy(poly_data.GetPoints().GetData()).astype(float)
    ijk = (np.linalg.inv(affine) @ np.column_stack([points, np.ones(len(points))]).T)[:3].T
    radius = np.linalg.norm(ijk - [11, 12, 10], axis=1)
    level = vtk_to_numpy(poly_data.GetPointData().GetArray("Attention"))
    assert set(np.round(level, 3)) == {np.float32(0.3), np.float32(0.7)}
    np.testing.assert_allclose(radius, 10 * (1 - level), atol=0.15)
    display = node.GetDisplayNode()
    assert display.GetVisibility2D() and not display.GetVisibility3D()
    assert display.GetScalarRange() == (0.0, 1.0)


def test_each_piece_is_a_step(cone, monkeypatch):
    monkeypatch.setattr(contour_lines, "PIECE_VOXELS", 4 * cone[0].size)
    assert len(list(lines_in_pieces(cone, Grid(SHAPE[::-1], np.eye(4))))) == 4  # and a fifth that ends it


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_pieces_together_are_the_whole(seed, slices):
    values = np.random.default_rng(seed).random((7, 6, 5)).astype(np.float32)
    grid = Grid((5, 6, 7), np.eye(4))
    patch = pytest.MonkeyPatch()
    patch.setattr(contour_lines, "PIECE_VOXELS", slices * values[0].size)
    pieces = do_all(lines_in_pieces(values, grid, (0.3, 0.6)))
    patch.undo()
    whole = do_all(lines_in_pieces(values, grid, (0.3, 0.6)))
    assert pieces.GetNumberOfCells() == whole.GetNumberOfCells() > 0
    assert area(pieces) == pytest.approx(area(whole), rel=1e-5)


def area(surface) -> float:
    properties = vtk.vtkMassProperties()
    properties.SetInputData(surface)
    return properties.GetSurfaceArea()


def test_a_map_below_all_levels_has_no_lines(scene):
    flat = np.full((6, 5, 4), 0.1, np.float32)
    lines = do_all(lines_in_pieces(flat, Grid((4, 5, 6), np.eye(4))))
    assert lines.GetNumberOfCells() == 0
    assert add_contours(scene, "Contours", lines).GetPolyData().GetPointData().GetArray("Attention") is not None


def test_a_map_of_one_slice_has_no_surface_but_no_error_either():
    flat = np.zeros((1, 5, 4), np.float32)
    flat[0, 2, 2] = 1
    assert do_all(lines_in_pieces(flat, Grid((4, 5, 1), np.eye(4)))).GetNumberOfCells() == 0
