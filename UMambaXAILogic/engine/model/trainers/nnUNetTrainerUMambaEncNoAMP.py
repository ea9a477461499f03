"""Trains U-Mamba Enc in full precision, for data on which half precision gives NaN."""

from __future__ import annotations

import torch

from UMambaXAILogic.engine.model.trainers.nnUNetTrainerUMambaEnc import nnUNetTrainerUMambaEnc


class nnUNetTrainerUMambaEncNoAMP(nnUNetTrainerUMambaEnc):
    """``nnUNetTrainerUMambaEnc`` without automatic mixed precision."""

    def initialize(self) -> None:
        """Build everything, then shut autocast out of the network, and with it the gradient scaler."""
        super().initialize()
        self.grad_scaler = None
        network = self.network.module if self.is_ddp else self.network
        network.forward = torch.autocast(self.device.type, enabled=False)(network.forward)
