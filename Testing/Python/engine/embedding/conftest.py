"""A segmented case of a tiny network, and embedding similarity computed the long way: voxel by voxel, in numpy."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.inference.explanation import Explained
from UMambaXAILogic.engine.inference.prediction import predict_stitched_logits
from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target
from UMambaXAILogic.engine.inference.windows import importance_map, plan_windows
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.progress import Reporter


@pytest.fixture(scope="session")
def make_case(make_trained_folder) -> Callable[..., Explained]:
    """``make_case(shape, label=1, mirror=False, step=0.5, **folder)`` -> a predicted volume with some target voxels."""

    def make(shape, label=1, mirror=False, step=0.5, **folder) -> Explained:
        model = load_model(make_trained_folder(**folder))
        torch.manual_seed(3)
        plan = plan_windows(shape, model.patch_size, step)
        data = plan.pad(torch.nn.functional.avg_pool3d(torch.randn(1, 1, *shape), 3, 1, 1)[0] * 4)
        logits = predict_stitched_logits(model, data, plan, mirror=mirror, reporter=Reporter())
        score = TargetScore(resolve_target(model.label_manager, label), "margin")
        # What random weights predict is everywhere: the most certain tenth stands for a segmentation.
        certain = (logits[1] - logits[0]).float()[plan.valid]
        mask = torch.zeros(plan.padded_shape, dtype=torch.bool)
        mask[plan.valid] = certain >= certain.flatten().kthvalue(int(0.9 * certain.numel())).values
        mask[..., plan.padded_shape[-1] // 2 :] = False
        return Explained(model, plan, data, logits, mask, score, mirror, (1.0, 0.8, 0.8))

    return make


def _repeated(features: np.ndarray, shape) -> np.ndarray:
    """(channels, ...) on a layer's grid -> on the patch, each voxel with its cell's feature."""
    for axis, size in enumerate(shape, start=1):
        cells = [voxel * features.shape[axis] // size for voxel in range(size)]
        features = np.take(features, cells, axis=axis)
    return features


def _cosine(features: np.ndarray, vector: np.ndarray) -> np.ndarray:
    lengths = np.sqrt((features**2).sum(axis=0)) * np.sqrt((vector**2).sum())
    return np.tensordot(vector, features, axes=1) / lengths


@pytest.fixture(scope="session")
def similarity_the_long_way() -> Callable[..., dict[str, np.ndarray]]:
    """``similarity_the_long_way(case, layers, inside_box, weights, prompts, mixed)`` -> alias -> map on the grid.

    ``weights`` are those of the components that take part; ``mixed`` makes one vector of them (stage 2).
    """

    def compute(case, layers, inside_box, weights, prompts=None, mixed=False) -> dict[str, np.ndarray]:
        model, plan = case.model, case.plan
        g = importance_map(plan.patch_size, torch.device("cpu")).double().numpy()
        whole = np.zeros(plan.padded_shape, dtype=bool)
        whole[plan.valid] = True
        outside = whole.copy()
        outside[plan.valid] &= ~inside_box
        regions = {"prototype": case.mask.numpy(), "global": whole, "outside": outside}
        axes = model.allowed_mirroring_axes if case.mirror else ()
        flips = [flip for count in range(len(axes) + 1) for flip in itertools.combinations(axes, count)]
        maps = {layer.alias: np.zeros(plan.padded_shape) for layer in layers}
        for fold in model.folds:
            model.use_fold(fold)
            seen = {layer.alias: [] for layer in layers}
            for window, flip in itertools.product(plan.windows, flips):
                caught = {}
                hooks = [
                    layer.module.register_forward_hook(
                        lambda _m, _i, out, alias=layer.alias, caught=caught: caught.__setitem__(alias, out[0].clone())
                    )
                    for layer in layers
                ]
                model.network(torch.flip(case.data[(slice(None), *window)], [axis + 1 for axis in flip])[None])
                for hook in hooks:
                    hook.remove()
                for alias, features in caught.items():
                    features = np.flip(features.double().numpy(), [axis + 1 for axis in flip])
                    features = features - features.mean(axis=tuple(range(1, features.ndim)), keepdims=True)
                    seen[alias].append((window, _repeated(features, plan.patch_size)))
            for alias, found in seen.items():
                vectors = {"prompt": (prompts or {}).get(alias)}
                for name, region in regions.items():
                    weighted = [
                        (features * (g * region[window])).reshape(len(features), -1).sum(1)
                        for window, features in found
                    ]
                    vectors[name] = sum(weighted) / sum((g * region[window]).sum() for window, _ in found)
                summed, weight = np.zeros(plan.padded_shape), np.zeros(plan.padded_shape)
                for window, features in found:
                    if mixed:
                        units = [w * vectors[k] / np.linalg.norm(vectors[k]) for k, w in weights.items()]
                        similar = _cosine(features, sum(units))
                    else:
                        similar = sum(w * _cosine(features, vectors[k]) for k, w in weights.items())
                    summed[window] += g * similar
                    weight[window] += g
                maps[alias] += summed / weight / len(model.folds)
        return {alias: values[plan.valid] for alias, values in maps.items()}

    return compute
