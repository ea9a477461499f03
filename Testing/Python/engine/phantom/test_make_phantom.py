"""A phantom looks like what was asked for, and is the same every time."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.phantom import COHORTS, Phantom, make_phantom
from UMambaXAILogic.engine.phantom.phantom import _field_of_view, _Scene
from UMambaXAILogic.engine.volume import Geometry


@pytest.fixture(scope="module")
def phantoms() -> dict[str, Phantom]:
    return {cohort: make_phantom(cohort, seed=5) for cohort in COHORTS}


def test_same_seed_same_voxels_other_seed_other_person(phantoms):
    again = make_phantom("source", seed=5)
    np.testing.assert_array_equal(again.image.array, phantoms["source"].image.array)
    np.testing.assert_array_equal(again.mask.array, phantoms["source"].mask.array)
    other = make_phantom("source", seed=6)
    assert not np.array_equal(other.mask.array, again.mask.array)


def test_cohorts_of_one_seed_are_different_people(phantoms):
    depth = min(phantom.mask.array.shape[0] for phantom in phantoms.values())
    masks = [phantom.mask.array[:depth, :144, :144] for phantom in phantoms.values()]
    assert not np.array_equal(*masks)


@pytest.mark.parametrize(
    ("cohort", "spacing_mm"), [("source", (0.457, 0.457, 1.114)), ("target", (0.452, 0.452, 0.715))]
)
def test_spacing_of_table_2_and_at_most_the_default_size(phantoms, cohort, spacing_mm):
    geometry = phantoms[cohort].image.geometry
    assert geometry.spacing_mm == spacing_mm
    assert all(size <= limit for size, limit in zip(geometry.size, (160, 160, 80), strict=True))
    assert phantoms[cohort].mask.geometry == geometry


@pytest.mark.parametrize("cohort", COHORTS)
def test_types_and_the_single_label(phantoms, cohort):
    assert phantoms[cohort].image.array.dtype == np.int16
    assert phantoms[cohort].mask.array.dtype == np.uint8
    assert set(np.unique(phantoms[cohort].mask.array)) == {0, 1}


@pytest.mark.parametrize(("cohort", "std_hu"), [("source", 2.37), ("target", 7.96)])
def test_noise_of_table_3_where_tissue_is_homogeneous(phantoms, cohort, std_hu):
    """The ventricles and air cells are flat without noise, so there the local deviation is the noise."""
    array = phantoms[cohort].image.array.astype(float)
    smooth = gaussian_filter(array, 3)
    contrast = gaussian_filter((array - smooth) ** 2, 4)
    flat = contrast < 1.15 * np.percentile(contrast[np.abs(smooth - 9) < 4], 20)
    flat &= np.abs(smooth - 9) < 4
    assert flat.sum() > 500
    neighbours = np.diff(array, axis=2)[flat[:, :, 1:] & flat[:, :, :-1]]
    assert neighbours.std() / np.sqrt(2) == pytest.approx(std_hu, rel=0.08)


@pytest.mark.parametrize("cohort", COHORTS)
def test_noise_is_exactly_what_is_added_to_the_clean_image(cohort):
    """Image minus clean image: white, zero mean, the recipe's deviation."""
    recipe = COHORTS[cohort]
    flat = _FlatScene(recipe)
    image, _ = flat.render(Geometry((64, 64, 8), recipe.spacing_mm), np.random.SeedSequence(1))
    residual = image.astype(float)
    assert residual.mean() == pytest.approx(40.0, abs=0.2)
    assert residual.std() == pytest.approx(recipe.noise_std_hu, rel=0.02)
    assert np.corrcoef(residual[:, :, 1:].ravel(), residual[:, :, :-1].ravel())[0, 1] == pytest.approx(0, abs=0.03)


class _FlatScene(_Scene):
    def __init__(self, recipe):
        self._recipe = recipe

    def _clean_slab(self, geometry, first, last):
        shape = (last - first, *geometry.shape[1:])
        nothing = np.zeros(shape, np.float32)
        coverage = type("Coverage", (), {"fraction": nothing, "on_centreline": nothing > 0})
        return np.full(shape, 40.0, np.float32), coverage


@pytest.mark.parametrize("cohort", COHORTS)
def test_lumen_brain_bone_and_air_have_their_ct_numbers(phantoms, cohort):
    phantom = phantoms[cohort]
    array, mask = phantom.image.array, phantom.mask.array > 0
    core = gaussian_filter(mask.astype(float), 1.2) > 0.97
    assert 220 <= phantom.facts.lumen_hu <= 450
    assert np.median(array[core]) == pytest.approx(phantom.facts.lumen_hu, rel=0.1)
    outside = array[~mask]
    assert (outside > 500).mean() > 0.005, "skull base"
    assert (outside < -700).mean() > 0.001, "air cells"
    brain = outside[(outside >= 0) & (outside <= 80)]
    assert brain.size > 0.5 * array.size
    assert 30 <= brain.mean() <= 50


def test_aneurysms_in_the_source_cohort_only_and_inside_the_mask():
    found = []
    for seed in range(4):
        phantom = make_phantom("source", seed)
        geometry = phantom.mask.geometry
        for aneurysm in phantom.facts.aneurysms:
            index = (np.array(aneurysm.centre_mm) - geometry.origin_mm) / geometry.spacing_mm
            x, y, z = np.clip(np.rint(index).astype(int), 0, np.array(geometry.size) - 1)
            assert phantom.mask.array[z, y, x] == 1
            found.append(aneurysm.diameter_mm)
    assert found and all(2.5 <= diameter <= 26.0 for diameter in found)
    assert COHORTS["target"].mean_aneurysms == 0


@pytest.mark.parametrize("cohort", COHORTS)
def test_vessels_form_a_few_connected_trees(phantoms, cohort):
    """Thin vessels are not broken into crumbs: nearly all of the mask hangs together."""
    components, count = label(phantoms[cohort].mask.array, np.ones((3, 3, 3)))
    sizes = np.sort(np.bincount(components.ravel())[1:])[::-1]
    assert count <= 15
    assert sizes[:3].sum() > 0.9 * sizes.sum()


def test_slabs_leave_no_seam():
    """A volume cut into slabs is the one computed whole, to the last voxel before noise."""
    recipe = COHORTS["source"]
    generator = np.random.default_rng(3)
    from UMambaXAILogic.engine.phantom.head_tissue import HeadTissue
    from UMambaXAILogic.engine.phantom.vessel_tree import build_vessel_tree

    geometry = _field_of_view(recipe, "default", generator)
    small = Geometry((48, 48, 24), geometry.spacing_mm, (-10.0, -14.0, -12.0))
    scene = _Scene(recipe, build_vessel_tree(recipe, generator), HeadTissue(generator), generator)
    whole, _ = scene._clean_slab(small, -4, 28)
    part, _ = scene._clean_slab(small, 6, 24)
    np.testing.assert_allclose(part[4:-4], whole[14:-8], atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "offender"),
    [(("moon", 1), "moon"), (("source", -1), "-1"), (("source", 1, "huge"), "huge")],
)
def test_what_is_not_valid_is_named(arguments, offender):
    with pytest.raises(UsageError, match=offender):
        make_phantom(*arguments)


def test_known_voxels():
    """Guards against silent changes: the demo model was trained on exactly these phantoms."""
    mask = make_phantom("source", seed=5).mask.array
    assert hashlib.sha256(mask.tobytes()).hexdigest()[:16] == "f2d2c6e97aca813f"
