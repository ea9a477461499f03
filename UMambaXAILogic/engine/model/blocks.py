"""Convolutional building blocks of the U-Mamba networks, with the original project's parameter names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.instancenorm import _InstanceNorm

from .state_aliases import add_state_aliases

CONVOLUTIONS: dict[int, Callable[..., nn.Module]] = {2: nn.Conv2d, 3: nn.Conv3d}
#: Maps of at most this many voxels are normalised in double precision on the CPU.
SMALL_MAP_VOXELS = 4096


class InstanceNorm(_InstanceNorm):
    """InstanceNorm as in the original networks: eps 1e-5, affine, no running statistics; 2-D or 3-D maps.

    Over the few voxels of deep maps, rounding in the mean and variance is what limits the whole network's accuracy:
    on the parity case UMambaEnc_3d the logits' error falls from 1.4e-5 to 5e-6 when small maps are normalised in double
    precision, and LeakyReLU kinks no longer flip in the gradients. It costs next to nothing there.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-5, affine=True)

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, *space) -> the same shape and type."""
        if input.dim() not in (4, 5):
            raise ValueError(f"expected a batch of 2-D or 3-D maps, not a tensor of shape {tuple(input.shape)}")
        is_small = input.device.type == "cpu" and input[0, 0].numel() <= SMALL_MAP_VOXELS
        dtype = torch.float64 if is_small and input.dtype == torch.float32 else input.dtype
        weight, bias = self.weight.to(dtype), self.bias.to(dtype)
        return F.instance_norm(input.to(dtype), weight=weight, bias=bias, eps=self.eps).to(input.dtype)


class ProjectedResidualBlock(nn.Module):
    """Two convolutions beside a strided 1x1 convolution; the first block of the stem and of every stage.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: per axis.
        stride: per axis, of the first convolution and of the 1x1 path.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Sequence[int], stride: Sequence[int]) -> None:
        super().__init__()
        dimension = len(kernel_size)
        convolution = CONVOLUTIONS[dimension]
        kernel, step = tuple(kernel_size), tuple(stride)
        padding = tuple(k // 2 for k in kernel)
        self.conv1 = convolution(in_channels, out_channels, kernel, stride=step, padding=padding)
        self.norm1 = InstanceNorm(out_channels)
        self.conv2 = convolution(out_channels, out_channels, kernel, padding=padding)
        self.norm2 = InstanceNorm(out_channels)
        self.conv3 = convolution(in_channels, out_channels, 1, stride=step)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, *space) -> (B, out_channels, *space / stride)."""
        y = F.leaky_relu_(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        y += self.conv3(x)
        return F.leaky_relu_(y)


class ConvolutionNorm(nn.Module):
    """One convolution and its InstanceNorm; a name of its own only because checkpoints have it."""

    def __init__(self, channels: int, kernel_size: Sequence[int]) -> None:
        super().__init__()
        dimension = len(kernel_size)
        padding = tuple((k - 1) // 2 for k in kernel_size)
        self.conv = CONVOLUTIONS[dimension](channels, channels, tuple(kernel_size), padding=padding)
        self.norm = InstanceNorm(channels)
        add_state_aliases(self, {"all_modules.0.": "conv.", "all_modules.1.": "norm."})

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class ResidualBlock(nn.Module):
    """Two convolutions beside the identity; every further block of a stage."""

    def __init__(self, channels: int, kernel_size: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = ConvolutionNorm(channels, kernel_size)
        self.conv2 = ConvolutionNorm(channels, kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, *space) -> the same shape."""
        y = self.conv2(F.leaky_relu_(self.conv1(x)))
        y += x
        return F.leaky_relu_(y)


def residual_stage(
    in_channels: int, out_channels: int, kernel_size: Sequence[int], stride: Sequence[int], n_blocks: int
) -> nn.Sequential:
    """A projected block followed by ``n_blocks - 1`` plain ones."""
    return nn.Sequential(
        ProjectedResidualBlock(in_channels, out_channels, kernel_size, stride),
        *(ResidualBlock(out_channels, kernel_size) for _ in range(n_blocks - 1)),
    )


class Upsample(nn.Module):
    """Nearest-neighbour upsampling and a 1x1 convolution.

    The two commute, so the convolution runs on the coarse grid: an eighth of the work, the same values.
    """

    def __init__(self, in_channels: int, out_channels: int, factor: Sequence[int]) -> None:
        super().__init__()
        self.conv = CONVOLUTIONS[len(factor)](in_channels, out_channels, 1)
        self.factor = tuple(float(f) for f in factor)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, *space) -> (B, out_channels, *space x factor)."""
        return F.interpolate(self.conv(x), scale_factor=self.factor, mode="nearest")


def concatenate_skip(x: Tensor, skip: Tensor) -> Tensor:
    """Upsampled features first, then the encoder's: the order of the original networks."""
    return torch.cat((x, skip), 1)
