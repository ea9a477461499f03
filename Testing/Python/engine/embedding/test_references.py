from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine.embedding.references import left_out, stage_direction
from UMambaXAILogic.engine.embedding.stages import Stage, stage_of
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.settings import MethodSettings

VECTORS = {
    "prototype": torch.tensor([3.0, 0.0, 0.0, 0.0]),
    "prompt": torch.tensor([0.0, 0.5, 0.0, 0.0]),
    "global": torch.tensor([0.0, 0.0, 7.0, 0.0]),
    "outside": torch.tensor([0.0, 0.0, 0.0, 2.0]),
}


def test_the_stages_have_the_published_weights():
    assert stage_of(MethodSettings(stage=1)) == Stage({"prototype": 1.0})
    assert stage_of(MethodSettings(stage=2)) == Stage({"prototype": 0.7, "prompt": 0.3}, one_vector=True)
    published = {"prototype": 0.5, "prompt": 0.2, "global": 0.15, "outside": -0.15}
    assert stage_of(MethodSettings()) == Stage(published, spatial_floor=0.3)


def test_weights_are_settings():
    assert stage_of(MethodSettings(spatial_floor=1)).spatial_floor is None
    assert stage_of(MethodSettings(global_weight=0)).weights == {"prototype": 0.5, "prompt": 0.2, "outside": -0.15}
    assert stage_of(MethodSettings(stage=2, prompt_share=1)).weights == {"prompt": 1}
    nothing = MethodSettings(prototype_weight=0, prompt_weight=0, global_weight=0, outside_weight=0)
    with pytest.raises(UsageError, match="nothing to compare"):
        stage_of(nothing)


def test_cosines_are_added_up_whatever_the_vectors_lengths():
    found = stage_direction(VECTORS, stage_of(MethodSettings()))
    assert found.vector.tolist() == [0.5, 0.2, 0.15, -0.15] and found.missing == ()


def test_one_vector_is_mixed_of_unit_vectors_and_is_of_unit_length():
    found = stage_direction(VECTORS, stage_of(MethodSettings(stage=2)))
    assert torch.allclose(found.vector, torch.tensor([0.7, 0.3, 0, 0]).double() / 0.58**0.5)


def test_the_weight_of_what_is_missing_is_shared_out_in_proportion():
    stage = stage_of(MethodSettings())
    for gone in (None, torch.zeros(4)):
        found = stage_direction({**VECTORS, "prompt": gone}, stage)
        assert found.missing == ("prompt",)
        assert found.weights == pytest.approx({"prototype": 0.625, "global": 0.1875, "outside": -0.1875})
        assert sum(map(abs, found.weights.values())) == pytest.approx(1)
    second = stage_direction({"prototype": VECTORS["prototype"]}, stage_of(MethodSettings(stage=2)))
    assert second.vector.tolist() == [1, 0, 0, 0] and second.weights == {"prototype": 1}
    assert left_out({"a": found, "b": second, "c": stage_direction(VECTORS, stage)}) == {"prompt": ["a", "b"]}


def test_nothing_to_compare_with_is_no_direction():
    assert stage_direction({"prototype": None}, stage_of(MethodSettings(stage=1))).vector is None
