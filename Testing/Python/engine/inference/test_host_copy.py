"""Results on their way to main memory are waited for on the GPU that computes them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from UMambaXAILogic.engine.inference import host_copy
from UMambaXAILogic.engine.inference.host_copy import HostCopy


class OnGpu(torch.Tensor):
    """Says that it lies on the second GPU."""

    device = torch.device("cuda", 1)


@pytest.fixture
def said(monkeypatch):
    """What torch is asked about events, by a machine whose current GPU is the first."""
    heard = []
    event = SimpleNamespace(
        record=lambda stream="that of the first": heard.append(("record", stream)),
        synchronize=lambda: heard.append(("wait",)),
    )
    monkeypatch.setattr(torch.cuda, "Event", lambda: event)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: device)
    empty = torch.empty
    monkeypatch.setattr(host_copy.torch, "empty", lambda shape, dtype, pin_memory: empty(shape, dtype=dtype))
    return heard


def test_the_copy_is_waited_for_on_its_own_gpu(said):
    copy = HostCopy(torch.arange(3.0).as_subclass(OnGpu))
    assert said == [("record", torch.device("cuda", 1))]
    assert torch.equal(copy.on(torch.device("cpu")), torch.arange(3.0))
    assert said[1:] == [("wait",)]


def test_nothing_is_copied_on_the_cpu(said):
    tensor = torch.arange(3.0)
    assert HostCopy(tensor).on(torch.device("cpu")) is tensor
    assert not said
