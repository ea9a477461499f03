"""Phantom cohorts: synthetic head CT angiograms whose truth is known. They are not patients, and every file says so.

``make_phantom`` gives one case in memory, ``write_cohort`` a folder with volumes, masks and ``manifest.csv``.
"""

from __future__ import annotations

from .cohorts import COHORTS, SIZES, CohortRecipe, cohort_recipe
from .phantom import Aneurysm, Phantom, PhantomFacts, make_phantom
from .write_cohort import MANIFEST_NAME, case_seed, write_cohort, write_volume

__all__ = [
    "COHORTS",
    "MANIFEST_NAME",
    "SIZES",
    "Aneurysm",
    "CohortRecipe",
    "Phantom",
    "PhantomFacts",
    "case_seed",
    "cohort_recipe",
    "make_phantom",
    "write_cohort",
    "write_volume",
]
