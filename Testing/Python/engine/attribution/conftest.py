"""Networks whose true evidence is known, dressed as loaded models, and cases of theirs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from nnunetv2.utilities.label_handling.label_handling import LabelManager

from UMambaXAILogic.engine.inference.explanation import Explained
from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target
from UMambaXAILogic.engine.inference.windows import plan_windows
from UMambaXAILogic.engine.progress import Reporter

#: How far from where it is used the planted evidence lies, along the last axis.
OFFSET = 3


class Listener(Reporter):
    """Remembers what it hears."""

    def __init__(self, cancel_after: int | None = None) -> None:
        super().__init__()
        self.codes: list[str] = []
        self.fractions: list[float] = []
        self.announced: list[str] = []
        self._left = cancel_after

    def progress(self, fraction: float) -> None:
        self.fractions.append(fraction)

    def warning(self, code: str, message: str) -> None:
        self.codes.append(code)

    def announce(self, text: str) -> None:
        self.announced.append(text)

    def check_cancelled(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                from UMambaXAILogic.engine.errors import CancelledError

                raise CancelledError()


@pytest.fixture
def make_listener() -> type[Listener]:
    return Listener


@pytest.fixture
def make_planted(stitch_in_float64) -> Callable[..., Explained]:
    """A vessel is predicted where the image is bright three voxels farther on: z_1(v) = x(v + 3) - 0.5, z_0 = 0.

    ``make_planted(dimension=3)`` -> a case with a bright bar. S, the sum of z_1 over the prediction, is the sum of
    x - 0.5 over the bar: the bar is the true evidence, the prediction lies beside it, and everything else is decoy.
    """

    def make(dimension: int = 3, weight: float = 1.0) -> Explained:
        reach = OFFSET
        network = getattr(torch.nn, f"Conv{dimension}d")(1, 2, 2 * reach + 1, padding=reach).double()
        with torch.no_grad():
            network.weight.zero_()
            network.bias.copy_(torch.tensor([0.0, -0.5 * weight if weight else 1.0]))
            network.weight[(1, 0, *(reach,) * (dimension - 1), 2 * reach)] = weight
        network.requires_grad_(False)
        patch = (16,) * dimension
        manager = LabelManager({"background": 0, "vessel": 1}, None)
        model = SimpleNamespace(
            network=network,
            label_manager=manager,
            patch_size=patch,
            allowed_mirroring_axes=None,
            device=torch.device("cpu"),
            folds=(0,),
            use_fold=lambda _fold: None,
        )
        shape = (16, 24, 40)
        plan = plan_windows(shape, patch, 0.5)
        data = 0.1 * torch.rand(1, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        data[0, 6:9, 8:16, 18:22] = 2.0  # the evidence
        data[0, 2:4, 4:6, 4:9] = 0.45  # a decoy: bright, but not enough to be predicted
        logits = stitch_in_float64(model, data, plan, False)
        score = TargetScore(resolve_target(manager, 1), "margin")
        mask = torch.zeros(shape, dtype=torch.bool)
        mask[6:9, 8:16, 18 - OFFSET : 22 - OFFSET] = True
        if weight:
            assert torch.equal(score.predicted(logits), mask)
        return Explained(model, plan, data, logits, mask, score, False, (1.0, 1.0, 1.0))

    return make


@pytest.fixture
def constant(make_planted) -> Explained:
    """A network that predicts vessel everywhere whatever it sees."""
    return make_planted(weight=0.0)


@pytest.fixture
def evidence() -> np.ndarray:
    """Where the planted evidence lies."""
    where = torch.zeros((16, 24, 40), dtype=torch.bool)
    where[6:9, 8:16, 18:22] = True
    return where.numpy()


@pytest.fixture
def in_single_precision() -> Callable[[Explained], Explained]:
    """The same case as the pipeline makes it: data in float32."""

    def convert(case: Explained) -> Explained:
        case.model.network.float()
        return dataclasses.replace(case, data=case.data.float(), logits=case.logits.half())

    return convert
