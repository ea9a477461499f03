"""The head without its vessels, in Hounsfield units: air, scalp, skull and skull base, brain, CSF spaces.

Schematic anatomy built from ellipsoids, a height map of the skull base and smooth random fields, in LPS mm about the
centre of the Circle of Willis. It is evaluated slab by slab, so that a whole head needs little memory.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .smooth_field import PlaneWaves

Array = npt.NDArray[np.float32]

AIR_HU = -1000.0
FAT_HU = -85.0
MUSCLE_HU = 56.0
SKIN_HU = 35.0
CSF_HU = 9.0
WHITE_MATTER_HU = 33.0
GREY_MATTER_HU = 43.0
CORTICAL_BONE_HU = 1350.0
SPONGY_BONE_HU = 620.0

_CAVITY_CENTRE_MM = (0.0, 8.0, 25.0)
_CAVITY_HALF_AXES_MM = (65.0, 83.0, 66.0)
_SKULL_THICKNESS_MM = 6.5
_SCALP_THICKNESS_MM = 6.0
#: Skull-base height on the midline: sphenoid plane, sella, dorsum sellae, clivus, foramen magnum (y, z in mm).
_MIDLINE_FLOOR_Y_MM = (-70.0, -26.0, -18.0, -12.0, -8.0, -2.0, 1.5, 3.5, 16.0, 45.0, 90.0)
_MIDLINE_FLOOR_Z_MM = (-5.0, -3.0, -7.0, -9.0, -15.0, -15.0, -8.0, -10.0, -50.0, -52.0, -40.0)


class HeadTissue:
    """One person's head.

    Args:
        generator: source of everything individual.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._cortex = PlaneWaves(generator, (9.0, 22.0), 20)
        self._texture = PlaneWaves(generator, (5.0, 14.0), 20)
        self._bone_texture = PlaneWaves(generator, (3.0, 8.0), 16)
        self._ventricle_scale = float(np.exp(generator.normal(0.0, 0.15)))
        self._parenchyma_shift_hu = float(generator.normal(5.0, 1.5))
        self._pineal_hu = float(generator.uniform(80.0, 420.0))
        self._sinus_scale = float(generator.uniform(0.7, 1.15))

    def on_grid(
        self,
        x_mm: npt.NDArray[np.float64],
        y_mm: npt.NDArray[np.float64],
        z_mm: npt.NDArray[np.float64],
        artery_distance_mm: Array,
    ) -> Array:
        """HU on the grid spanned by three LPS coordinate vectors, shape (z, y, x), float32.

        Args:
            artery_distance_mm: distance to the nearest arterial wall; arteries run in CSF where they are in the skull.
        """
        slab = _Slab(x_mm, y_mm, z_mm)
        cortex = self._cortex.on_grid(x_mm, y_mm, z_mm)
        texture = self._texture.on_grid(x_mm, y_mm, z_mm)
        bone_texture = self._bone_texture.on_grid(x_mm, y_mm, z_mm)
        wall = slab.ellipsoid(_CAVITY_CENTRE_MM, _CAVITY_HALF_AXES_MM)
        floor = _skull_base(x_mm, y_mm)[None] + 0.8 * cortex
        cavity = np.maximum(wall, floor - slab.z)
        self._paint_soft_tissue(slab, wall, texture)
        self._paint_bone(slab, wall, floor, bone_texture)
        self._paint_base_spaces(slab, bone_texture)
        self._paint_brain(slab, cavity, cortex, texture, artery_distance_mm)
        return slab.hu

    def _paint_soft_tissue(self, slab: _Slab, wall: Array, texture: Array) -> None:
        face = slab.ellipsoid((0.0, -38.0, -48.0), (58.0, 50.0, 66.0))
        neck = np.hypot(slab.x / np.float32(54.0), (slab.y - np.float32(30.0)) / np.float32(58.0)) - np.float32(1.0)
        neck = np.maximum(neck * np.float32(54.0), slab.z + np.float32(10.0))
        skin = np.minimum(np.minimum(wall - np.float32(_SKULL_THICKNESS_MM + _SCALP_THICKNESS_MM), face), neck)
        slab.paint(skin, SKIN_HU)
        slab.paint(skin + np.float32(2.0), FAT_HU)
        slab.paint(skin + np.float32(5.5) + texture, MUSCLE_HU)

    def _paint_bone(self, slab: _Slab, wall: Array, floor: Array, bone_texture: Array) -> None:
        vault = np.maximum(wall - np.float32(_SKULL_THICKNESS_MM), floor - np.float32(12.0) - slab.z)
        depth = floor - slab.z
        thickness = _skull_base_thickness(slab.x, slab.y)
        base = np.maximum(np.maximum(-depth, depth - thickness), wall)
        foramen_magnum = np.hypot(slab.x / np.float32(15.0), (slab.y - np.float32(34.0)) / np.float32(18.0)) - 1.0
        base = np.maximum(base, -np.float32(15.0) * foramen_magnum.astype(np.float32))
        spongy = SPONGY_BONE_HU + np.float32(170.0) * bone_texture
        slab.paint(vault, CORTICAL_BONE_HU)
        slab.paint(np.abs(wall - np.float32(_SKULL_THICKNESS_MM / 2)) - np.float32(1.5), spongy, where=vault < 0)
        slab.paint(base, CORTICAL_BONE_HU)
        slab.paint(base + np.float32(1.4), spongy)

    def _paint_base_spaces(self, slab: _Slab, bone_texture: Array) -> None:
        sinus = self._sinus_scale
        slab.paint_ellipsoid((0.0, -15.0, -27.0), (12.0 * sinus, 11.0 * sinus, 9.0 * sinus), AIR_HU)
        slab.paint_ellipsoid((0.0, -45.0, -40.0), (11.0, 24.0, 20.0), AIR_HU)
        for side in (-1.0, 1.0):
            slab.paint_ellipsoid((side * 7.0, -42.0, -14.0), (5.0, 14.0, 7.0), AIR_HU)
            slab.paint_ellipsoid((side * 26.0, -46.0, -44.0), (14.0, 15.0, 16.0), AIR_HU)
            slab.paint_ellipsoid((side * 31.0, -50.0, -12.0), (17.0, 24.0, 14.0), FAT_HU)
            slab.paint_ellipsoid((side * 31.0, -62.0, -12.0), (12.0, 12.0, 12.0), 14.0)
            slab.paint_ellipsoid((side * 12.5, -9.0, -15.0), (4.5, 11.0, 8.0), 75.0)
            mastoid = slab.ellipsoid((side * 47.0, 32.0, -26.0), (12.0, 14.0, 14.0))
            slab.paint(np.maximum(mastoid, np.float32(0.4) - bone_texture), -750.0)
        slab.paint_ellipsoid((0.0, -5.0, -11.0), (6.0, 4.0, 3.5), 60.0)

    def _paint_brain(self, slab: _Slab, cavity: Array, cortex: Array, texture: Array, artery_mm: Array) -> None:
        grey = GREY_MATTER_HU + self._parenchyma_shift_hu + np.float32(1.2) * texture
        white = WHITE_MATTER_HU + self._parenchyma_shift_hu + np.float32(1.2) * texture
        inside = cavity < 0.5
        slab.paint(cavity, CSF_HU)
        slab.paint(cavity + np.float32(1.8), grey)
        slab.paint(cavity + np.float32(6.0) + np.float32(3.0) * cortex, white)
        sulci = np.maximum(np.abs(cortex) * np.float32(4.0) - np.float32(0.7), -cavity - np.float32(13.0))
        slab.paint(sulci, CSF_HU, where=inside)
        for side in (-1.0, 1.0):
            slab.paint_ellipsoid((side * 10.0, 11.0, 16.0), (7.0, 12.0, 8.0), grey, where=inside)
            slab.paint_ellipsoid((side * 21.0, -6.0, 16.0), (8.0, 16.0, 9.0), grey, where=inside)
            slab.paint_ellipsoid((side * 5.0, 27.0, 30.0), (10.0, 20.0, 9.0), white, where=inside)
        scale = self._ventricle_scale
        slab.paint_ellipsoid((0.0, -5.0, -2.0), (13.0, 11.0, 6.5), CSF_HU, where=inside)
        slab.paint_ellipsoid((0.0, 11.0, -18.0), (11.0, 6.0, 18.0), CSF_HU, where=inside)
        slab.paint_ellipsoid((0.0, 24.0, -22.0), (14.0, 11.0, 26.0), white, where=inside)
        slab.paint_ellipsoid((0.0, 36.0, -18.0), (6.0 * scale, 4.0, 9.0), CSF_HU, where=inside)
        slab.paint_ellipsoid((0.0, 3.0, 13.0), (2.2 * scale, 11.0, 8.0), CSF_HU, where=inside)
        for side in (-1.0, 1.0):
            slab.paint_ellipsoid((side * 9.0, -18.0, 26.0), (5.0 * scale, 13.0, 8.0 * scale), CSF_HU, where=inside)
            slab.paint_ellipsoid((side * 12.0, 10.0, 34.0), (6.0 * scale, 24.0, 5.0 * scale), CSF_HU, where=inside)
            slab.paint_ellipsoid((side * 22.0, 36.0, 22.0), (6.0 * scale, 10.0, 12.0 * scale), CSF_HU, where=inside)
        falx = np.maximum(np.abs(slab.x) - np.float32(0.6), np.float32(42.0) - slab.z) + 0 * cavity
        slab.paint(falx, 62.0, where=inside)
        slab.paint(artery_mm - np.float32(1.5) - np.float32(0.5) * cortex, CSF_HU, where=inside)
        slab.paint_ellipsoid((0.0, 27.0, 12.0), (2.0, 2.5, 2.0), self._pineal_hu, where=inside)


class _Slab:
    """HU on a grid, painted from the outside in; edges are one millimetre wide, the point spread does the rest."""

    def __init__(
        self, x_mm: npt.NDArray[np.float64], y_mm: npt.NDArray[np.float64], z_mm: npt.NDArray[np.float64]
    ) -> None:
        self._axes_mm = (z_mm, y_mm, x_mm)
        self.z = z_mm.astype(np.float32)[:, None, None]
        self.y = y_mm.astype(np.float32)[None, :, None]
        self.x = x_mm.astype(np.float32)[None, None, :]
        self.hu = np.full((len(z_mm), len(y_mm), len(x_mm)), AIR_HU, np.float32)

    def ellipsoid(self, centre_mm: tuple[float, float, float], half_axes_mm: tuple[float, float, float]) -> Array:
        """Approximate distance to an ellipsoid's surface on the whole slab, negative inside."""
        return _ellipsoid_distance(self.x, self.y, self.z, centre_mm, half_axes_mm)

    def paint(self, distance_mm: Array, hu: float | Array, where: npt.NDArray[np.bool_] | None = None) -> None:
        """Mix in a tissue where ``distance_mm`` is negative."""
        _mix(self.hu, distance_mm, hu, where)

    def paint_ellipsoid(
        self,
        centre_mm: tuple[float, float, float],
        half_axes_mm: tuple[float, float, float],
        hu: float | Array,
        where: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Mix in an ellipsoid; only its bounding box is touched."""
        box = []
        for coordinates, centre, half in zip(self._axes_mm, centre_mm[::-1], half_axes_mm[::-1], strict=True):
            first, last = np.searchsorted(coordinates, (centre - half - 1.0, centre + half + 1.0))
            box.append(slice(int(first), int(last)))
        if any(part.start >= part.stop for part in box):
            return
        z_box, y_box, x_box = box
        cut = (z_box, y_box, x_box)
        distance = _ellipsoid_distance(self.x[:, :, x_box], self.y[:, y_box], self.z[z_box], centre_mm, half_axes_mm)
        value = hu if isinstance(hu, float) else hu[cut]
        _mix(self.hu[cut], distance, value, None if where is None else where[cut])


def _mix(hu: Array, distance_mm: Array, value: float | Array, where: npt.NDArray[np.bool_] | None) -> None:
    weight = np.clip(np.float32(0.5) - distance_mm, np.float32(0.0), np.float32(1.0))
    if where is not None:
        weight = weight * where
    hu += weight * (np.asarray(value, np.float32) - hu)


def _ellipsoid_distance(
    x: Array, y: Array, z: Array, centre_mm: tuple[float, float, float], half_axes_mm: tuple[float, float, float]
) -> Array:
    """First-order distance k (k - 1) / |grad|, exact on the surface."""
    u, v, w = (
        (coordinate - np.float32(centre)) / np.float32(half)
        for coordinate, centre, half in zip((x, y, z), centre_mm, half_axes_mm, strict=True)
    )
    a, b, c = (np.float32(half) for half in half_axes_mm)
    level = np.sqrt(u * u + v * v + w * w)
    gradient = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
    return level * (level - np.float32(1.0)) / np.maximum(gradient, np.float32(1e-6))


def _step(values: npt.NDArray[np.float64], width: float) -> npt.NDArray[np.float64]:
    return 0.5 * (1.0 + np.tanh(values / width))


def _skull_base(x_mm: npt.NDArray[np.float64], y_mm: npt.NDArray[np.float64]) -> Array:
    """Height of the inner skull base in mm, shape (y, x): three fossae, sella, clivus and petrous ridges."""
    lateral = np.abs(x_mm)[None, :]
    y = y_mm[:, None]
    behind = _step(y - (6.0 + 0.55 * lateral), 3.0)
    in_front = _step(-24.0 + 0.1 * lateral - y, 3.0)
    orbit_roof = 5.0 * np.exp(-((lateral - 29.0) ** 2 + (y + 45.0) ** 2) / 500.0)
    fossae = in_front * (-4.0 + orbit_roof) + behind * -52.0 + (1.0 - behind - in_front) * -26.0
    midline = np.interp(y, _MIDLINE_FLOOR_Y_MM, _MIDLINE_FLOOR_Z_MM)
    central = _step(10.5 - lateral, 2.0)
    floor = central * midline + (1.0 - central) * fossae
    along = (lateral - 11.0) * 0.84 + (y - 8.0) * 0.54
    across = -(lateral - 11.0) * 0.54 + (y - 8.0) * 0.84
    ridge = -12.0 - 0.2 * across**2 - 0.35 * np.maximum(0.0, np.abs(along - 25.0) - 24.0) ** 2
    return np.maximum(floor, ridge).astype(np.float32)


def _skull_base_thickness(x: Array, y: Array) -> Array:
    """Thickness of the skull base in mm: thin fossae, a thick sphenoid body and thick petrous pyramids."""
    lateral = np.abs(x)
    central = np.exp(-((lateral / np.float32(13.0)) ** 2) - ((y + np.float32(4.0)) / np.float32(20.0)) ** 2)
    across = -(lateral - np.float32(11.0)) * np.float32(0.54) + (y - np.float32(8.0)) * np.float32(0.84)
    petrous = np.exp(-((across / np.float32(7.0)) ** 2)) * (lateral > 9)
    return np.float32(4.0) + np.float32(14.0) * central + np.float32(9.0) * petrous.astype(np.float32)
