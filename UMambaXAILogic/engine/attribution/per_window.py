"""The published tool's way: every window is explained and normalised by itself, then windows are averaged.

Kept for comparison with published numbers (preset ``paper``). It makes background as bright as vessel in windows
that hold little of the target, which is why the stitched explanation is the default. As in the published tool, M is
each window's own prediction (or its errors of the wanted kind, inside the region), every layer's map is ReLU'd,
brought to [0, 1] and averaged over layers within the window, and the result is brought to [0, 1] again. Windows are
not mirrored. One deviation: there, S adds up the logits of all classes inside M; here it is the target's logit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from ..inference.capture import LayerCapture
from ..inference.explanation import Explained, SignedMap, full_precision, repeat_to, watched
from ..inference.windows import Window, WindowPlan
from ..memory_plan.out_of_memory import RanOut, attempt
from ..memory_plan.run_memory import Accumulator
from ..progress import Reporter

if TYPE_CHECKING:
    from ..model.layers import Layer

_MEAN = "mean over layers"


@dataclass
class WindowwiseMaps:
    """Maps averaged over windows; see ``method.LayerMaps``."""

    plan: WindowPlan
    sums: dict[str, torch.Tensor]
    counts: torch.Tensor
    explained_windows: int
    forward_passes: int
    backward_passes: int
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def aliases(self) -> list[str]:
        return [alias for alias in self.sums if alias != _MEAN]

    def on_network_grid(self, alias: str) -> npt.NDArray[np.float32]:
        return np.ascontiguousarray((self.sums[alias] / self.counts)[self.plan.valid].numpy())

    def combined(self) -> npt.NDArray[np.float32] | None:
        return _unit_range(torch.from_numpy(self.on_network_grid(_MEAN))).numpy()


def explain_per_window(
    case: Explained, layers: Sequence[Layer], signed_map: SignedMap, reporter: Reporter
) -> WindowwiseMaps:
    """Explain every window by itself; see the module's text.

    Raises:
        MemoryExhaustedError: memory ran out, and nothing was left to save.
        CancelledError: the user cancelled.
    """
    model, plan, memory = case.model, case.plan, case.memory

    def empty() -> Accumulator:
        return memory.accumulator(plan.padded_shape, torch.float32, memory.maps, model.device)

    sums = {name: empty() for name in [*(layer.alias for layer in layers), _MEAN]}
    counts = empty()
    explained: set[int] = set()
    passes, total = 0, len(plan.windows) * len(model.folds)
    for fold in model.folds:
        model.use_fold(fold)
        number = 0
        while number < len(plan.windows):
            with full_precision(model.device), watched(case, layers) as capture:
                while number < len(plan.windows):
                    reporter.check_cancelled()
                    window, place = plan.windows[number], counts.tensor.device
                    found = attempt(partial(_explain_window, case, capture, window, signed_map, place))
                    if isinstance(found, RanOut):
                        break
                    for name, layer_map in found.value.items():
                        sums[name].tensor[window] += layer_map
                    counts.tensor[window] += 1
                    if found.value:
                        explained.add(number)
                    number += 1
                    passes += 1
                    reporter.progress(passes / total)
            if isinstance(found, RanOut):  # what the pass held is let go of by now
                memory.shrink(found.text, reporter, gradients=True, batched=False)
    settled = {name: memory.settled(each) for name, each in sums.items()}
    return WindowwiseMaps(plan, settled, memory.settled(counts), len(explained), passes, passes)


def _explain_window(
    case: Explained, capture: LayerCapture, window: Window, signed_map: SignedMap, place: torch.device
) -> dict[str, torch.Tensor]:
    """The window's maps of all layers and their mean, on the device where they are added up; none without target."""
    maps: dict[str, torch.Tensor] = {}

    def upstream(logits: torch.Tensor) -> torch.Tensor:
        mask = case.selection.select(case.score.predicted(logits[0]), window)
        return case.score.gradient(logits[0], mask)[None]

    def receive(alias: str, activation: torch.Tensor, gradient: torch.Tensor) -> None:
        layer_map = signed_map(alias, activation[0], gradient[0]).clamp_min(0)
        maps[alias] = repeat_to(_unit_range(layer_map), case.plan.patch_size).to(place)

    patch = case.data[(slice(None), *window)][None].contiguous().to(case.model.device)
    capture.explain(patch, upstream, receive)
    if not any(bool(layer_map.any()) for layer_map in maps.values()):
        return {}
    maps[_MEAN] = _unit_range(torch.stack(list(maps.values())).mean(dim=0))
    return maps


def _unit_range(values: torch.Tensor) -> torch.Tensor:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else torch.zeros_like(values)
