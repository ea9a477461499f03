"""What distinguishes the two phantom cohorts: one recipe each.

Spacing, noise and vessel diameters follow tables 2, 3 and 4 of arXiv 2512.13977; the other shifts (contrast phase,
reconstruction kernel, calcification, field of view) are plausible and moderate, and are this project's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import UsageError

SIZES = ("default", "full")


@dataclass(frozen=True)
class CohortRecipe:
    """How the volumes of one cohort are acquired and which anatomy they show.

    Args:
        name: ``source`` or ``target``.
        spacing_mm: (x, y, z).
        default_size: voxels (x, y, z) of the crop around the Circle of Willis.
        full_size: voxels (x, y, z) of a whole head.
        noise_std_hu: standard deviation of the added white noise, before rounding to whole HU.
        blur_sigma_mm: Gaussian point spread, (x, y, z).
        lumen_hu: contrast-filled artery, (mean, standard deviation) over cases.
        vein_hu: veins, which are not labelled, (mean, standard deviation) over cases.
        mean_calcifications: expected number of calcified plaques on the large arteries.
        diameter_scale: factor on every artery's anatomical diameter.
        calibre_exponent: spreads (> 1) or narrows (< 1) calibres around ``PIVOT_DIAMETER_MM``.
        smallest_branch_mm: branches thinner than this are not grown.
        case_calibre_sigma: log-normal variation of all calibres of a case.
        mean_aneurysms: expected number of aneurysms in a case.
        aneurysm_diameter_mm: of their domes, (median, standard deviation of the logarithm).
    """

    name: str
    spacing_mm: tuple[float, float, float]
    default_size: tuple[int, int, int]
    full_size: tuple[int, int, int]
    noise_std_hu: float
    blur_sigma_mm: tuple[float, float, float]
    lumen_hu: tuple[float, float]
    vein_hu: tuple[float, float]
    mean_calcifications: float
    diameter_scale: float
    calibre_exponent: float
    smallest_branch_mm: float
    case_calibre_sigma: float
    mean_aneurysms: float
    aneurysm_diameter_mm: tuple[float, float]


COHORTS: Mapping[str, CohortRecipe] = {
    "source": CohortRecipe(
        name="source",
        spacing_mm=(0.457, 0.457, 1.114),
        default_size=(160, 160, 72),
        full_size=(512, 512, 220),
        noise_std_hu=2.37,
        blur_sigma_mm=(0.32, 0.32, 0.40),
        lumen_hu=(350.0, 30.0),
        vein_hu=(110.0, 15.0),
        mean_calcifications=1.5,
        diameter_scale=1.25,
        calibre_exponent=1.0,
        smallest_branch_mm=1.5,
        case_calibre_sigma=0.10,
        mean_aneurysms=1.8,
        aneurysm_diameter_mm=(8.5, 0.5),
    ),
    "target": CohortRecipe(
        name="target",
        spacing_mm=(0.452, 0.452, 0.715),
        default_size=(144, 144, 80),
        full_size=(512, 512, 300),
        noise_std_hu=7.96,
        blur_sigma_mm=(0.42, 0.42, 0.32),
        lumen_hu=(290.0, 35.0),
        vein_hu=(175.0, 20.0),
        mean_calcifications=6.0,
        diameter_scale=1.24,
        calibre_exponent=0.62,
        smallest_branch_mm=1.95,
        case_calibre_sigma=0.06,
        mean_aneurysms=0.0,
        aneurysm_diameter_mm=(0.0, 0.0),
    ),
}


def cohort_recipe(cohort: str) -> CohortRecipe:
    """The recipe of a cohort.

    Raises:
        UsageError: there is no such cohort.
    """
    if cohort not in COHORTS:
        raise UsageError(f"The phantom cohort {cohort!r} is not known.", f"Choose one of: {', '.join(COHORTS)}.")
    return COHORTS[cohort]
