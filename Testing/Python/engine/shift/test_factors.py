"""Each factor does to a volume what its strength says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.shift.blur import FWHM_PER_SIGMA, Blur
from UMambaXAILogic.engine.shift.factor import CaseAnchors
from UMambaXAILogic.engine.shift.field_of_view import FieldOfView
from UMambaXAILogic.engine.shift.intensity_scale import IntensityScale
from UMambaXAILogic.engine.shift.noise import Noise
from UMambaXAILogic.engine.shift.slice_spacing import SliceSpacing
from UMambaXAILogic.engine.volume import Geometry, Volume


def noisy(shape, std, seed=0):
    return 40 + np.random.default_rng(seed).normal(0, std, shape)


def test_noise_of_the_result_has_the_targets_standard_deviation(make_volume, anchors):
    """2.37 HU to 7.96 HU, as in table 3."""
    volume = make_volume(noisy((20, 100, 100), 2.37))
    changed = Noise(np.sqrt(7.96**2 - 2.37**2)).change(volume, anchors)
    assert changed.array.std() == pytest.approx(7.96, rel=0.01)
    assert changed.array.mean() == pytest.approx(40, abs=0.1)


def test_noise_is_the_same_draw_every_time_and_another_one_for_another_case(make_volume, anchors):
    volume = make_volume(np.zeros((4, 8, 8)))
    first, again = (Noise(5.0).change(volume, anchors).array for _ in range(2))
    other = Noise(5.0).change(volume, CaseAnchors(anchors.centre_mm, seed=8)).array
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_noise_is_white(make_volume, anchors):
    added = Noise(10.0).change(make_volume(np.zeros((30, 60, 60))), anchors).array
    for axis in range(3):
        ahead = np.delete(added, 0, axis) * np.delete(added, -1, axis)
        assert abs(ahead.mean()) < 100 * 4 / np.sqrt(ahead.size)


@pytest.mark.parametrize(("std", "wanted", "off_by"), [(10.0, 8.0, 0.02), (7.96, 2.37, 0.35)])
def test_noise_taken_off_leaves_about_the_wanted_level_where_the_image_is_flat(
    make_volume, anchors, std, wanted, off_by
):
    volume = make_volume(noisy((10, 120, 120), std))
    changed = Noise(-np.sqrt(std**2 - wanted**2)).change(volume, anchors)
    assert changed.array.std() == pytest.approx(wanted, rel=off_by)


def test_noise_taken_off_leaves_a_vessel_in_place(make_volume, anchors):
    array = noisy((6, 60, 60), 3.0)
    array[:, 28:32, :] += 300
    changed = Noise(-2.5).change(make_volume(array), anchors).array
    assert changed[:, 28:32].mean() == pytest.approx(340, abs=3)
    assert changed[:, :24].mean() == pytest.approx(40, abs=1)


def edge_width_mm(profile: np.ndarray, spacing_mm: float) -> float:
    """Full width at half maximum of the edge's derivative, from its second moment without that of one difference."""
    spread = np.diff(profile)
    place = (np.arange(spread.size) + 0.5) * spacing_mm
    weight = spread / spread.sum()
    centre = (weight * place).sum()
    return FWHM_PER_SIGMA * float(np.sqrt((weight * (place - centre) ** 2).sum() - spacing_mm**2 / 12))


def smooth_edge(shape, spacing_mm, fwhm_mm, axis):
    """An edge that is a Gaussian's integral: sampled finely enough, its width is known."""
    from scipy.special import ndtr

    place = (np.arange(shape[axis]) - shape[axis] / 2 + 0.25) * spacing_mm
    profile = 300 * ndtr(place / (fwhm_mm / FWHM_PER_SIGMA))
    return np.broadcast_to(profile.reshape([-1 if i == axis else 1 for i in range(3)]), shape)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("added", [0.3, 0.64, 2.0])
def test_blur_widens_an_edge_by_its_full_width_in_quadrature(make_volume, anchors, added, axis):
    spacing = 0.4
    volume = make_volume(smooth_edge((3, 80, 80), spacing, 1.2, axis), (spacing, spacing, 3.0))
    profile = np.moveaxis(Blur(added).change(volume, anchors).array, axis, 0)[:, 1, 20]
    assert edge_width_mm(profile.astype(float), spacing) == pytest.approx(np.hypot(1.2, added), rel=0.01)


def test_blur_leaves_the_mean_of_a_slice_and_does_not_mix_slices(make_volume, anchors):
    array = np.random.default_rng(1).normal(size=(4, 30, 40))
    array[2] += 500
    changed = Blur(3.0).change(make_volume(array), anchors).array
    np.testing.assert_allclose(changed.mean(axis=(1, 2)), array.mean(axis=(1, 2)), atol=1e-4)


def test_sharpening_undoes_a_moderate_blur(make_volume, anchors):
    volume = make_volume(smooth_edge((2, 60, 60), 0.5, 1.5, 2))
    there_and_back = Blur(-0.6).change(Blur(0.6).change(volume, anchors), anchors)
    np.testing.assert_allclose(there_and_back.array, volume.array, atol=0.1)


def test_sharpening_raises_noise_by_no_more_than_its_limit(make_volume, anchors):
    volume = make_volume(noisy((4, 64, 64), 5.0))
    assert Blur(-8.0).change(volume, anchors).array.std() <= 4 * 5.0 * 1.1


def test_slices_are_counted_along_superior_inferior_however_the_volume_is_stored(make_volume, anchors, direction):
    volume = make_volume(np.random.default_rng(0).normal(size=(24, 20, 28)), (1.0, 1.0, 1.0), direction)
    changed = SliceSpacing(2.0).change(volume, anchors)
    axis = volume.geometry.superior_axis
    assert changed.geometry.shape[axis] == volume.geometry.shape[axis] // 2
    assert changed.geometry.spacing_mm[2 - axis] == pytest.approx(2.0)
    assert [n for i, n in enumerate(changed.geometry.shape) if i != axis] == [
        n for i, n in enumerate(volume.geometry.shape) if i != axis
    ]


def outer_faces_mm(geometry: Geometry) -> np.ndarray:
    """LPS positions of the two opposite outer corners of the box of all voxels."""
    low = geometry.affine_lps @ (-0.5, -0.5, -0.5, 1.0)
    high = geometry.affine_lps @ (*(np.array(geometry.size) - 0.5), 1.0)
    return np.array([low[:3], high[:3]])


@given(st.integers(1, 40), st.floats(0.3, 6.0))
@settings(deadline=None)
def test_new_slices_fill_the_same_box_in_the_patient(count, wanted_mm):
    geometry = Geometry((4, 5, count), (0.5, 0.6, 1.114), (3.0, -7.0, 11.0), (0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1))
    step = SliceSpacing(wanted_mm).step(geometry, CaseAnchors((0, 0, 0), 0))
    if step is None:
        assert round(count * 1.114 / wanted_mm) in (count, 0) or count == 1
        return
    np.testing.assert_allclose(outer_faces_mm(step.new_geometry()), outer_faces_mm(geometry), atol=1e-9)
    assert abs(step.new_geometry().spacing_mm[2] * step.slices - 1.114 * count) < 1e-9


@given(st.integers(2, 30), st.integers(1, 60), st.integers(0, 2**20))
@settings(deadline=None)
def test_a_mask_of_whole_thick_slices_returns_unchanged(count, factor, seed):
    """There and back is exact where the grids nest."""
    factor = factor % 4 + 2
    geometry = Geometry((3, 4, count * factor), (1.0, 1.0, 1.0))
    step = SliceSpacing(float(factor)).step(geometry, CaseAnchors((0, 0, 0), 0))
    thick = np.random.default_rng(seed).random((count, 4, 3)) > 0.5
    assert step is not None and step.slices == count
    mask = np.repeat(thick, factor, axis=0)
    np.testing.assert_array_equal(step.mask_forth(mask), thick)
    np.testing.assert_array_equal(step.mask_back(thick), mask)


def test_a_position_keeps_its_value_in_thinner_slices(make_volume, anchors, direction):
    """A linear ramp along superior-inferior stays that ramp in patient space."""

    def superior(geometry: Geometry) -> np.ndarray:
        index = np.moveaxis(np.indices(geometry.shape), 0, -1)[..., ::-1]
        return index @ geometry.affine_lps[2, :3] + geometry.affine_lps[2, 3]

    volume = make_volume(np.zeros((16, 14, 18)), (1.0, 1.0, 1.0), direction)
    volume = Volume(superior(volume.geometry).astype(np.float32), volume.geometry)
    changed = SliceSpacing(0.45).change(volume, anchors)
    axis = volume.geometry.superior_axis
    inside = [slice(2, -2) if i == axis else slice(None) for i in range(3)]
    np.testing.assert_allclose(changed.array[*inside], superior(changed.geometry)[*inside], atol=1e-4)


def test_only_thinner_slices_are_approximate(anchors):
    geometry = Geometry((4, 4, 40), (0.5, 0.5, 1.114))
    assert SliceSpacing(0.715).approximate_on(geometry, anchors)
    assert not SliceSpacing(3.0).approximate_on(geometry, anchors)


def test_an_intensity_map_is_affine(make_volume, anchors):
    volume = make_volume([[[0.0, 100.0, 350.0]]])
    np.testing.assert_allclose(IntensityScale(0.8, 10.0).change(volume, anchors).array, [[[10.0, 90.0, 290.0]]])


def test_a_field_of_view_has_the_wanted_extent_in_patient_directions(make_volume, anchors, direction):
    volume = make_volume(np.zeros((60, 60, 60)), (1.0, 1.0, 1.0), direction)
    changed = FieldOfView((30.0, 40.0, 20.0)).change(volume, anchors)
    patient_axis = np.abs(np.reshape(volume.geometry.direction, (3, 3))).argmax(axis=0)
    wanted = [(30, 40, 20)[axis] for axis in patient_axis]
    assert list(changed.geometry.size) == wanted


def test_a_field_of_view_is_centred_on_the_vessels_and_stays_inside(make_volume):
    geometry = make_volume(np.zeros((50, 60, 70)), (1.0, 1.0, 1.0)).geometry
    factor = FieldOfView((20.0, 20.0, 20.0))
    inside = factor.step(geometry, CaseAnchors((10.0, -5.0, 3.0), 0)).new_geometry()
    np.testing.assert_allclose(outer_faces_mm(inside).mean(axis=0), (10.0, -5.0, 3.0), atol=0.51)
    moved = factor.step(geometry, CaseAnchors((500.0, 0.0, -500.0), 0)).new_geometry()
    assert moved.size == (20, 20, 20)
    whole, cut = outer_faces_mm(geometry), outer_faces_mm(moved)
    assert cut[1, 0] == pytest.approx(whole[1, 0]) and cut[0, 2] == pytest.approx(whole[0, 2])


def test_a_field_of_view_that_the_volume_does_not_have_changes_nothing(make_volume, anchors):
    volume = make_volume(np.zeros((50, 60, 70)), (1.0, 1.0, 1.0))
    assert FieldOfView((200.0, 60.0, None)).change(volume, anchors) is volume
    assert not FieldOfView((200.0, 60.0, None)).acts_on(volume.geometry, anchors)


@pytest.mark.parametrize("factor", [IntensityScale(0.83, 6.4), Blur(1.5)])
def test_forth_and_back_at_zero_strength_is_the_volume_up_to_rounding(make_volume, factor):
    volume = make_volume(noisy((6, 40, 50), 300))
    np.testing.assert_allclose(factor.at_zero_strength(volume).array, volume.array, atol=2e-4)


@pytest.mark.parametrize("factor", [Noise(0.0), Blur(0.0), IntensityScale(1.0, 0.0), FieldOfView((None,) * 3)])
def test_no_strength_is_no_action(factor, anchors):
    assert not factor.acts_on(Geometry((4, 4, 4), (1.0, 1.0, 1.0)), anchors)
