"""What a scan is given: shapes and dtypes, checked once for every backend."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...errors import UsageError

FLOATING_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True)
class ScanArguments:
    """Checked arguments of one scan, as the caller gave them.

    Shapes: ``u``, ``delta``, ``z`` (batch, D, L); ``A`` (D, N); ``B``, ``C`` (D, N) or (batch, N, L) or
    (batch, G, N, L) with G dividing D; ``D``, ``delta_bias`` (D,). For complex ``A`` a time-varying ``B`` or ``C``
    is real with 2 L values that alternate between real and imaginary part, as in mamba-ssm.
    """

    u: torch.Tensor
    delta: torch.Tensor
    A: torch.Tensor
    B: torch.Tensor
    C: torch.Tensor
    D: torch.Tensor | None
    z: torch.Tensor | None
    delta_bias: torch.Tensor | None
    delta_softplus: bool

    def __post_init__(self) -> None:
        if self.u.dim() != 3 or 0 in self.u.shape:
            raise UsageError(
                f"The scan's input u has shape {tuple(self.u.shape)}.",
                "It must be (batch, channels, length), none of them 0.",
            )
        if self.u.dtype not in FLOATING_DTYPES:
            raise UsageError(f"The scan's input u has dtype {self.u.dtype}.", "Convert it to a floating-point dtype.")
        batch, channels, length = self.u.shape
        self._expect("delta", self.delta, (batch, channels, length))
        if self.A.dim() != 2 or self.A.shape[0] != channels or self.A.shape[1] == 0:
            raise UsageError(
                f"The scan's A has shape {tuple(self.A.shape)}.",
                f"With {channels} channels it must be ({channels}, N).",
            )
        for name, tensor in (("B", self.B), ("C", self.C)):
            self._check_projection(name, tensor)
        if self.D is not None:
            self._expect("D", self.D, (channels,))
        if self.z is not None:
            self._expect("z", self.z, (batch, channels, length))
        if self.delta_bias is not None:
            self._expect("delta_bias", self.delta_bias, (channels,))
        for name, tensor in self.tensors().items():
            if tensor.device != self.u.device:
                raise UsageError(
                    f"The scan's {name} is on {tensor.device}, its input u on {self.u.device}.",
                    "Move them to the same device.",
                )
            if tensor.is_complex() and not self.is_complex:
                raise UsageError(f"The scan's {name} is complex while A is real.", "Give A as complex as well.")

    @property
    def is_complex(self) -> bool:
        """Whether the state is complex."""
        return self.A.is_complex()

    @property
    def compute_dtype(self) -> torch.dtype:
        """float64 for float64 input, float32 for everything narrower."""
        return torch.float64 if self.u.dtype == torch.float64 else torch.float32

    def tensors(self) -> dict[str, torch.Tensor]:
        """The tensors that were given, by name."""
        named = {name: getattr(self, name) for name in ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")}
        return {name: tensor for name, tensor in named.items() if tensor is not None}

    def _expect(self, name: str, tensor: torch.Tensor, shape: tuple[int, ...]) -> None:
        if tuple(tensor.shape) != shape:
            raise UsageError(f"The scan's {name} has shape {tuple(tensor.shape)}.", f"It must be {shape}.")

    def _check_projection(self, name: str, tensor: torch.Tensor) -> None:
        batch, channels, length = self.u.shape
        states = self.A.shape[1]
        steps = 2 * length if self.is_complex else length
        shape = tuple(tensor.shape)
        if (
            shape == (channels, states)
            or shape == (batch, states, steps)
            or (
                len(shape) == 4
                and (shape[0], shape[2], shape[3]) == (batch, states, steps)
                and shape[1] > 0
                and channels % shape[1] == 0
            )
        ):
            return
        raise UsageError(
            f"The scan's {name} has shape {shape}.",
            f"It must be ({channels}, {states}), ({batch}, {states}, {steps}) or ({batch}, G, {states}, {steps}) "
            f"with G dividing {channels}.",
        )
