"""What a computation holds at its worst moment, known without computing it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from UMambaXAILogic.engine.attribution.gradient_cam import block_pooled_map
from UMambaXAILogic.engine.memory_plan import live_storage
from UMambaXAILogic.engine.memory_plan.heap_model import HeapModel
from UMambaXAILogic.engine.memory_plan.live_storage import LiveStorage
from UMambaXAILogic.engine.memory_plan.window_peak import window_peak
from UMambaXAILogic.engine.model.layers import resolve_layers
from UMambaXAILogic.engine.model.loading import load_model

KIB = 1024


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    """As if the C library gave everything back: sums that can be done by hand."""
    monkeypatch.setattr(live_storage, "kept_below_bytes", lambda: 0)


def new(kibibytes: int) -> torch.Tensor:
    return torch.empty(kibibytes * KIB, dtype=torch.uint8, device="meta")


def test_what_is_alive_together_counts():
    with LiveStorage(on_host=True) as live:
        first = new(3)
        second = new(4)
        del first
        third = new(1)
        assert live.live == 5 * KIB
        del second, third
    assert live.peak == 7 * KIB and live.live == 0


def test_views_and_changes_in_place_cost_nothing():
    with LiveStorage(on_host=True) as live:
        values = new(8)
        part = values[: 4 * KIB].view(2, -1)
        part.fill_(1)
        del values
        assert live.live == 8 * KIB, "a view keeps the whole storage"
    assert live.peak == 8 * KIB


def test_small_pieces_stay_with_the_process(monkeypatch):
    monkeypatch.setattr(live_storage, "kept_below_bytes", lambda: 4 * KIB)
    with LiveStorage(on_host=True) as live:
        small = new(3)
        del small
        large = new(10)
        del large
    heap = HeapModel()
    heap.allocate(3 * KIB)
    kept = int(live_storage.SHARE_OF_HEAP * heap.extent)
    assert live.peak == kept + 10 * KIB, "the small piece was kept for the large one"
    with LiveStorage(on_host=False) as live:
        small = new(3)
        del small
        new(10)
    assert live.peak == 10 * KIB, "a GPU's allocator is not the C library"


def test_a_graph_holds_what_its_backward_pass_needs():
    source = new(4).float().requires_grad_()
    size = source.numel() * 4
    with LiveStorage(on_host=True) as live:
        result = (source.exp() * 2).sin().sum()  # keeps exp's result and what sin was given
        held = live.live - result.untyped_storage().nbytes()
    assert held == 2 * size


def normalised_gradient(x: torch.Tensor) -> torch.Tensor:
    x = x.requires_grad_()
    y = F.layer_norm(x, (6,), x.new_ones(6), x.new_zeros(6))
    return torch.autograd.grad(y.sum(), x)[0]


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: x[:, :1] + x,
        lambda x: x - x[:1],
        lambda x: x * x[:, :, :1],
        lambda x: x * torch.ones(2, 1, 6, dtype=torch.int64, device=x.device),
        lambda x: x // 2,
        lambda x: x.mean(dim=1),
        lambda x: F.layer_norm(x, (6,)),
        lambda x: F.layer_norm(x.transpose(1, 2), (5,)),
        lambda x: F.layer_norm(x, (5, 6)),
        normalised_gradient,
    ],
)
def test_what_is_written_down_of_operations_is_what_they_give(compute):
    with LiveStorage(on_host=True) as live:
        found = compute(torch.empty(2, 5, 6, device="meta"))
    expected = compute(torch.ones(2, 5, 6))
    assert (found.shape, found.stride(), found.dtype) == (expected.shape, expected.stride(), expected.dtype)
    assert live.peak >= expected.nbytes


def test_the_plan_leaves_torchs_compiler_alone(repository):
    """It would take a second of a case's time and 70 MB."""
    program = """
import sys, torch
from UMambaXAILogic.engine.attribution.gradient_cam import block_pooled_map
from UMambaXAILogic.engine.memory_plan.window_peak import window_peak
from UMambaXAILogic.engine.model.topology import Topology
from UMambaXAILogic.engine.model.umamba import UMambaEnc
twos = (2, 2, 2)
network = UMambaEnc(Topology((4, 6, 8), ((3, 3, 3),) * 3, ((1, 1, 1), twos, twos), (1,) * 3, (1, 1), (8,) * 3), 1, 2)
form = lambda _alias, activation, gradient: block_pooled_map(activation, gradient, 2, "max")
window_peak(network.requires_grad_(False), (8,) * 3, (), form, device_type="cpu", scan_backend="numba")
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=repository, check=True)


def test_the_meta_network_allocates_what_the_real_one_does(make_trained_folder):
    """Of a network whose every operation is torch's; the compiled kernels are measured by the benchmark."""
    model = load_model(str(make_trained_folder(trainer="nnUNetTrainer")))
    peak = window_peak(model.network, model.patch_size, (), None, device_type="cpu", scan_backend=None)
    patch = torch.zeros(1, 1, *model.patch_size)
    with LiveStorage(on_host=True) as live, torch.no_grad():
        model.network(patch)
    assert peak.forward == pytest.approx(live.peak + patch.nbytes, rel=0.02)


@pytest.mark.parametrize("trainer", ["nnUNetTrainerUMambaBot", "nnUNetTrainerUMambaEnc"])
def test_gradients_need_more_and_computing_twice_less(trainer, make_trained_folder):
    model = load_model(str(make_trained_folder(trainer=trainer)))

    def peak(names):
        return window_peak(
            model.network,
            model.patch_size,
            resolve_layers(model, names) if names else (),
            lambda _alias, a, g: block_pooled_map(a, g, 1, "max"),
            device_type="cpu",
            scan_backend="numba",
        )

    deep, all_of_it = peak(["decoder.1"]), peak(None)
    assert deep.forward == all_of_it.forward <= deep.explain < all_of_it.explain
    assert all_of_it.recomputed < all_of_it.explain


def test_looking_leaves_the_network_as_it_was(make_trained_folder):
    model = load_model(str(make_trained_folder()))
    heard = []
    model.network.register_forward_pre_hook(lambda *_: heard.append(1))
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    window_peak(
        model.network, model.patch_size, (), lambda _a, x, g: (x * g).sum(0), device_type="cpu", scan_backend="numba"
    )
    assert not heard and all(torch.equal(before[name], now) for name, now in model.network.state_dict().items())
    assert {p.device.type for p in model.network.parameters()} == {"cpu"}
