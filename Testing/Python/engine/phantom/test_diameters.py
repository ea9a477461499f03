"""Vessel calibres of the cohorts lie near table 4 of arXiv 2512.13977, measured as the paper's definition says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.morphology import skeletonize

from UMambaXAILogic.engine.phantom import COHORTS
from UMambaXAILogic.engine.phantom.phantom import (
    LABEL_FRACTION,
    _diameters_in_view,
    _field_of_view,
    _generator,
)
from UMambaXAILogic.engine.phantom.tube_coverage import tube_coverage
from UMambaXAILogic.engine.phantom.vessel_tree import Tube, build_vessel_tree

TABLE_4_MM = {
    "source": {"mean": 2.43, "median": 2.07, "std": 1.58},
    "target": {"mean": 2.31, "median": 2.25, "std": 0.77},
}
CASES = 12


@pytest.fixture(scope="module")
def diameters_mm() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Cohort -> (true centreline diameters, 2 x distance transform on the mask's skeleton), pooled over cases."""
    pooled = {}
    for index, (cohort, recipe) in enumerate(COHORTS.items()):
        true, measured = [], []
        for seed in range(100, 100 + CASES):
            vessels, _, acquisition, _ = np.random.SeedSequence([index, seed]).spawn(4)
            tubes = build_vessel_tree(recipe, _generator(vessels))
            geometry = _field_of_view(recipe, "default", _generator(acquisition))
            labelled = [tube for tube in tubes if tube.kind != "vein"]
            coverage = tube_coverage(labelled, geometry.shape, geometry.spacing_mm, geometry.origin_mm)
            mask = (coverage.fraction >= LABEL_FRACTION) | coverage.on_centreline
            distance = distance_transform_edt(mask, sampling=geometry.spacing_mm[::-1])
            true.append(_diameters_in_view(tubes, geometry))
            measured.append(2 * distance[skeletonize(mask)])
        pooled[cohort] = np.concatenate(true), np.concatenate(measured)
    return pooled


@pytest.mark.parametrize("cohort", COHORTS)
def test_pooled_calibres_near_table_4(diameters_mm, cohort):
    published = TABLE_4_MM[cohort]
    for values in diameters_mm[cohort]:
        assert values.mean() == pytest.approx(published["mean"], rel=0.15)
        assert np.median(values) == pytest.approx(published["median"], rel=0.15)
        assert values.std() == pytest.approx(published["std"], rel=0.35)


def test_the_source_spreads_wider_than_the_target(diameters_mm):
    source, target = (diameters_mm[cohort][1] for cohort in ("source", "target"))
    assert source.std() > 1.3 * target.std()
    assert np.percentile(source, 99) > np.percentile(target, 99)
    assert target.max() < 6.5


def test_coverage_of_a_straight_tube_is_its_cross_section():
    """A tube along z of radius r covers pi r^2 of each slice, to the accuracy of the sub-voxel grid."""
    tube = Tube("straight", "artery", np.array([[0.1, 0.2, -20.0], [0.1, 0.2, 20.0]]), np.array([3.0, 3.0]))
    spacing = (0.5, 0.5, 1.0)
    coverage = tube_coverage([tube], (5, 21, 21), spacing, (-5.0, -5.0, -2.0))
    area = coverage.fraction.sum(axis=(1, 2)) * spacing[0] * spacing[1]
    np.testing.assert_allclose(area, np.pi * 1.5**2, rtol=0.03)
    assert coverage.on_centreline.sum() == 0, "its end points lie outside the grid"


def test_distance_is_to_the_wall_and_negative_inside():
    tube = Tube("straight", "artery", np.array([[0.0, 0.0, -20.0], [0.0, 0.0, 20.0]]), np.array([4.0, 4.0]))
    coverage = tube_coverage([tube], (1, 1, 9), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    np.testing.assert_allclose(coverage.distance_mm[0, 0], [-2, -1, 0, 1, 2, 3, 4, 4, 4], atol=1e-6)
