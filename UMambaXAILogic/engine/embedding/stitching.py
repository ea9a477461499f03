"""Embedding similarity of a volume that is read through windows: two passes over the windows, features never kept.

Pass 1 adds up g-weighted means of centred features: over M (the prototype), over the volume, and outside the box; each
window's features are centred by themselves, and a layer's feature counts for the voxels that its cell covers. Pass 2
compares every window's centred features with the direction those means give, and stitches the *similarities* as the
prediction is stitched: sum_w g_w s_w / sum_w g_w, averaged over mirrors. Folds are different feature spaces: each has
its own means, and similarities are averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..inference.explanation import Explained, full_precision, repeat_to
from ..inference.windows import Window, importance_map, importance_sum, mirror_branches
from ..progress import Reporter
from .box import PromptBox
from .feature_watch import FeatureReceiver, FeatureWatch
from .references import Direction, stage_direction
from .similarity import WeightedMeans, centre, unit_product
from .stages import Stage

if TYPE_CHECKING:
    from ..model.layers import Layer

#: Gives a layer's prompt vector under the weights that the network holds now, or None where it has none.
PromptOf = Callable[["Layer"], torch.Tensor | None]


@dataclass(frozen=True)
class StitchedSimilarity:
    """Similarities of all layers.

    Args:
        similarity: alias -> float32 (z, y, x) on the network grid, in [-1, 1] for cosines.
        directions: alias -> what features were compared with, in the last fold.
        forward_passes: of the network.
    """

    similarity: dict[str, torch.Tensor]
    directions: dict[str, Direction]
    forward_passes: int


class _Windows:
    """The passes over a case's windows, with progress over all of them."""

    def __init__(self, case: Explained, layers: Sequence[Layer], passes: int, reporter: Reporter) -> None:
        self._case, self._reporter = case, reporter
        self._watched = [(layer.alias, layer.module) for layer in layers]
        self.branches = mirror_branches(case.model.allowed_mirroring_axes if case.mirror else None)
        self._total = passes * len(self.branches) * len(case.model.folds)
        self.done = 0

    def run(self, windows: Sequence[Window], receiver: Callable[[Window, tuple[int, ...]], FeatureReceiver]) -> None:
        """Forward every window in every mirror branch; ``receiver`` makes what the branch's features go to."""
        case = self._case
        for window, axes in self._each(windows):
            self._reporter.check_cancelled()
            patch = torch.flip(case.data[(slice(None), *window)], [axis + 1 for axis in axes])[None]
            with FeatureWatch(self._watched, receiver(window, axes)):
                case.model.network(patch.contiguous().to(case.model.device))
            self.done += 1
            self._reporter.progress(self.done / self._total)

    def _each(self, windows: Sequence[Window]) -> Iterator[tuple[Window, tuple[int, ...]]]:
        for window in windows:
            for axes in self.branches:
                yield window, axes


@torch.inference_mode()
def stitch_similarity(
    case: Explained,
    layers: Sequence[Layer],
    box: PromptBox,
    stage: Stage,
    prompt_of: PromptOf,
    reporter: Reporter,
) -> StitchedSimilarity:
    """Similarity of every layer's features to its reference vectors, on the network grid.

    Args:
        case: what is explained; its M makes the prototype.
        layers: the wanted layers.
        box: the prompt box on the network grid.
        stage: components and weights.
        prompt_of: the prompt vector of a layer.
        reporter: told the fraction of passes done.

    Raises:
        CancelledError: the user cancelled.
    """
    plan, folds = case.plan, case.model.folds
    regions = _regions(case, box, stage)
    wide = any(name != "prototype" for name in regions)
    first = list(plan.windows) if wide else plan.touching(case.mask)
    windows = _Windows(case, layers, len(first) + len(plan.windows), reporter)
    importance = importance_map(plan.patch_size, torch.device("cpu")).float()
    weight = importance_sum(plan, importance)
    similarity = {layer.alias: torch.zeros(plan.padded_shape, dtype=torch.float32) for layer in layers}
    directions: dict[str, Direction] = {}
    share = 1 / (len(windows.branches) * len(folds))
    with full_precision(case.model.device):
        for fold in folds:
            case.model.use_fold(fold)
            means = {layer.alias: WeightedMeans(tuple(regions)) for layer in layers}
            windows.run(first, _adding_to(means, regions, importance))
            for layer in layers:
                references = {**means[layer.alias].means(), "prompt": prompt_of(layer)}
                directions[layer.alias] = stage_direction(references, stage)
            windows.run(plan.windows, _stitching_to(similarity, directions, importance * share, plan.patch_size))
    # One padded map after the other, so that there are not two of each.
    on_grid = {alias: similarity.pop(alias).div_(weight)[plan.valid].contiguous() for alias in list(similarity)}
    return StitchedSimilarity(on_grid, directions, windows.done)


def _regions(case: Explained, box: PromptBox, stage: Stage) -> dict[str, torch.Tensor]:
    """Component -> bool (z, y, x) on the padded grid, where its mean is taken; padding belongs to none."""
    whole = torch.zeros(case.plan.padded_shape, dtype=torch.bool)
    whole[case.plan.valid] = True
    outside = whole.clone()
    outside[case.plan.valid] = ~torch.from_numpy(box.mask(case.plan.shape))
    found = {"prototype": case.mask & whole, "global": whole, "outside": outside}
    return {name: found[name] for name in stage.weights if name in found}


def _adding_to(
    means: dict[str, WeightedMeans], regions: dict[str, torch.Tensor], importance: torch.Tensor
) -> Callable[[Window, tuple[int, ...]], FeatureReceiver]:
    def receiver(window: Window, axes: tuple[int, ...]) -> FeatureReceiver:
        of_voxels = torch.stack([mask[window] * importance for mask in regions.values()])

        def receive(alias: str, features: torch.Tensor) -> None:
            of_cells = torch.flip(sum_over_cells(of_voxels, features.shape[1:]), [axis + 1 for axis in axes])
            means[alias].add(centre(features), of_cells)

        return receive

    return receiver


def _stitching_to(
    similarity: dict[str, torch.Tensor],
    directions: dict[str, Direction],
    importance: torch.Tensor,
    patch_size: Sequence[int],
) -> Callable[[Window, tuple[int, ...]], FeatureReceiver]:
    def receiver(window: Window, axes: tuple[int, ...]) -> FeatureReceiver:
        def receive(alias: str, features: torch.Tensor) -> None:
            vector = directions[alias].vector
            if vector is None:
                return
            similar = torch.flip(unit_product(features, vector, centred=True), axes)
            similarity[alias][window] += importance * repeat_to(similar, patch_size).cpu()

        return receive

    return receiver


def sum_over_cells(values: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Add up values on a patch over the cells of a layer's grid: the transpose of ``repeat_to``.

    Args:
        values: (n, ...) on the patch.
        shape: of the layer's grid, no axis longer than the patch's.
    """
    for axis, length in enumerate(shape, start=1):
        size = values.shape[axis]
        if length != size:
            cell = torch.arange(size) * length // size
            summed = values.new_zeros((*values.shape[:axis], length, *values.shape[axis + 1 :]))
            values = summed.index_add_(axis, cell, values)
    return values
