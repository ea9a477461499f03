"""The Mamba block holds the parameters of mamba_ssm.Mamba and computes the selective state-space recurrence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.nn import functional as F

from UMambaXAILogic.engine.model.mamba import Mamba, MambaLayer, set_scan_backend

D_MODEL, D_INNER, RANK = 20, 40, 2


@pytest.fixture
def mamba() -> Mamba:
    torch.manual_seed(3)
    return Mamba(D_MODEL).double()


def recurrence(block: Mamba, tokens: torch.Tensor) -> torch.Tensor:
    """The block token by token, straight from the paper."""
    w = {name: parameter.detach() for name, parameter in block.named_parameters()}
    a = -torch.exp(w["A_log"])
    outputs = []
    for sequence in tokens:
        state = torch.zeros(D_INNER, 16, dtype=torch.float64)
        history = torch.zeros(4, D_INNER, dtype=torch.float64)
        steps = []
        for token in sequence:
            x, z = (w["in_proj.weight"] @ token).split(D_INNER)
            history = torch.cat([history[1:], x[None]])
            x = F.silu((w["conv1d.weight"][:, 0].T * history).sum(0) + w["conv1d.bias"])
            dt, b, c = (w["x_proj.weight"] @ x).split([RANK, 16, 16])
            dt = F.softplus(w["dt_proj.weight"] @ dt + w["dt_proj.bias"])[:, None]
            state = torch.exp(dt * a) * state + dt * b * x[:, None]
            steps.append(w["out_proj.weight"] @ ((state @ c + w["D"] * x) * F.silu(z)))
        outputs.append(torch.stack(steps))
    return torch.stack(outputs)


def test_parameters_are_those_of_mamba_ssm(mamba):
    assert {key: tuple(value.shape) for key, value in mamba.state_dict().items()} == {
        "A_log": (D_INNER, 16),
        "D": (D_INNER,),
        "in_proj.weight": (2 * D_INNER, D_MODEL),
        "conv1d.weight": (D_INNER, 1, 4),
        "conv1d.bias": (D_INNER,),
        "x_proj.weight": (RANK + 32, D_INNER),
        "dt_proj.weight": (D_INNER, RANK),
        "dt_proj.bias": (D_INNER,),
        "out_proj.weight": (D_MODEL, D_INNER),
    }


def test_it_computes_the_recurrence(mamba):
    tokens = torch.randn(2, 9, D_MODEL, dtype=torch.float64)
    assert torch.allclose(mamba(tokens), recurrence(mamba, tokens), rtol=0, atol=1e-12)


def test_initial_values_are_the_papers(mamba):
    assert torch.allclose(torch.exp(mamba.A_log), torch.arange(1.0, 17.0).double().expand(D_INNER, 16), rtol=1e-6)
    assert torch.equal(mamba.D, torch.ones_like(mamba.D))
    step = F.softplus(mamba.dt_proj.bias.detach())
    assert float(step.min()) >= 0.99e-3
    assert float(step.max()) <= 1.01e-1


@pytest.mark.parametrize("space", [(3, 4), (2, 3, 4)])
def test_tokens_run_over_space_in_c_order(space):
    torch.manual_seed(0)
    layer = MambaLayer(D_MODEL).double()
    x = torch.randn(1, D_MODEL, *space, dtype=torch.float64)
    tokens = F.layer_norm(x.flatten(2).transpose(1, 2), (D_MODEL,))
    expected = recurrence(layer.mamba, tokens).transpose(1, 2).reshape(x.shape)
    assert torch.allclose(layer(x), expected, rtol=0, atol=1e-12)


def test_the_scan_only_looks_back():
    torch.manual_seed(0)
    layer = MambaLayer(4)
    x = torch.randn(1, 4, 2, 3, 4)
    changed = x.clone()
    changed[0, :, 1, 1, 2] += torch.tensor([1.0, -2.0, 0.5, 3.0])
    position = 1 * 12 + 1 * 4 + 2
    difference = (layer(changed) - layer(x)).detach().abs().flatten(2).sum((0, 1))
    assert float(difference[:position].max()) == 0
    assert float(difference[position]) > 0
    assert float(difference[position + 1]) > 0


def test_channel_tokens_run_over_channels():
    torch.manual_seed(0)
    layer = MambaLayer(D_MODEL, channel_token=True).double()
    x = torch.randn(2, 7, 4, 5, dtype=torch.float64)
    expected = recurrence(layer.mamba, F.layer_norm(x.flatten(2), (D_MODEL,))).reshape(x.shape)
    assert torch.allclose(layer(x), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    torch.manual_seed(0)
    layer = MambaLayer(8)
    x = torch.randn(1, 8, 3, 3).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x)
    assert out.dtype == torch.float32
    assert torch.equal(out, layer(x.float()))


def output_and_gradient(layer: MambaLayer, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What segmentations and maps are made of; torch's own gradients of parameters do depend on threads."""
    leaf = x.clone().requires_grad_()
    output = layer(leaf)
    return output, torch.autograd.grad(output.square().sum(), leaf)[0]


def test_the_number_of_threads_changes_no_bit():
    torch.manual_seed(0)
    layer = MambaLayer(24)
    x = torch.randn(2, 24, 3, 20, 25)
    before = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2, 3, 5):
            torch.set_num_threads(count)
            results.append(output_and_gradient(layer, x))
    finally:
        torch.set_num_threads(before)
    for result in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(result, results[0], strict=True))


def test_many_threads_compute_blocks_at_once():
    torch.manual_seed(0)
    layer = MambaLayer(24)
    windows = [torch.randn(1, 24, 2, 15, 20) for _ in range(6)]
    expected = [output_and_gradient(layer, window) for window in windows]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda window: output_and_gradient(layer, window), windows))
    for result, wanted in zip(results, expected, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(result, wanted, strict=True))


def test_a_weight_that_learns_costs_no_transposed_copies(monkeypatch):
    """torch.matmul makes them where the weight requires a gradient, even with gradients switched off."""
    layer = MambaLayer(8)
    monkeypatch.setattr(torch, "matmul", None)
    with torch.no_grad():
        assert layer(torch.randn(2, 8, 3, 3)).shape == (2, 8, 3, 3)


def test_the_backend_is_set_for_every_block():
    network = torch.nn.Sequential(MambaLayer(4), torch.nn.Conv2d(4, 4, 1), MambaLayer(4))
    set_scan_backend(network, "reference")
    assert [network[i].mamba.scan_backend for i in (0, 2)] == ["reference", "reference"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_block_of_mamba_ssm_maps_one_to_one_and_agrees():
    mamba_ssm = pytest.importorskip("mamba_ssm")
    torch.manual_seed(0)
    theirs = mamba_ssm.Mamba(D_MODEL).cuda()
    ours = Mamba(D_MODEL).cuda()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    tokens = torch.randn(2, 300, D_MODEL, device="cuda")
    with torch.no_grad():
        assert torch.allclose(ours(tokens), theirs(tokens), rtol=1e-4, atol=1e-5)
