from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from UMambaXAILogic.engine.alignment.slices import slice_positions_mm
from UMambaXAILogic.engine.page.display_plane import display_plane
from UMambaXAILogic.engine.volume import Geometry


def signed_permutations():
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[list(order), range(3)] = signs
            yield matrix


TILT = Rotation.from_euler("xyz", (12, -9, 17), degrees=True).as_matrix()


@pytest.mark.parametrize("tilt", [np.eye(3), TILT], ids=["upright", "oblique"])
def test_every_storage_order_is_shown_feet_first_front_on_top_right_on_the_left(tilt):
    for matrix in signed_permutations():
        geometry = Geometry((4, 5, 6), (0.5, 0.7, 1.1), (1.0, 2.0, 3.0), tuple((tilt @ matrix).ravel()))
        plane = display_plane(geometry)
        indices = np.stack(np.meshgrid(*(np.arange(n) for n in geometry.shape), indexing="ij"))  # z, y, x
        where = np.einsum("ij,j...->i...", geometry.affine_lps[:3, :3], indices[::-1])
        left, posterior, superior = (plane.stack(axis) for axis in where)
        assert np.all(np.diff(left, axis=2) > 0)  # columns run to the patient's left
        assert np.all(np.diff(posterior, axis=1) > 0)  # rows run to the back
        assert np.all(np.diff(superior, axis=0) > 0)  # slices run to the head
        for axis, spacing in enumerate(plane.spacing_mm):
            steps = np.diff([plane.stack(axis_mm) for axis_mm in where], axis=axis + 1)
            assert np.allclose(np.linalg.norm(steps, axis=0), spacing)


def test_slices_are_named_as_in_the_slice_table():
    downward = Geometry((4, 5, 6), (1.0, 1.0, 2.0), (0.0, 0.0, 9.0), (1, 0, 0, 0, 1, 0, 0, 0, -1))
    plane = display_plane(downward)
    positions = slice_positions_mm(downward)
    assert [positions[index] for index in plane.storage_slices] == sorted(positions)
    assert plane.edges == ("R", "L", "A", "P")
