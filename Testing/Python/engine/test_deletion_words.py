"""What a deletion curve says of its map."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.deletion_words import ALIKE, deletion_verdict


@pytest.mark.parametrize(
    ("area", "references", "name", "words"),
    [
        (0.21, {"random": 0.98, "frangi": 0.55}, "carries", "0.21 against 0.98 for random and 0.55 for vesselness"),
        (0.7, {"random": 0.98}, "carries_part", "a part of the score: area 0.70 against 0.98 for random"),
        (0.96, {"random": 0.98}, "carries_no_more_than_random", "no more of the score than voxels chosen at random"),
        (1.2, {"random": 0.98, "frangi": 0.1}, "carries_less_than_random", "less of the score than voxels chosen"),
        (0.2, {"random": 0.98, "frangi": 0.22}, "carries_no_more_than_frangi", "those that vesselness puts first"),
        (0.5, {"random": 0.98, "frangi": 0.2}, "carries_less_than_frangi", "area 0.50 against 0.20"),
        (0.3, {"random": 0.9, "frangi": None}, "carries", "0.30 against 0.90 for random."),
        (0.3, {"random": 0.9, "intensity": 0.1, "frangi": 0.5}, "carries_less_than_intensity", "those that intensity"),
        (0.3, {}, "carries", "carry the score: area 0.30."),
        (None, {"random": 0.9}, "not_available", "does not lower the score"),
    ],
)
def test_the_verdict_holds_the_map_against_chance_and_then_against_the_best_reference(area, references, name, words):
    found = deletion_verdict(area, references)
    assert found.name == name and words in found.text
    assert found.to_json() == {"name": found.name, "text": found.text}


def test_areas_that_hardly_differ_are_alike():
    assert deletion_verdict(0.9 + ALIKE - 1e-9, {"random": 0.9}).name == "carries_no_more_than_random"
    assert deletion_verdict(0.9 + 2 * ALIKE, {"random": 0.9}).name == "carries_less_than_random"
