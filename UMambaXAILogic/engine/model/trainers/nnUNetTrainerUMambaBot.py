"""Trains U-Mamba Bot: a residual U-Net with one Mamba layer at the bottleneck."""

from __future__ import annotations

from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager, PlansManager
from torch import nn

from UMambaXAILogic.engine.model.builder import build_network


class nnUNetTrainerUMambaBot(nnUNetTrainer):
    """nnU-Net's training of U-Mamba Bot, on any device; the scan uses the best backend the device has."""

    @staticmethod
    def build_network_architecture(
        plans_manager: PlansManager,
        configuration_manager: ConfigurationManager,
        num_input_channels: int,
        num_output_channels: int,
        enable_deep_supervision: bool = True,
    ) -> nn.Module:
        """The network of these plans; nnU-Net calls this for training and for prediction."""
        return build_network(
            "nnUNetTrainerUMambaBot",
            configuration_manager,
            num_input_channels,
            num_output_channels,
            deep_supervision=enable_deep_supervision,
        )

    def _do_i_compile(self) -> bool:
        """Never: torch.compile cannot look into the scan's kernels."""
        return False
