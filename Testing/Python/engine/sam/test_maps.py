"""Stages 1 to 3 on stored features, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.embedding.box import PromptBox
from UMambaXAILogic.engine.embedding.stages import stage_of
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.methods.settings import MethodSettings
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.sam.feature_store import FeatureStore
from UMambaXAILogic.engine.sam.maps import similarity_maps
from UMambaXAILogic.engine.sam.placement import Placement

#: 16 x 32 pixels in a frame of 64: 4 x 8 of the 8 x 8 cells, each 4 x 4 pixels.
PLACEMENT = Placement((16, 32), (32, 64), 64)
BOXES = (PromptBox((4, 8), (12, 24)), PromptBox((0, 4), (8, 16)))


@pytest.fixture
def features():
    random = np.random.default_rng(5)
    return {
        "block.2": random.normal(0.4, 1, (2, 6, 8, 8)).astype(np.float32),
        "embedding": random.normal(0.4, 1, (2, 5, 8, 8)).astype(np.float32),
    }


@pytest.fixture
def prompts():
    return [torch.from_numpy(np.random.default_rng(n).normal(size=5).astype(np.float32)) for n in (1, 2)]


@pytest.fixture
def maps_of(features, prompts, tmp_path):
    def compute(**settings):
        stage = stage_of(MethodSettings(**settings))
        with FeatureStore(tmp_path, {"block.2": 6, "embedding": 5}, 8) as store:
            for number in range(2):
                store.write(number, {depth: torch.from_numpy(array[number]) for depth, array in features.items()})
            return similarity_maps(
                store, ("block.2", "embedding"), BOXES, prompts, PLACEMENT, stage, Reporter(), RunMemory()
            )

    return compute


def cosine(cells, vector):
    return np.tensordot(vector, cells, 1) / np.linalg.norm(cells, axis=0) / np.linalg.norm(vector)


def means(array):
    """Of cells inside, anywhere, outside; boxes and slices end at cells' borders here."""
    inside = np.zeros((2, 8, 8), bool)
    inside[0, 1:3, 2:6] = True
    inside[1, 0:2, 1:4] = True
    whole = np.zeros((2, 8, 8), bool)
    whole[:, :4] = True
    by_channel = np.moveaxis(array.astype(float), 1, 0)
    return {
        "prototype": by_channel[:, inside].mean(1),
        "global": by_channel[:, whole].mean(1),
        "outside": by_channel[:, whole & ~inside].mean(1),
    }


def on_slice(cells):
    return PLACEMENT.from_frame(torch.from_numpy(cells)).numpy()


def unit(values):
    """Min-max of what is above 0."""
    values = np.maximum(values, 0)
    return (values - values.min()) / (values.max() - values.min())


def test_stage_1_is_the_cosine_with_the_mean_inside_the_boxes_of_all_slices(features, maps_of):
    maps = maps_of(stage=1)
    for depth, array in features.items():
        expected = np.stack([on_slice(cosine(cells, means(array)["prototype"])) for cells in array.astype(float)])
        assert np.allclose(maps.on_network_grid(depth), unit(expected), atol=1e-5)
    assert maps.control is None and maps.details == {"components_left_out": {}}


def test_stage_2_mixes_unit_vectors_of_prototype_and_own_prompt(features, prompts, maps_of):
    maps = maps_of(stage=2)
    array = features["embedding"].astype(float)
    p = means(array)["prototype"]
    expected = []
    for cells, prompt in zip(array, prompts, strict=True):
        e_b = prompt.double().numpy()
        expected.append(on_slice(cosine(cells, 0.7 * p / np.linalg.norm(p) + 0.3 * e_b / np.linalg.norm(e_b))))
    assert np.allclose(maps.on_network_grid("embedding"), unit(np.stack(expected)), atol=1e-5)
    assert maps.details == {"components_left_out": {"prompt": ["block.2"]}}


def test_stage_3_is_the_published_formula_and_its_control_lacks_the_weight_by_place(features, prompts, maps_of):
    maps = maps_of()
    for depth, array in features.items():
        array = array.astype(float)
        vectors = means(array)
        similar = []
        for cells, prompt in zip(array, prompts, strict=True):
            total = 0.5 * cosine(cells, vectors["prototype"]) + 0.15 * cosine(cells, vectors["global"])
            total = total - 0.15 * cosine(cells, vectors["outside"])
            if depth == "embedding":
                total = total + 0.2 * cosine(cells, prompt.double().numpy())
            similar.append(on_slice(total))
        normalised = unit(np.stack(similar))
        assert np.allclose(maps.control.on_network_grid(depth), normalised, atol=1e-5)
        rows, columns = np.mgrid[:16, :32]
        weight = np.stack(
            [
                0.3 + 0.7 * np.exp(-(((rows - 7.5) / 4) ** 2 + ((columns - 15.5) / 8) ** 2) / 2),
                0.3 + 0.7 * np.exp(-(((rows - 3.5) / 4) ** 2 + ((columns - 9.5) / 6) ** 2) / 2),
            ]
        )
        assert np.allclose(maps.on_network_grid(depth), normalised * weight, atol=1e-5)
    assert maps.control.control is None
