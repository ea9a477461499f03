"""Embedding similarity of a volume that is read through windows: two passes over the windows, features never kept.

Pass 1 adds up g-weighted means of centred features: over M (the prototype), over the volume, and outside the box; each
window's features are centred by themselves, and a layer's feature counts for the voxels that its cell covers. Pass 2
compares every window's centred features with the direction those means give, and stitches the *similarities* as the
prediction is stitched: sum_w g_w s_w / sum_w g_w, averaged over mirrors. Folds are different feature spaces: each has
its own means, and similarities are averaged.

Nothing is added up before a forward pass is over, so that one for which memory ran out can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import torch

from ..inference.explanation import Explained, full_precision, repeat_to
from ..inference.windows import Window, importance_map, importance_sum, mirror_branches
from ..memory_plan.run_memory import Accumulator
from ..progress import Reporter
from .box import PromptBox
from .feature_watch import FeatureWatch
from .references import Direction, stage_direction
from .similarity import WeightedMeans, centre, unit_product, weighted_sums
from .stages import Stage

if TYPE_CHECKING:
    from ..model.layers import Layer

#: Gives a layer's prompt vector under the weights that the network holds now, or None where it has none.
PromptOf = Callable[["Layer"], torch.Tensor | None]

#: A window in one mirror: the axes that are flipped.
Branch = tuple[Window, tuple[int, ...]]
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class StitchedSimilarity:
    """Similarities of all layers.

    Args:
        similarity: alias -> float32 (z, y, x) on the network grid, in [-1, 1] for cosines; perhaps over a file that is
            mapped into memory.
        directions: alias -> what features were compared with, in the last fold.
        forward_passes: of the network.
    """

    similarity: dict[str, torch.Tensor]
    directions: dict[str, Direction]
    forward_passes: int


class _Pass(Protocol[Seen]):
    """What is done with features, in two steps."""

    def look(self, alias: str, features: torch.Tensor, branch: Branch) -> Seen:
        """What is wanted of a layer's features (channels, ...), as they come; features are changed later."""

    def take(self, alias: str, seen: Seen, branch: Branch) -> None:
        """Add it up, once for every forward pass that came to its end."""


class _Windows:
    """The passes over a case's windows, with progress over all of them."""

    def __init__(self, case: Explained, layers: Sequence[Layer], passes: int, reporter: Reporter) -> None:
        self._case, self._reporter = case, reporter
        self._watched = [(layer.alias, layer.module) for layer in layers]
        self.branches = mirror_branches(case.model.allowed_mirroring_axes if case.mirror else None)
        self._total = passes * len(self.branches) * len(case.model.folds)
        self.done = 0

    def run(self, windows: Sequence[Window], what: _Pass[Seen]) -> None:
        """Forward every window in every mirror branch, as many at a time as memory allows."""
        branches = [(window, axes) for window in windows for axes in self.branches]
        memory, start = self._case.memory, 0
        while start < len(branches):
            self._reporter.check_cancelled()
            forward = partial(self._forward, branches, start, what)
            batch, seen = memory.until_it_fits(forward, self._reporter, batched=True)
            for alias, each in seen:
                for branch, value in zip(batch, each, strict=True):
                    what.take(alias, value, branch)
            start += len(batch)
            self.done += len(batch)
            self._reporter.progress(self.done / self._total)

    def _forward(
        self, branches: Sequence[Branch], start: int, what: _Pass[Seen]
    ) -> tuple[Sequence[Branch], list[tuple[str, list[Seen]]]]:
        """The branches of one forward pass, and what was seen of each layer in each of them."""
        case = self._case
        batch = branches[start : start + case.memory.batch]
        seen: list[tuple[str, list[Seen]]] = []

        def receive(alias: str, features: torch.Tensor) -> None:
            pairs = zip(features, batch, strict=True)
            seen.append((alias, [what.look(alias, own, branch) for own, branch in pairs]))

        patches = [torch.flip(case.data[(slice(None), *window)], [axis + 1 for axis in axes]) for window, axes in batch]
        with FeatureWatch(self._watched, receive):
            case.model.network(torch.stack(patches).to(case.model.device))
        return batch, seen


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
        reporter: told the fraction of passes done; warned where memory runs out.

    Raises:
        MemoryExhaustedError: memory ran out, and nothing was left to save.
        CancelledError: the user cancelled.
    """
    plan, folds, memory = case.plan, case.model.folds, case.memory
    importance = importance_map(plan.patch_size, torch.device("cpu")).float()
    regions, weight = memory.until_it_fits(
        lambda: (_regions(case, box, stage), importance_sum(plan, importance)), reporter
    )
    wide = any(name != "prototype" for name in regions)
    first = list(plan.windows) if wide else plan.touching(case.mask)
    windows = _Windows(case, layers, len(first) + len(plan.windows), reporter)
    similarity = {
        layer.alias: memory.accumulator(plan.padded_shape, torch.float32, memory.maps, case.model.device)
        for layer in layers
    }
    directions: dict[str, Direction] = {}
    share = 1 / (len(windows.branches) * len(folds))
    with full_precision(case.model.device):
        for fold in folds:
            case.model.use_fold(fold)
            means = {layer.alias: WeightedMeans(tuple(regions)) for layer in layers}
            windows.run(first, _AddingUp(means, regions, importance))
            for layer in layers:
                references = {**means[layer.alias].means(), "prompt": prompt_of(layer)}
                directions[layer.alias] = stage_direction(references, stage)
            stitching = _Stitching(case, similarity, directions, importance * share, reporter)
            windows.run(plan.windows, stitching)
    on_grid = {alias: memory.settled(sums).div_(weight)[plan.valid] for alias, sums in similarity.items()}
    return StitchedSimilarity(on_grid, directions, windows.done)


def _regions(case: Explained, box: PromptBox, stage: Stage) -> dict[str, torch.Tensor]:
    """Component -> bool (z, y, x) on the padded grid, where its mean is taken; padding belongs to none."""
    whole = torch.zeros(case.plan.padded_shape, dtype=torch.bool)
    whole[case.plan.valid] = True
    outside = whole.clone()
    outside[case.plan.valid] = ~torch.from_numpy(box.mask(case.plan.shape))
    found = {"prototype": case.mask & whole, "global": whole, "outside": outside}
    return {name: found[name] for name in stage.weights if name in found}


@dataclass
class _AddingUp:
    """Pass 1: weighted means of features over regions.

    Args:
        means: of each layer.
        regions: component -> bool (z, y, x), padded grid.
        importance: g of a window.
    """

    means: dict[str, WeightedMeans]
    regions: dict[str, torch.Tensor]
    importance: torch.Tensor
    _last: tuple[Window, torch.Tensor] | None = None

    def look(self, alias: str, features: torch.Tensor, branch: Branch) -> tuple[torch.Tensor, torch.Tensor]:
        window, axes = branch
        of_cells = torch.flip(sum_over_cells(self._weights(window), features.shape[1:]), [axis + 1 for axis in axes])
        return weighted_sums(centre(features), of_cells)

    def take(self, alias: str, seen: tuple[torch.Tensor, torch.Tensor], branch: Branch) -> None:
        self.means[alias].add(*seen)

    def _weights(self, window: Window) -> torch.Tensor:
        """(regions, ...) of the window's voxels: the same for every layer and mirror."""
        if self._last is None or self._last[0] != window:
            self._last = window, torch.stack([mask[window] * self.importance for mask in self.regions.values()])
        return self._last[1]


@dataclass
class _Stitching:
    """Pass 2: similarities to the reference vectors.

    Args:
        similarity: of each layer, added up over windows.
        directions: what each layer's features are compared with.
        importance: g of a window, shared out over mirrors and folds.
    """

    case: Explained
    similarity: dict[str, Accumulator]
    directions: dict[str, Direction]
    importance: torch.Tensor
    reporter: Reporter

    def look(self, alias: str, features: torch.Tensor, branch: Branch) -> torch.Tensor | None:
        vector = self.directions[alias].vector
        return None if vector is None else torch.flip(unit_product(features, vector, centred=True), branch[1])

    def take(self, alias: str, seen: torch.Tensor | None, branch: Branch) -> None:
        if seen is not None:
            sums = self.similarity[alias]
            weighted = self.case.memory.until_it_fits(partial(self._weighted, seen, sums), self.reporter)
            sums.tensor[branch[0]] += weighted.to(sums.tensor.device)

    def _weighted(self, similar: torch.Tensor, sums: Accumulator) -> torch.Tensor:
        place = sums.tensor.device
        return self.importance.to(place) * repeat_to(similar, self.case.plan.patch_size).to(place)


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
