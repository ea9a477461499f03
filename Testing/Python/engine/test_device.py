"""A user's word for a device becomes a device, or an error that says what there is."""

from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine import device
from UMambaXAILogic.engine.errors import NotInstalledError, UsageError

GIB = 2**30


@pytest.fixture
def cuda(monkeypatch):
    """Pretend that there are GPUs with so much free memory each (GiB)."""

    def pretend(*free_gib: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(free_gib))
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(free_gib))
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (free_gib[index] * GIB, 24 * GIB))
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"Pretended GPU {index}")

    pretend()
    return pretend


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "cpu:0"])
def test_other_words_are_refused_with_those_there_are(name):
    with pytest.raises(UsageError, match="auto, cpu, cuda, cuda:N, mps") as caught:
        device.resolve_device(name)
    assert repr(name) in str(caught.value)


def test_auto_is_the_cpu_where_there_is_nothing_else(cuda):
    assert device.resolve_device("auto") == torch.device("cpu")


def test_auto_and_cuda_are_the_gpu_with_most_free_memory(cuda):
    cuda(4, 20, 12)
    assert device.resolve_device("auto") == torch.device("cuda", 1)
    assert device.resolve_device("cuda") == torch.device("cuda", 1)


def test_a_gpu_that_does_not_answer_is_passed_over(cuda, monkeypatch):
    cuda(4, 20, 12)
    answer = torch.cuda.mem_get_info

    def busy(index):
        if index == 1:
            raise RuntimeError("CUDA error: CUDA-capable device(s) is/are busy or unavailable")
        return answer(index)

    monkeypatch.setattr(torch.cuda, "mem_get_info", busy)
    assert device.resolve_device("auto") == torch.device("cuda", 2)


def test_only_a_numbered_gpu_is_made_current(monkeypatch):
    current = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    for name in ("cpu", "cuda", "cuda:1"):
        device.make_current(torch.device(name))
    assert current == [torch.device("cuda", 1)]


def test_a_number_is_obeyed_and_the_cpu_can_be_insisted_on(cuda):
    cuda(4, 20)
    assert device.resolve_device("cuda:0") == torch.device("cuda", 0)
    assert device.resolve_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_a_gpu_that_is_not_there_is_never_replaced_by_the_cpu(cuda, name):
    with pytest.raises(NotInstalledError) as caught:
        device.resolve_device(name)
    text = str(caught.value)
    assert repr(name) in text
    assert "cpu (CPU" in text
    assert torch.__version__ in text


def test_a_number_beyond_the_last_gpu_names_those_there_are(cuda):
    cuda(4)
    with pytest.raises(NotInstalledError, match=r"Pretended GPU 0"):
        device.resolve_device("cuda:1")


def test_facts_of_the_cpu_are_those_of_the_system(cuda):
    import psutil

    facts = device.device_facts("cpu")
    assert facts.name == "cpu"
    assert facts.total_memory_mb == psutil.virtual_memory().total // 2**20
    assert facts.free_memory_mb == pytest.approx(psutil.virtual_memory().available / 2**20, rel=0.3)


def test_every_device_is_listed_the_cpu_last(cuda):
    cuda(4, 20)
    assert [(facts.name, facts.free_memory_mb) for facts in device.list_devices()][:2] == [
        ("cuda:0", 4096),
        ("cuda:1", 20480),
    ]
    assert device.list_devices()[-1].name == "cpu"


def test_a_gpu_that_another_process_has_to_itself_is_listed_without_its_memory(monkeypatch, cuda):
    cuda(4)

    def refuse(index):
        raise RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable")

    monkeypatch.setattr(torch.cuda, "mem_get_info", refuse)
    first = device.list_devices()[0]
    assert (first.name, first.description) == ("cuda:0", "Pretended GPU 0")
    assert (first.free_memory_mb, first.total_memory_mb) == (None, None)


def test_a_torch_without_cuda_says_so(monkeypatch, cuda):
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "built without CUDA" in device.why_no_cuda()
    monkeypatch.setattr(torch.version, "cuda", "12.9")
    assert "driver" in device.why_no_cuda()
    cuda(4)
    assert device.why_no_cuda() == ""
