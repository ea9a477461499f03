"""Memory for results of the compiled kernels."""

from __future__ import annotations

import numpy as np
import torch

NUMPY_DTYPES = {torch.float32: np.float32, torch.float64: np.float64, torch.bfloat16: np.uint16}
"""What the kernels take tensors of a dtype for; numpy does not know bfloat16, whose bits they get."""


def empty(shape: tuple[int, ...] | torch.Size, dtype: torch.dtype) -> torch.Tensor:
    """An uninitialised CPU tensor of float32, float64 or bfloat16.

    It lies in numpy's memory, because numpy asks Linux for huge pages where an array is large and torch does not:
    bringing in a fresh page costs as much as a third of the scan.
    """
    tensor = torch.from_numpy(np.empty(tuple(shape), NUMPY_DTYPES[dtype]))
    return tensor.view(dtype) if dtype == torch.bfloat16 else tensor


def array_of(tensor: torch.Tensor) -> np.ndarray:
    """The tensor's memory as the kernels see it; bfloat16 as its bits in uint16."""
    tensor = tensor.detach()
    return (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
