"""The Mamba block (Gu and Dao 2023, arXiv 2312.00752) and U-Mamba's layer around it."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from .causal_conv import causal_conv1d
from .selective_scan import selective_scan

_HALF_PRECISION = (torch.float16, torch.bfloat16)


class Mamba(nn.Module):
    """A selective state-space block; its state dict is that of ``mamba_ssm.Mamba`` with default options.

    Args:
        d_model: features per token.
        d_state: size of the state per channel.
        d_conv: taps of the causal depthwise convolution.
        expand: inner width as a multiple of ``d_model``.
    """

    def __init__(self, d_model: int, d_state: int = 16, d_conv: int = 4, expand: int = 2) -> None:
        super().__init__()
        self.d_model = d_model
        self.d_state = d_state
        self.d_inner = expand * d_model
        self.dt_rank = math.ceil(d_model / 16)
        #: Backend of the selective scan, see ``selective_scan``; set for a whole network by ``set_scan_backend``.
        self.scan_backend = "auto"
        self.in_proj = nn.Linear(d_model, 2 * self.d_inner, bias=False)
        self.conv1d = nn.Conv1d(self.d_inner, self.d_inner, d_conv, groups=self.d_inner, padding=d_conv - 1)
        self.x_proj = nn.Linear(self.d_inner, self.dt_rank + 2 * d_state, bias=False)
        self.dt_proj = nn.Linear(self.dt_rank, self.d_inner)
        self.A_log = nn.Parameter(torch.empty(self.d_inner, d_state))
        self.D = nn.Parameter(torch.empty(self.d_inner))
        self.out_proj = nn.Linear(self.d_inner, d_model, bias=False)
        self._reset_state_space()

    def _reset_state_space(self) -> None:
        """Initial values of the paper: A = -(1 ... N) (S4D-real), D = 1, steps log-uniform in [0.001, 0.1]."""
        step_min, step_max, step_floor = 1e-3, 1e-1, 1e-4
        bound = self.dt_rank**-0.5
        with torch.no_grad():
            nn.init.uniform_(self.dt_proj.weight, -bound, bound)
            step = torch.exp(torch.empty(self.d_inner).uniform_(math.log(step_min), math.log(step_max)))
            step.clamp_(min=step_floor)
            self.dt_proj.bias.copy_(step + torch.log(-torch.expm1(-step)))  # softplus of the bias is the step
            self.A_log.copy_(torch.log(torch.arange(1, self.d_state + 1, dtype=torch.float32)).expand_as(self.A_log))
            self.D.fill_(1.0)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, L, d_model) -> (B, L, d_model).

        Everything between the projections is laid out (B, channels, L), which is what the scan reads, so that
        no transposed copy is made.
        """
        x, z = _project(self.in_proj.weight, tokens.transpose(1, 2)).chunk(2, dim=1)
        x = causal_conv1d(x, self.conv1d.weight.squeeze(1), self.conv1d.bias, activation="silu")
        delta, b, c = _project(self.x_proj.weight, x).split([self.dt_rank, self.d_state, self.d_state], dim=1)
        delta = _project(self.dt_proj.weight, delta)
        y = selective_scan(
            x,
            delta,
            -torch.exp(self.A_log),
            b,
            c,
            D=self.D,
            z=z,
            delta_bias=self.dt_proj.bias,
            delta_softplus=True,
            backend=self.scan_backend,
        )
        return _project(self.out_proj.weight, cast(Tensor, y)).transpose(1, 2)


def _project(weight: Tensor, x: Tensor) -> Tensor:
    """(m, n) times (B, n, L) as (B, m, L).

    ``torch.matmul`` would make transposed copies of input and result where the weight requires a gradient, even with
    gradients switched off: half of the block's time.
    """
    return torch.bmm(weight.expand(len(x), -1, -1), x)


class MambaLayer(nn.Module):
    """LayerNorm and Mamba over a feature map, without a residual path.

    Tokens run in C order over space (z, y, x), each with one feature per channel. In channel-token mode, used
    where a map has no more voxels than channels, tokens are the channels and features the voxels; such a layer
    fits one map size only.

    Args:
        dim: channels, or the number of voxels in channel-token mode.
        channel_token: see above.
    """

    def __init__(self, dim: int, channel_token: bool = False) -> None:
        super().__init__()
        self.dim = dim
        self.channel_token = channel_token
        self.norm = nn.LayerNorm(dim)
        self.mamba = Mamba(dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, *space) -> (B, C, *space); half precision is computed and returned in float32."""
        with torch.autocast(x.device.type, enabled=False):
            if x.dtype in _HALF_PRECISION:
                x = x.float()
            tokens = x.flatten(2)
            if self.channel_token:
                return self.mamba(self.norm(tokens)).reshape(x.shape)
            return self.mamba(self.norm(tokens.transpose(1, 2))).transpose(1, 2).reshape(x.shape)


def set_scan_backend(network: nn.Module, name: str) -> None:
    """Let every Mamba block of ``network`` use the selective-scan backend ``name``; ``auto``: the best there is."""
    for module in network.modules():
        if isinstance(module, Mamba):
            module.scan_backend = name
