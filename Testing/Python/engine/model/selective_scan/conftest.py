"""The scan written down a second time, in numpy and float64, and arguments to try it on."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch


def _loop(arguments: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Output (batch, D, L) and last state (batch, D, N) of the definition, step by step."""

    def array(name: str) -> np.ndarray | None:
        tensor = arguments.get(name)
        return None if tensor is None else tensor.detach().double().numpy()

    u, step, A, B, C = (array(name) for name in ("u", "delta", "A", "B", "C"))
    skip, gate, bias = array("D"), array("z"), array("delta_bias")
    batch, channels, length = u.shape
    if bias is not None:
        step = step + bias[None, :, None]
    if arguments.get("delta_softplus"):
        step = np.logaddexp(0, step)

    def at(projection: np.ndarray, item: int, channel: int, index: int) -> np.ndarray:
        if projection.ndim == 2:
            return projection[channel]
        if projection.ndim == 3:
            return projection[item, :, index]
        return projection[item, channel // (channels // projection.shape[1]), :, index]

    output = np.zeros(u.shape)
    last = np.zeros((batch, *A.shape))
    for item in range(batch):
        for channel in range(channels):
            x = np.zeros(A.shape[1])
            for index in range(length):
                dt = step[item, channel, index]
                x = np.exp(dt * A[channel]) * x + dt * u[item, channel, index] * at(B, item, channel, index)
                y = at(C, item, channel, index) @ x
                if skip is not None:
                    y += skip[channel] * u[item, channel, index]
                if gate is not None:
                    g = gate[item, channel, index]
                    y *= g / (1 + np.exp(-g))
                output[item, channel, index] = y
            last[item, channel] = x
    return output, last


def _make(
    batch: int = 1,
    channels: int = 4,
    length: int = 20,
    states: int = 16,
    kinds: str = "vv",
    options: str = "Dzbs",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> dict[str, Any]:
    """Arguments of the scan.

    kinds: form of B and of C: v varying, g in two groups, c constant. options: any of D, z, b (bias), s (softplus).
    Step sizes and decay rates are like those of a freshly initialised Mamba.
    """
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64).to(dtype)

    def projection(kind: str) -> torch.Tensor:
        shapes = {
            "v": (batch, states, length),
            "g": (batch, 2, states, length),
            "c": (channels, states),
        }
        return normal(*shapes[kind])

    delta, bias = normal(batch, channels, length), normal(channels)
    if "s" in options:
        delta, bias = delta - 3, 0.5 * bias
    else:  # a negative step would let the state grow, and rounding errors with it
        delta, bias = 0.1 * delta.abs(), 0.1 * bias.abs()
    return {
        "u": normal(batch, channels, length),
        "delta": delta,
        "A": -torch.exp(0.5 * normal(channels, states)) * torch.arange(1, states + 1, dtype=dtype),
        "B": projection(kinds[0]),
        "C": projection(kinds[1]),
        "D": normal(channels) if "D" in options else None,
        "z": normal(batch, channels, length) if "z" in options else None,
        "delta_bias": bias if "b" in options else None,
        "delta_softplus": "s" in options,
    }


def _relative_error(value: torch.Tensor, expected: np.ndarray | torch.Tensor) -> float:
    """Largest difference over largest expected value; the difference itself where all of them are 0."""
    expected = np.asarray(expected.detach() if isinstance(expected, torch.Tensor) else expected, dtype=np.float64)
    value64 = value.detach().double().numpy()
    assert value64.shape == expected.shape
    return float(np.abs(value64 - expected).max() / (np.abs(expected).max() or 1.0))


@pytest.fixture(scope="session")
def loop() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    return _loop


@pytest.fixture(scope="session")
def make() -> Callable[..., dict[str, Any]]:
    return _make


@pytest.fixture(scope="session")
def relative_error() -> Callable[..., float]:
    return _relative_error


@pytest.fixture(scope="session")
def sibling() -> Callable[[str], ModuleType]:
    """Imports a module of this folder that holds no tests."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look themselves up there
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(params=["numba", "torch-chunked", "reference"])
def backend(request) -> str:
    """Every backend that runs without a GPU."""
    return request.param


@pytest.fixture(params=["numba", "torch-chunked"])
def fast_backend(request) -> str:
    """The backends that people compute with on a CPU."""
    return request.param


@pytest.fixture
def short_chunks(monkeypatch) -> None:
    """Let torch-chunked cut even short sequences into many chunks, and few channels into blocks."""
    from UMambaXAILogic.engine.model.selective_scan import torch_chunked

    monkeypatch.setattr(torch_chunked, "CPU_CHUNK_VALUES", 1)
    monkeypatch.setattr(torch_chunked, "CPU_BLOCK_CHANNELS", 2)
