"""One case: models with known answers get exactly the shares they must get, and nothing is computed twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.shift.blur import Blur
from UMambaXAILogic.engine.shift.case import CaseRun, ShiftCase
from UMambaXAILogic.engine.shift.case_values import CaseValues
from UMambaXAILogic.engine.shift.factor import CaseAnchors, Factor
from UMambaXAILogic.engine.shift.field_of_view import FieldOfView
from UMambaXAILogic.engine.shift.game import case_games
from UMambaXAILogic.engine.shift.intensity_scale import IntensityScale
from UMambaXAILogic.engine.shift.noise import Noise
from UMambaXAILogic.engine.shift.prediction import Prediction
from UMambaXAILogic.engine.shift.scoring import Truth, annotated_box, centroid_mm
from UMambaXAILogic.engine.shift.shapley import shapley_values
from UMambaXAILogic.engine.shift.slice_spacing import SliceSpacing
from UMambaXAILogic.engine.volume import Volume

ANCHORS = CaseAnchors((0.0, 0.0, 0.0), 5)
SHAPE = (20, 24, 30)


@dataclass(frozen=True)
class Marker(Factor):
    """Raises one corner voxel by a power of two, so that a stand-in for a model can tell who acted."""

    key: str = "marker"  # type: ignore[misc]
    bit: int = 0

    def acts_on(self, geometry, anchors):
        return True

    def approximate_on(self, geometry, anchors):
        return False

    def change(self, volume, anchors):
        array = volume.array.copy()
        array[0, 0, 0] += 1 << self.bit
        return Volume(array, volume.geometry)


class MarkedModel:
    """Loses ``lost[i]`` of the 1000 vessel voxels to background for every factor i that acted: additive effects.

    As many voxels are predicted elsewhere, so that Dice is the share of voxels found.
    """

    def __init__(self, lost, explains=True):
        self.lost, self.explains, self.passes = lost, explains, 0

    def __call__(self, volume, region):
        self.passes += 1
        acted = int(volume.array[0, 0, 0])
        misses = sum(lost for bit, lost in enumerate(self.lost) if acted >> bit & 1)
        pm = np.zeros(SHAPE, bool)
        pm.reshape(-1)[1000 + misses : 2000 + misses] = True
        attention = np.where(pm, np.float32(1), np.float32(0)) if self.explains else None
        return Prediction(pm, attention)


def vessels() -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask.reshape(-1)[1000:2000] = True
    return mask


def marked_case(make_volume) -> ShiftCase:
    return ShiftCase("a", make_volume(np.linspace(0, 0.5, np.prod(SHAPE)).reshape(SHAPE)), Truth(vessels(), None, 0.3),
                     ANCHORS)  # fmt: skip


MARKERS = tuple(Marker(f"factor{bit}", bit) for bit in range(5))
KEYS = tuple(marker.key for marker in MARKERS)


def test_additive_effects_are_the_shapley_values(make_volume, tmp_path):
    lost = (10, 20, 0, 120, 300)
    values = CaseRun(marked_case(make_volume), MARKERS, MarkedModel(lost), tmp_path / "values.json", "f").run()
    games = case_games(values, KEYS)
    assert games["dice"].values[0] == 1 and games["dice"].values[-1] == pytest.approx(0.55)
    np.testing.assert_allclose(shapley_values(games["dice"].values), -np.array(lost) / 1000, atol=1e-12)


def test_attention_is_scored_as_iou_with_the_truth(make_volume, tmp_path):
    values = CaseRun(marked_case(make_volume), MARKERS, MarkedModel((0, 0, 0, 0, 200)), tmp_path / "v.json", "f").run()
    game = case_games(values, KEYS)["xai_gt_iou"].values
    assert game[0] == 1 and game[1 << 4] == pytest.approx(800 / 1200)
    assert shapley_values(game)[4] == pytest.approx(800 / 1200 - 1)


def test_without_explanation_there_is_no_alignment_game_and_it_says_why(make_volume, tmp_path):
    model = MarkedModel((0,) * 5, explains=False)
    game = case_games(CaseRun(marked_case(make_volume), MARKERS, model, tmp_path / "v.json", "f").run(), KEYS)
    assert game["xai_gt_iou"].values is None and "32 of 32" in game["xai_gt_iou"].missing_because


def test_a_run_that_was_killed_goes_on_and_computes_nothing_twice(make_volume, tmp_path):
    class Killed(Exception):
        pass

    class Dying(MarkedModel):
        def __call__(self, volume, region):
            if self.passes == 9:
                raise Killed
            return super().__call__(volume, region)

    path, case = tmp_path / "values.json", marked_case(make_volume)
    lost = (10, 20, 0, 120, 300)
    with pytest.raises(Killed):
        CaseRun(case, MARKERS, Dying(lost), path, "f").run()
    assert len(CaseValues.read(path).coalitions) == 9
    model = MarkedModel(lost)
    run = CaseRun(case, MARKERS, model, path, "f")
    assert run.missing() == 23
    resumed = run.run()
    assert model.passes == 23 and CaseRun(case, MARKERS, model, path, "f").missing() == 0
    whole = CaseRun(case, MARKERS, MarkedModel(lost), tmp_path / "whole.json", "f").run()
    assert {n: v.score for n, v in resumed.coalitions.items()} == {n: v.score for n, v in whole.coalitions.items()}
    assert CaseValues.read(path).coalitions.keys() == whole.coalitions.keys()


def test_values_of_other_settings_are_not_mixed_in(make_volume, tmp_path):
    path, case = tmp_path / "values.json", marked_case(make_volume)
    CaseRun(case, MARKERS, MarkedModel((1, 2, 3, 4, 5)), path, "f").run()
    assert CaseRun(case, MARKERS, MarkedModel((0,) * 5), path, "g").missing() == 32


def test_damaged_values_are_refused_with_what_to_do(tmp_path):
    (tmp_path / "values.json").write_text('{"schema_version": 1, "case": "a"}')
    with pytest.raises(InputError, match="Delete that file"):
        CaseValues.read(tmp_path / "values.json")


def threshold_model(volume, region):
    """Vessel is what is brighter than 150; attention is the same."""
    pm = volume.array > 150
    return Prediction(pm, pm.astype(np.float32))


def block_case(make_volume, extent_mm=None) -> ShiftCase:
    """A bright block of 300 in tissue of 40, whose faces lie between voxels 4 and 16 of every axis."""
    array = np.full((20, 20, 20), 40.0)
    array[4:16, 4:16, 4:16] = 300
    array += np.random.default_rng(0).normal(0, 1, array.shape)
    volume = make_volume(array, (1.0, 1.0, 1.0))
    truth = np.zeros(array.shape, bool)
    truth[4:16, 4:16, 4:16] = True
    box = None if extent_mm is None else annotated_box(volume.geometry, (0.0, 0.0, 0.0), extent_mm)
    return ShiftCase("block", volume, Truth(truth, None, 0.3, box), ANCHORS)


def shares(values: CaseValues, factors, measure="dice") -> dict[str, float]:
    keys = tuple(factor.key for factor in factors)
    return dict(zip(keys, shapley_values(case_games(values, keys)[measure].values), strict=True))


HARMLESS = (FieldOfView((19.0, None, None)), IntensityScale(1.05, -3.0), Blur(0.5), SliceSpacing(2.0), Noise(4.0))
HARMFUL = {
    "field_of_view": FieldOfView((8.0, 16.0, 16.0)),
    "intensity_scale": IntensityScale(0.3, 0.0),
    "blur": Blur(60.0),
    "slice_spacing": SliceSpacing(10.0),
    "noise": Noise(250.0),
}


@pytest.mark.parametrize("cause", HARMFUL)
@pytest.mark.parametrize("measure", ["dice", "xai_gt_iou"])
def test_the_only_cause_gets_the_whole_drop(make_volume, tmp_path, cause, measure):
    factors = tuple(HARMFUL[cause] if factor.key == cause else factor for factor in HARMLESS)
    values = CaseRun(block_case(make_volume), factors, threshold_model, tmp_path / "v.json", "f").run()
    found = shares(values, factors, measure)
    change = sum(found.values())
    assert change < -0.15
    assert found[cause] == pytest.approx(change, rel=0.1)


def test_harmless_factors_share_nothing(make_volume, tmp_path):
    values = CaseRun(block_case(make_volume), HARMLESS, threshold_model, tmp_path / "v.json", "f").run()
    assert values.coalitions["none"].score.dice == 1.0
    assert max(map(abs, shares(values, HARMLESS).values())) < 0.01


def test_coalitions_that_are_the_same_volume_are_computed_once_and_dummies_get_exactly_nothing(make_volume, tmp_path):
    factors = (FieldOfView((None,) * 3), IntensityScale(0.3, 0.0), Blur(0.0), SliceSpacing(1.0), Noise(2.0))
    values = CaseRun(block_case(make_volume), factors, threshold_model, tmp_path / "v.json", "f").run()
    assert set(values.coalitions) == {"none", "intensity_scale", "noise", "intensity_scale+noise"}
    found = shares(values, factors)
    assert found["field_of_view"] == found["blur"] == found["slice_spacing"] == 0.0


def test_every_factor_that_acts_has_a_control_of_its_own(make_volume, tmp_path):
    factors = (FieldOfView((8.0, 16.0, 16.0)), IntensityScale(0.9, 0.0), Blur(0.5), SliceSpacing(10.0), Noise(250.0))
    values = CaseRun(block_case(make_volume), factors, threshold_model, tmp_path / "v.json", "f").run()
    controls = {key: value.score.dice for key, value in values.controls.items()}
    assert set(controls) == {factor.key for factor in factors}
    # Without noise, blur or another scale the same block is found; a crop loses what lies outside, slices their ends.
    assert controls["noise"] == controls["blur"] == controls["intensity_scale"] == 1.0
    assert controls["field_of_view"] == pytest.approx(2 * 8 / (8 + 12))
    assert controls["slice_spacing"] == pytest.approx(2 * 12 / (12 + 20))


def test_a_smaller_annotation_is_scored_beside_the_whole_one(make_volume, tmp_path):
    factors = (FieldOfView((None,) * 3), IntensityScale(0.3, 0.0), Blur(0.0), SliceSpacing(None), Noise(0.0))
    run = CaseRun(block_case(make_volume, (6.0, 12.0, 12.0)), factors, threshold_model, tmp_path / "v.json", "f")
    values = run.run()
    assert values.coalitions["none"].annotated.gt_voxels == 6 * 12 * 12
    assert values.coalitions["none"].annotated.dice == pytest.approx(2 * 6 / (6 + 12))
    keys = tuple(factor.key for factor in factors)
    six = case_games(values, keys, with_label_extent=True)["dice"].values
    assert six.shape == (64,)
    alone = 2 * 6 / (6 + 12) - 1
    found = shapley_values(six)
    assert found.sum() == pytest.approx(-1) and found[5] == pytest.approx(alone / 2)  # nothing left to lose otherwise


def test_the_region_limits_scoring_and_is_carried_to_every_grid(make_volume, tmp_path):
    seen = []

    def model(volume, region):
        seen.append((region.shape, volume.array.shape, int(region.sum())))
        return threshold_model(volume, region)

    case = block_case(make_volume)
    region = np.zeros((20, 20, 20), bool)
    region[:10] = True
    case = ShiftCase(case.name, case.volume, Truth(case.truth.vessels, region, 0.3), ANCHORS)
    values = CaseRun(case, HARMLESS, model, tmp_path / "v.json", "f").run()
    assert all(region_shape == shape and count > 0 for region_shape, shape, count in seen)
    assert values.coalitions["none"].score.gt_voxels == 6 * 12 * 12


def test_the_centroid_of_a_mask_is_a_place_in_the_patient(make_volume, direction):
    mask = np.zeros((20, 22, 24), bool)
    mask[9:11, 10:12, 11:13] = True  # around the centre, which make_volume puts at the origin
    geometry = make_volume(np.zeros(mask.shape), (0.5, 0.7, 1.3), direction).geometry
    np.testing.assert_allclose(centroid_mm(mask, geometry), 0, atol=1e-9)


def test_values_on_disk_are_strict_json_without_paths(make_volume, tmp_path):
    path = tmp_path / "values.json"
    CaseRun(marked_case(make_volume), MARKERS, MarkedModel((0,) * 5, explains=False), path, "f").run()
    text = path.read_text()
    assert "NaN" not in text and str(Path.home()) not in text and str(tmp_path) not in text
