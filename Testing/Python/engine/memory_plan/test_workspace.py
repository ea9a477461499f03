"""What convolutions take beside their arguments, against what was measured of torch's own: MiB above their result.

Measured as the growth of what glibc had from the system during the call, result not counted. Maps of 48 x 96 x 96.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from UMambaXAILogic.engine.memory_plan.workspace import workspace

MIB = 2**20
with_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available() or sys.platform == "darwin", reason="needs oneDNN"
)


class Above(TorchDispatchMode):
    """The most bytes that the last convolution held beside what it was given, its result not counted."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = {"on_host": True, "unfolds_small_maps": True, **options}
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if "conv" in func.name():
            room = workspace(func, args, result, **self._options)
            own = (result if isinstance(result, torch.Tensor) else result[0]).nbytes
            self.bytes = max(sum(room.before) + sum(room.beside) - own, sum(room.beside))
        return result


def above(
    incoming: int,
    outgoing: int,
    kernel: int,
    stride: int = 1,
    shape: tuple[int, ...] = (48, 96, 96),
    transposed: bool = False,
    backward: bool = False,
    **options: Any,
) -> float:
    """MiB of a convolution between so many channels, or of its backward pass."""
    axes = len(shape)
    x = torch.empty(1, incoming, *shape, device="meta", requires_grad=backward)
    pair = (incoming, outgoing) if transposed else (outgoing, incoming)
    weight = torch.empty(*pair, *[kernel] * axes, device="meta")
    convolve = getattr(F, f"conv_transpose{axes}d" if transposed else f"conv{axes}d")
    with Above(**options) as mode:
        y = convolve(x, weight, stride=stride, padding=0 if transposed else kernel // 2)
        if backward:
            torch.autograd.grad(y.sum(), x)
    return mode.bytes / MIB


@with_onednn
@pytest.mark.parametrize(
    ("measured", "arguments"),
    [
        (45.6, (1, 32, 3)),
        (54, (32, 32, 3)),
        (108, (64, 32, 3)),
        (108, (32, 64, 3)),
        (54, (32, 64, 3, 2)),
        (108, (64, 32, 1)),
        (57.4, (32, 14, 1)),
        (27, (16, 16, 3)),
        (67.5, (24, 24, 3)),
        (108, (64, 32, 2, 2, (24, 48, 48), True)),
        (32, (32, 32, 3, 1, (512, 512))),
        (68, (64, 28, 1, 1, (512, 512))),
    ],
)
def test_forward(measured: float, arguments: tuple[Any, ...]):
    assert above(*arguments) == pytest.approx(measured, rel=0.02)


@with_onednn
@pytest.mark.parametrize(
    ("measured", "arguments"),
    [
        (54, (32, 32, 3)),
        (108, (64, 32, 3)),
        (108, (32, 64, 3)),
        (108, (32, 64, 3, 2)),
        (108, (64, 32, 1)),
        (54, (32, 14, 1)),
        (67.5, (24, 24, 3)),
        (40.5, (8, 8, 3)),
        (54, (64, 32, 2, 2, (24, 48, 48), True)),
        (64, (64, 28, 1, 1, (512, 512))),
    ],
)
def test_backward(measured: float, arguments: tuple[Any, ...]):
    assert above(*arguments, backward=True) == pytest.approx(measured, rel=0.02)


@pytest.mark.parametrize(
    ("measured", "arguments"),
    [
        (54, (32, 32, 3, 1, (16, 32, 32))),
        (67.5, (32, 32, 3, 1, (20, 32, 32))),
        (52.3, (31, 31, 3, 1, (16, 32, 32))),
        (6.8, (32, 64, 3, 2, (16, 32, 32))),
        (22.8, (256, 320, 3, 1, (6, 12, 12))),
        (0, (32, 32, 1, 1, (16, 32, 32))),
    ],
)
def test_small_maps_are_unfolded(measured: float, arguments: tuple[Any, ...]):
    assert above(*arguments) == pytest.approx(measured, rel=0.02)


@with_onednn
def test_small_maps_that_onednn_convolves_are_not_unfolded():
    assert above(32, 32, 3, 1, (16, 32, 32), unfolds_small_maps=False) == pytest.approx(2, rel=0.1)


def test_other_operations_take_nothing():
    assert above(1, 1, 1) >= 0
    func = torch.ops.aten.add.Tensor
    room = workspace(func, (torch.ones(3), torch.ones(3)), torch.ones(3), on_host=True, unfolds_small_maps=True)
    assert room.before == room.beside == ()


def test_a_gpu_reads_and_writes_once_more():
    sizes = 32 * 4 * 48 * 96 * 96 / MIB
    assert above(32, 32, 3, on_host=False) == pytest.approx(2 * sizes, rel=0.01)
