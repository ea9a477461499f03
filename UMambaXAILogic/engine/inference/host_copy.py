"""Results on their way from a GPU to main memory while the GPU computes on."""

from __future__ import annotations

import torch


class HostCopy:
    """A tensor that is copied to main memory in the background; on the CPU the tensor itself.

    Args:
        tensor: on any device.
        stays: it is wanted on its device.
    """

    def __init__(self, tensor: torch.Tensor, *, stays: bool = False) -> None:
        self._tensor = tensor
        self._arrived: torch.cuda.Event | None = None
        if tensor.device.type == "cuda" and not stays:
            self._tensor = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            self._tensor.copy_(tensor, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record(torch.cuda.current_stream(tensor.device))  # else that of torch's current GPU

    def on(self, device: torch.device) -> torch.Tensor:
        """The tensor on a device, complete."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._tensor.to(device)
