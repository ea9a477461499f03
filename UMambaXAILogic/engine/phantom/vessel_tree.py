"""One person's vessels: the average anatomy varied, side branches grown, aneurysms added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from .circle_of_willis import ANEURYSM_SITES, ARTERIES, VEINS, Course
from .cohorts import CohortRecipe
from .smooth_field import PlaneWaves

#: Distance between centreline samples, in mm; well under a voxel, so that a chain of cones looks smooth.
STEP_MM = 0.4
#: Side branches end where the brain does: centre and half-axes of that ellipsoid, LPS mm.
BRAIN_CENTRE_MM = np.array((0.0, 8.0, 25.0))
BRAIN_HALF_AXES_MM = np.array((62.0, 80.0, 62.0))
#: Vessels that may be missing or underdeveloped, with the probability for one side.
_ABSENT = {"PComm": 0.3, "AComm": 0.05, "anterior choroidal": 0.3, "ophthalmic": 0.2, "AICA": 0.2, "PICA": 0.1}
_HYPOPLASTIC = {"A1": 0.1, "P1": 0.1, "VA": 0.15}
_PIVOT_DIAMETER_MM = 2.0
_ANEURYSM_RANGE_MM = (2.5, 26.0)


@dataclass(frozen=True)
class Tube:
    """A stretch of vessel: a chain of cones with round ends.

    Args:
        name: anatomical name with side, e.g. ``left M1``.
        kind: ``artery``, ``aneurysm`` or ``vein``; the first two are labelled.
        points_mm: (n, 3) LPS, n >= 2.
        diameters_mm: (n,).
    """

    name: str
    kind: str
    points_mm: npt.NDArray[np.float64]
    diameters_mm: npt.NDArray[np.float64]


def build_vessel_tree(recipe: CohortRecipe, generator: np.random.Generator) -> list[Tube]:
    """All arteries, aneurysms and veins of one person.

    Args:
        recipe: its cohort.
        generator: source of everything individual.
    """
    individual = _Individual(recipe, generator)
    arteries = [tube for course in ARTERIES for tube in individual.realise(course, "artery")]
    arteries += [branch for parent in arteries if _may_sprout(parent) for branch in individual.grow_branches(parent)]
    veins = [tube for course in VEINS for tube in individual.realise(course, "vein")]
    return arteries + individual.grow_aneurysms(arteries) + veins


def _may_sprout(tube: Tube) -> bool:
    base_name = tube.name.removeprefix("left ").removeprefix("right ")
    return any(course.name == base_name and course.sprouts for course in ARTERIES)


class _Individual:
    def __init__(self, recipe: CohortRecipe, generator: np.random.Generator) -> None:
        self._recipe = recipe
        self._generator = generator
        # Two displacement fields, shared by all vessels so that junctions stay joined: anatomy and tortuosity.
        self._anatomy = [PlaneWaves(generator, (45.0, 110.0), 8) for _ in range(3)]
        self._tortuosity = [PlaneWaves(generator, (11.0, 24.0), 14) for _ in range(3)]
        self._head_scale = generator.normal(1.0, 0.04)
        self._calibre = np.exp(generator.normal(0.0, recipe.case_calibre_sigma)) * recipe.diameter_scale

    def realise(self, course: Course, kind: str) -> Iterator[Tube]:
        """The vessel of this person on each side, or nothing where it is absent."""
        for side, sign in (("left", 1.0), ("right", -1.0)) if course.paired else (("", 1.0),):
            absent = self._generator.random() < _ABSENT.get(course.name, 0.0)
            hypoplastic = self._generator.random() < _HYPOPLASTIC.get(course.name, 0.0)
            variation = np.exp(self._generator.normal(0.0, 0.10))
            if absent:
                continue
            points = _smooth_curve(np.array(course.points_mm, float) * (sign, 1.0, 1.0))
            points = self._displace(points)
            first, last = course.diameter_mm
            diameters = np.linspace(first, last, len(points)) * variation * (0.55 if hypoplastic else 1.0)
            if kind == "artery":
                diameters = self._cohort_calibre(diameters)
            yield Tube(f"{side} {course.name}".strip(), kind, points, diameters)

    def grow_branches(self, parent: Tube) -> list[Tube]:
        """Side branches and the continuation at the end of a named artery."""
        generator = self._generator
        branches: list[Tube] = []
        for fraction in (*np.sort(generator.uniform(0.15, 0.9, size=generator.integers(1, 4))), 1.0):
            index = min(int(fraction * len(parent.points_mm)), len(parent.points_mm) - 1)
            heading = _heading(parent.points_mm, index)
            if fraction < 1.0:
                heading = _turn(heading, np.radians(generator.uniform(35, 70)), generator)
            share = 1.0 if fraction == 1.0 else generator.uniform(0.5, 0.8)
            self._grow(parent.name, parent.points_mm[index], heading, parent.diameters_mm[index] * share, branches, 0)
        return branches

    def _grow(
        self,
        root: str,
        start_mm: npt.NDArray[np.float64],
        heading: npt.NDArray[np.float64],
        diameter_mm: float,
        branches: list[Tube],
        generation: int,
    ) -> None:
        """Grow one branch by a persistent random walk, then split it by Murray's law (d^3 = d1^3 + d2^3)."""
        generator = self._generator
        if diameter_mm < self._recipe.smallest_branch_mm or generation > 6:
            return
        points = [start_mm]
        for _ in range(int(generator.uniform(8.0, 18.0) / STEP_MM)):
            outward = (points[-1] - BRAIN_CENTRE_MM) / BRAIN_HALF_AXES_MM
            depth = np.linalg.norm(outward)
            if depth > 1.0:
                break
            heading = heading + generator.normal(0.0, 0.11, size=3) + 0.012 * outward / max(depth, 1e-6)
            heading = heading / np.linalg.norm(heading)
            points.append(points[-1] + STEP_MM * heading)
        if len(points) < 5:
            return
        taper = np.linspace(diameter_mm, 0.93 * diameter_mm, len(points))
        branches.append(Tube(f"{root} branch", "artery", np.array(points), taper))
        share = generator.uniform(0.3, 0.7)
        for part in (share, 1.0 - share):
            child = taper[-1] * part ** (1.0 / 3.0)
            angle = np.radians(generator.uniform(15, 45))
            self._grow(root, points[-1], _turn(heading, angle, generator), child, branches, generation + 1)

    def grow_aneurysms(self, arteries: list[Tube]) -> list[Tube]:
        """Saccular aneurysms at the usual sites; their dome is a ball of the drawn diameter."""
        generator = self._generator
        by_name = {tube.name: tube for tube in arteries}
        weights = np.array([site[3] for site in ANEURYSM_SITES])
        aneurysms: list[Tube] = []
        for _ in range(generator.poisson(self._recipe.mean_aneurysms)):
            artery, fraction, dome, _weight = ANEURYSM_SITES[generator.choice(len(weights), p=weights / weights.sum())]
            side = ("left", "right")[generator.integers(2)]
            median, spread = self._recipe.aneurysm_diameter_mm
            diameter = float(np.clip(median * np.exp(generator.normal(0.0, spread)), *_ANEURYSM_RANGE_MM))
            tilt = generator.normal(0.0, 0.35, size=3)
            parent = by_name.get(f"{side} {artery}") or by_name.get(artery)
            if parent is None:
                continue
            direction = np.array(dome) * (-1.0 if parent.name.startswith("right") else 1.0, 1.0, 1.0) + tilt
            direction /= np.linalg.norm(direction)
            index = min(int(fraction * len(parent.points_mm)), len(parent.points_mm) - 1)
            root = parent.points_mm[index]
            centre = root + direction * (0.5 * parent.diameters_mm[index] + 0.42 * diameter)
            neck = min(0.55 * diameter, 1.3 * parent.diameters_mm[index])
            aneurysms.append(
                Tube(f"{parent.name} aneurysm", "aneurysm", np.stack([root, centre]), np.array([neck, diameter]))
            )
        return aneurysms

    def _displace(self, points_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        offset = np.stack([field.at_points(points_mm) for field in self._anatomy], axis=1) * 1.8
        offset += np.stack([field.at_points(points_mm) for field in self._tortuosity], axis=1) * 0.7
        return points_mm * self._head_scale + offset

    def _cohort_calibre(self, diameters_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        spread = (diameters_mm / _PIVOT_DIAMETER_MM) ** self._recipe.calibre_exponent
        return _PIVOT_DIAMETER_MM * spread * self._calibre


def _smooth_curve(control_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A curve through the control points, sampled about every ``STEP_MM``."""
    chord = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(control_mm, axis=0), axis=1))])
    samples = np.linspace(0.0, chord[-1], max(3, int(chord[-1] / STEP_MM) + 1))
    return PchipInterpolator(chord, control_mm, axis=0)(samples)


def _heading(points_mm: npt.NDArray[np.float64], index: int) -> npt.NDArray[np.float64]:
    """Unit direction of the curve at a sample."""
    difference = points_mm[min(index + 1, len(points_mm) - 1)] - points_mm[max(index - 3, 0)]
    return difference / np.linalg.norm(difference)


def _turn(
    heading: npt.NDArray[np.float64], angle_rad: float, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """The heading turned by an angle toward a random side."""
    sideways = np.cross(heading, generator.normal(size=3))
    sideways /= np.linalg.norm(sideways)
    return np.cos(angle_rad) * heading + np.sin(angle_rad) * sideways
