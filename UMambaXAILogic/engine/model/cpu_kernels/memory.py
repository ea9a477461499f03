"""Memory for results of the compiled kernels."""

from __future__ import annotations

import numpy as np
import torch

_NUMPY_DTYPES = {torch.float32: np.float32, torch.float64: np.float64}


def empty(shape: tuple[int, ...] | torch.Size, dtype: torch.dtype) -> torch.Tensor:
    """An uninitialised CPU tensor of float32 or float64.

    It lies in numpy's memory, because numpy asks Linux for huge pages where an array is large and torch does not:
    bringing in a fresh page costs as much as a third of the scan.
    """
    return torch.from_numpy(np.empty(tuple(shape), _NUMPY_DTYPES[dtype]))
