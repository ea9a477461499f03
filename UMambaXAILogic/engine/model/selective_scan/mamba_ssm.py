"""The CUDA kernels of mamba-ssm, where they are installed.

They compute in float32 and take less than this project's interface: u, delta, z, B and C of one dtype, parameters in
float32, no float64. The arguments are converted where that is exact and refused where it is not.
"""

from __future__ import annotations

import importlib

import torch

from ...errors import UsageError
from .arguments import ScanArguments

MAX_STATES = 256
"""Largest N the kernels are compiled for."""


def misfit(arguments: ScanArguments) -> str | None:
    """Why the kernels do not compute this scan, or None."""
    states = arguments.A.shape[1]
    if arguments.u.dtype == torch.float64:
        return "mamba-ssm does not compute in float64."
    return f"mamba-ssm computes at most {MAX_STATES} states a channel, not {states}." if states > MAX_STATES else None


def scan(arguments: ScanArguments, return_last_state: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Compute the scan; see ``selective_scan``. The last state carries no gradient here."""
    reason = misfit(arguments)
    if reason is not None:
        raise UsageError(reason, 'Use backend="torch-chunked".')
    function = importlib.import_module("mamba_ssm.ops.selective_scan_interface").selective_scan_fn
    dtype = arguments.u.dtype
    result = function(
        arguments.u,
        arguments.delta.to(dtype),
        arguments.A.float(),
        _projection(arguments.B, dtype),
        _projection(arguments.C, dtype),
        D=_parameter(arguments.D),
        z=None if arguments.z is None else arguments.z.to(dtype),
        delta_bias=_parameter(arguments.delta_bias),
        delta_softplus=arguments.delta_softplus,
        return_last_state=return_last_state,
    )
    return result if return_last_state else (result, None)


def _projection(projection: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A constant projection is a parameter in float32; one that varies in time has the dtype of the input."""
    return projection.float() if projection.dim() == 2 else projection.to(dtype)


def _parameter(parameter: torch.Tensor | None) -> torch.Tensor | None:
    return None if parameter is None else parameter.float()
