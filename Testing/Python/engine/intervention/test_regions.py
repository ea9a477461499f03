"""Regions: they cover the neighbourhood of M, are as large as asked, and never more than allowed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from UMambaXAILogic.engine.intervention.regions import RegionSource, make_regions, within_reach
from UMambaXAILogic.engine.methods.settings import REGION_KINDS

SPACING_MM = (1.2, 0.6, 0.6)
SHAPE = (24, 60, 64)


def vessel_source(spacing_mm=SPACING_MM, thickness=1.5) -> RegionSource:
    """A bright curved vessel and an island, wider than its prediction by nothing, in noise."""
    z, y, x = np.indices(SHAPE) * np.reshape(spacing_mm, (3, 1, 1, 1))
    centre_y = 18 + 8 * np.sin(x / 8)
    vessel = np.hypot(z - 14, y - centre_y) < thickness
    vessel[2:4, 50:53, 50:53] = True
    rng = np.random.default_rng(0)
    data = (np.where(vessel, 3.0, 0.0) + 0.2 * rng.normal(size=SHAPE)).astype(np.float32)[None]
    return RegionSource(data, vessel, vessel.copy(), spacing_mm)


def zone_by_distance(source: RegionSource, reach_mm: float) -> np.ndarray:
    return ndimage.distance_transform_edt(~source.mask, sampling=source.spacing_mm) <= reach_mm + 1e-6


@pytest.mark.parametrize("reach_mm", [0.0, 0.6, 4.0, 9.7, 30.0, 1000.0])
def test_reach_is_a_distance_between_centres(reach_mm):
    source = vessel_source()
    assert np.array_equal(within_reach(source.mask, SPACING_MM, reach_mm), zone_by_distance(source, reach_mm))
    full = np.ones((2, 3, 4), bool)
    assert within_reach(full, SPACING_MM, reach_mm).all()


@pytest.mark.parametrize("kind", REGION_KINDS)
def test_labels_are_one_to_count_and_each_has_its_box(kind):
    regions = make_regions(kind, vessel_source(), size_mm=6.0, reach_mm=4.0, max_regions=10_000)
    assert sorted(np.unique(regions.labels)) == list(range(regions.count + 1))
    boxes = regions.boxes()
    assert len(boxes) == regions.count
    for label, box in enumerate(boxes, 1):
        assert (regions.labels[box] == label).sum() == (regions.labels == label).sum() > 0


def test_cells_cover_the_neighbourhood_and_are_whole_boxes():
    source = vessel_source()
    regions = make_regions("grid", source, size_mm=6.0, reach_mm=4.0, max_regions=10_000)
    zone = zone_by_distance(source, 4.0)
    assert (regions.labels[zone] > 0).all()
    for label, box in enumerate(regions.boxes(), 1):
        assert (regions.labels[box] == label).all()
        assert zone[box].any()
        for part, spacing, size in zip(box, SPACING_MM, SHAPE, strict=True):
            extent_mm = (part.stop - part.start) * spacing
            assert 0.7 * 6 <= extent_mm <= 1.4 * 6 or part.stop - part.start == size
    assert regions.size_mm == 6.0


def test_supervoxels_cover_the_neighbourhood_exactly_and_do_not_cross_the_target():
    source = vessel_source()
    regions = make_regions("supervoxel", source, size_mm=6.0, reach_mm=4.0, max_regions=10_000)
    assert ((regions.labels > 0) == zone_by_distance(source, 4.0)).all()
    inside = set(np.unique(regions.labels[source.predicted]))
    outside = set(np.unique(regions.labels[~source.predicted])) - {0}
    assert inside and outside and not inside & outside
    island = ndimage.label(source.predicted)[0] == 1
    assert island.sum() == 18 and (regions.labels[island] > 0).all()


def test_pieces_of_a_vessel_are_about_as_long_as_asked():
    source = vessel_source()
    regions = make_regions("supervoxel", source, size_mm=6.0, reach_mm=0.0, max_regions=10_000)
    assert ((regions.labels > 0) == source.predicted).all()
    lengths = [(box[2].stop - box[2].start) * SPACING_MM[2] for box in regions.boxes()]
    assert 2.0 < np.median(lengths) < 9.0 and max(lengths) < 18.0


def test_supervoxels_follow_an_edge_that_is_not_predicted():
    source = vessel_source()
    bright = np.zeros(SHAPE, bool)
    bright[:, 40:48, :] = True
    source.data[0][bright] += 3
    regions = make_regions("supervoxel", source, size_mm=5.0, reach_mm=9.0, max_regions=10_000)
    labels = np.where(source.predicted, 0, regions.labels)
    shares = np.array([bright[labels == label].mean() for label in np.unique(labels)[1:]])
    near = shares[(shares > 0) & (shares < 1)]
    assert len(near) < 0.25 * (shares > 0).sum(), "few supervoxels hold both sides of the edge"


@pytest.mark.parametrize("kind", REGION_KINDS)
@pytest.mark.parametrize("most", [2, 7, 40])
def test_regions_grow_until_there_are_few_enough(kind, most):
    wanted = make_regions(kind, vessel_source(), size_mm=4.0, reach_mm=4.0, max_regions=10_000)
    regions = make_regions(kind, vessel_source(), size_mm=4.0, reach_mm=4.0, max_regions=most)
    assert wanted.count > 40 and wanted.size_mm == 4.0
    assert 1 <= regions.count <= most and regions.size_mm > 4.0
    assert regions.count > most / 3, "not much larger than needed"
    assert (regions.labels[zone_by_distance(vessel_source(), 4.0)] > 0).all()


def test_equal_input_gives_equal_supervoxels():
    first, second = (
        make_regions("supervoxel", vessel_source(), size_mm=5.0, reach_mm=4.0, max_regions=100) for _ in range(2)
    )
    assert np.array_equal(first.labels, second.labels)


def test_what_is_missed_belongs_to_the_target():
    """M of missed voxels is not predicted, and is still cut out by itself."""
    source = vessel_source()
    predicted = source.predicted.copy()
    predicted[..., 40:] = False
    missed = RegionSource(source.data, predicted, source.mask & ~predicted, SPACING_MM)
    regions = make_regions("supervoxel", missed, size_mm=6.0, reach_mm=3.0, max_regions=1000)
    labels_of_missed = set(np.unique(regions.labels[missed.mask]))
    labels_around = set(np.unique(regions.labels[~(missed.mask | predicted)]))
    assert 0 not in labels_of_missed and not labels_of_missed & labels_around


@settings(max_examples=20, deadline=None)
@given(
    size_mm=st.floats(0.1, 200),
    reach_mm=st.floats(0, 1000),
    spacing=st.tuples(*[st.floats(0.2, 6)] * 3),
    most=st.integers(2, 300),
)
def test_cells_of_any_size_cover_the_neighbourhood(size_mm, reach_mm, spacing, most):
    mask = np.zeros((6, 9, 7), bool)
    mask[2, 3:6, 3] = True
    source = RegionSource(np.zeros((1, 6, 9, 7), np.float32), mask, mask, spacing)
    regions = make_regions("grid", source, size_mm=size_mm, reach_mm=reach_mm, max_regions=most)
    assert 1 <= regions.count <= most
    assert (regions.labels[mask] > 0).all()
    assert sorted(np.unique(regions.labels[regions.labels > 0])) == list(range(1, regions.count + 1))
