"""A phantom head CT angiogram: vessels, tissue and acquisition put together, with the truth it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from ..errors import UsageError
from ..volume import Geometry, Volume
from .cohorts import COHORTS, SIZES, CohortRecipe, cohort_recipe
from .head_tissue import HeadTissue
from .tube_coverage import TubeCoverage, tube_coverage
from .vessel_tree import STEP_MM, Tube, build_vessel_tree

VESSEL_LABEL = 1
#: A voxel is vessel if at least this share of it is lumen, or if a centreline runs through it.
LABEL_FRACTION = 0.5
CALCIUM_HU = 900.0
_SLAB_SLICES = 32
_HALO_SLICES = 4  # more than the point spread reaches
_HU_RANGE = (-1024, 3071)


@dataclass(frozen=True)
class Aneurysm:
    """A saccular aneurysm.

    Args:
        site: the artery it sits on.
        diameter_mm: of its dome.
        centre_mm: LPS.
    """

    site: str
    diameter_mm: float
    centre_mm: tuple[float, float, float]


@dataclass(frozen=True)
class PhantomFacts:
    """The truth a phantom was made from.

    Args:
        cohort: ``source`` or ``target``.
        seed: the seed of this case.
        noise_std_hu: of the added white noise.
        lumen_hu: of the contrast-filled arteries.
        centreline_diameters_mm: true diameter at each centreline sample inside the field of view, ``STEP_MM`` apart.
        aneurysms: those whose dome's centre lies in the field of view.
    """

    cohort: str
    seed: int
    noise_std_hu: float
    lumen_hu: float
    centreline_diameters_mm: npt.NDArray[np.float64]
    aneurysms: tuple[Aneurysm, ...]


@dataclass(frozen=True)
class Phantom:
    """A synthetic case. Not a patient.

    Args:
        image: int16 HU.
        mask: uint8, 0 background, 1 vessel (aneurysms included), on the image's grid.
        facts: what is known about it.
    """

    image: Volume
    mask: Volume
    facts: PhantomFacts


def make_phantom(cohort: str, seed: int, size: str = "default") -> Phantom:
    """Generate one phantom; the same arguments give the same voxels everywhere.

    Args:
        cohort: ``source`` or ``target``.
        seed: at least 0; another seed is another person.
        size: ``default`` (a crop around the Circle of Willis) or ``full`` (a whole head).

    Raises:
        UsageError: cohort, seed or size is not valid.
    """
    recipe = cohort_recipe(cohort)
    if size not in SIZES:
        raise UsageError(f"The phantom size {size!r} is not known.", f"Choose one of: {', '.join(SIZES)}.")
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative.", "Give 0 or a positive whole number.")
    streams = np.random.SeedSequence([list(COHORTS).index(cohort), seed]).spawn(4)
    vessels_stream, tissue_stream, acquisition_stream, noise_stream = streams
    tubes = build_vessel_tree(recipe, _generator(vessels_stream))
    geometry = _field_of_view(recipe, size, acquisition := _generator(acquisition_stream))
    scene = _Scene(recipe, tubes, HeadTissue(_generator(tissue_stream)), acquisition)
    image, mask = scene.render(geometry, noise_stream)
    facts = PhantomFacts(
        cohort=cohort,
        seed=seed,
        noise_std_hu=recipe.noise_std_hu,
        lumen_hu=scene.lumen_hu,
        centreline_diameters_mm=_diameters_in_view(tubes, geometry),
        aneurysms=tuple(_aneurysms_in_view(tubes, geometry)),
    )
    return Phantom(Volume(image, geometry), Volume(mask, geometry), facts)


class _Scene:
    """One person in the scanner."""

    def __init__(
        self, recipe: CohortRecipe, tubes: Sequence[Tube], tissue: HeadTissue, generator: np.random.Generator
    ) -> None:
        self._recipe = recipe
        self._tissue = tissue
        self._arteries = [tube for tube in tubes if tube.kind != "vein"]
        self._veins = [tube for tube in tubes if tube.kind == "vein"]
        self.lumen_hu = float(np.clip(generator.normal(*recipe.lumen_hu), 220.0, 450.0))
        self._vein_hu = float(np.clip(generator.normal(*recipe.vein_hu), 60.0, 240.0))
        self._plaques = _plaques(self._arteries, generator.poisson(recipe.mean_calcifications), generator)

    def render(
        self, geometry: Geometry, noise_stream: np.random.SeedSequence
    ) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
        """Image and mask, made slab by slab; slabs overlap by what the point spread needs."""
        image = np.empty(geometry.shape, np.int16)
        mask = np.empty(geometry.shape, np.uint8)
        slice_streams = noise_stream.spawn(geometry.size[2])
        # The noise of whole numbers adds 1/12 of variance; take it off what is drawn.
        noise_std = np.sqrt(self._recipe.noise_std_hu**2 - 1.0 / 12.0)
        for first in range(0, geometry.size[2], _SLAB_SLICES):
            last = min(first + _SLAB_SLICES, geometry.size[2])
            clean, arteries = self._clean_slab(geometry, first - _HALO_SLICES, last + _HALO_SLICES)
            for index in range(first, last):
                local = index - first + _HALO_SLICES
                noise = _generator(slice_streams[index]).normal(0.0, noise_std, size=clean.shape[1:])
                image[index] = np.clip(np.rint(clean[local] + noise), *_HU_RANGE).astype(np.int16)
                lumen = (arteries.fraction[local] >= LABEL_FRACTION) | arteries.on_centreline[local]
                mask[index] = lumen * np.uint8(VESSEL_LABEL)
        return image, mask

    def _clean_slab(self, geometry: Geometry, first: int, last: int) -> tuple[npt.NDArray[np.float32], TubeCoverage]:
        """Noise-free HU of slices ``first`` to ``last`` (exclusive; they may lie outside the volume)."""
        spacing = geometry.spacing_mm
        x, y, z = (
            np.float64(origin) + np.float64(step) * np.arange(start, stop, dtype=np.float64)
            for origin, step, start, stop in zip(
                geometry.origin_mm, spacing, (0, 0, first), (*geometry.size[:2], last), strict=True
            )
        )
        shape = (len(z), len(y), len(x))
        origin_mm = (float(x[0]), float(y[0]), float(z[0]))
        arteries = tube_coverage(self._arteries, shape, spacing, origin_mm)
        veins = tube_coverage(self._veins, shape, spacing, origin_mm)
        plaques = tube_coverage(self._plaques, shape, spacing, origin_mm)
        hu = self._tissue.on_grid(x, y, z, arteries.distance_mm)
        hu += veins.fraction * (np.float32(self._vein_hu) - hu)
        hu += arteries.fraction * (np.float32(self.lumen_hu) - hu)
        hu += plaques.fraction * (1 - arteries.fraction) * (np.float32(CALCIUM_HU) - hu)
        sigma = [blur / step for blur, step in zip(self._recipe.blur_sigma_mm, spacing, strict=True)][::-1]
        return gaussian_filter(hu, sigma, mode="nearest", truncate=3.0), arteries


def _generator(stream: np.random.SeedSequence) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(stream))


def _field_of_view(recipe: CohortRecipe, size: str, generator: np.random.Generator) -> Geometry:
    voxels = recipe.default_size if size == "default" else recipe.full_size
    centre = np.array((0.0, 0.0, 3.0) if size == "default" else (0.0, 10.0, 5.0)) + generator.normal(0.0, 1.5, size=3)
    half_extent = (np.array(voxels) - 1) * recipe.spacing_mm / 2.0
    origin = np.round(centre - half_extent, 3)
    return Geometry(voxels, recipe.spacing_mm, (float(origin[0]), float(origin[1]), float(origin[2])))


def _plaques(arteries: Sequence[Tube], count: int, generator: np.random.Generator) -> list[Tube]:
    """Short calcified arcs on the walls of the large arteries."""
    large = [tube for tube in arteries if tube.name.split()[-1] in ("ICA", "VA", "M1", "BA")]
    plaques = []
    for _ in range(count):
        tube = large[generator.integers(len(large))]
        length = int(generator.uniform(1.0, 3.5) / STEP_MM)
        start = generator.integers(max(1, len(tube.points_mm) - length))
        part = slice(start, start + max(2, length))
        outward = generator.normal(size=3)
        outward /= np.linalg.norm(outward)
        points = tube.points_mm[part] + outward * (tube.diameters_mm[part, None] / 2.0)
        plaques.append(Tube("plaque", "plaque", points, np.full(len(points), generator.uniform(0.8, 1.6))))
    return plaques


def _in_view(points_mm: npt.NDArray[np.float64], geometry: Geometry) -> npt.NDArray[np.bool_]:
    index = (points_mm - np.array(geometry.origin_mm)) / np.array(geometry.spacing_mm)
    return np.all((index >= -0.5) & (index <= np.array(geometry.size) - 0.5), axis=1)


def _diameters_in_view(tubes: Sequence[Tube], geometry: Geometry) -> npt.NDArray[np.float64]:
    diameters = []
    for tube in tubes:
        if tube.kind == "artery":
            diameters.append(tube.diameters_mm[_in_view(tube.points_mm, geometry)])
        elif tube.kind == "aneurysm" and _in_view(tube.points_mm, geometry)[-1]:
            samples = max(2, round(float(np.linalg.norm(np.diff(tube.points_mm, axis=0))) / STEP_MM))
            neck, dome = (float(diameter) for diameter in tube.diameters_mm)
            diameters.append(np.linspace(neck, dome, samples))
    return np.concatenate(diameters)


def _aneurysms_in_view(tubes: Sequence[Tube], geometry: Geometry) -> Iterator[Aneurysm]:
    for tube in tubes:
        if tube.kind == "aneurysm" and _in_view(tube.points_mm, geometry)[-1]:
            x, y, z = tube.points_mm[-1]
            site = tube.name.removesuffix(" aneurysm")
            yield Aneurysm(site, float(tube.diameters_mm[-1]), (float(x), float(y), float(z)))
