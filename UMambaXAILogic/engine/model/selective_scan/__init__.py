"""The selective scan of Mamba (Gu and Dao, 2023) behind one interface, one file a backend.

For every batch item and channel d, with a state of N values x, and time steps l::

    dt[l] = softplus(delta[l] + delta_bias)            (softplus and bias where asked)
    x[l]  = exp(dt[l] A) x[l-1] + dt[l] u[l] B[l]
    y[l]  = (C[l] . x[l] + D u[l]) silu(z[l])          (skip D and gate z where given)

Backends: ``numba`` (fused, CPU), ``triton`` (fused, GPU), ``mamba-ssm`` (CUDA kernels), ``torch-chunked`` (any device,
bounded memory) and ``reference`` (the loop above, to check the others). ``choose_backend`` says which one a device
gets, and why.
"""

from __future__ import annotations

from .arguments import ScanArguments
from .choice import BACKENDS, Choice, available_backends, backend_obstacle, choose_backend, load_backend
from .interface import selective_scan

__all__ = [
    "BACKENDS",
    "Choice",
    "ScanArguments",
    "available_backends",
    "backend_obstacle",
    "choose_backend",
    "load_backend",
    "selective_scan",
]
