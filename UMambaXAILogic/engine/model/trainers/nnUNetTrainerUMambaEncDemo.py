"""The reduced schedule of the demo model: minutes on two CPU cores instead of days on a GPU."""

from __future__ import annotations

import numpy as np
import torch
from batchgeneratorsv2.helpers.scalar_type import RandomScalar
from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform
from batchgeneratorsv2.transforms.intensity.brightness import MultiplicativeBrightnessTransform
from batchgeneratorsv2.transforms.intensity.contrast import BGContrast
from batchgeneratorsv2.transforms.intensity.gaussian_noise import GaussianNoiseTransform
from batchgeneratorsv2.transforms.spatial.mirroring import MirrorTransform
from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms
from batchgeneratorsv2.transforms.utils.deep_supervision_downsampling import DownsampleSegForDSTransform
from batchgeneratorsv2.transforms.utils.random import RandomTransform
from batchgeneratorsv2.transforms.utils.remove_label import RemoveLabelTansform
from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
from torch.optim import AdamW, Optimizer

from UMambaXAILogic.engine.model.trainers.nnUNetTrainerUMambaEnc import nnUNetTrainerUMambaEnc

SEED = 20251213


class nnUNetTrainerUMambaEncDemo(nnUNetTrainerUMambaEnc):
    """A short training with cheap augmentation, saved after every epoch so that ``--c`` loses little.

    AdamW reaches a usable network in far fewer steps than SGD with nnU-Net's momentum. There is no rotation, scaling
    or blur: resampling patches would take as long as training on them on two cores. Only left and right are
    exchanged, the one symmetry a head has.
    """

    def __init__(
        self,
        plans: dict,
        configuration: str,
        fold: int,
        dataset_json: dict,
        device: torch.device = torch.device("cuda"),  # noqa: B008 - nnU-Net's own signature
    ) -> None:
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.initial_lr = 3e-3
        self.weight_decay = 1e-2
        self.num_epochs = 16
        self.num_iterations_per_epoch = 30
        self.num_val_iterations_per_epoch = 4
        self.save_every = 1
        self.oversample_foreground_percent = 0.6
        self.probabilistic_oversampling = True  # batches of one window have no share to oversample

    def on_train_start(self) -> None:
        """Seed what draws patches and augments them, then start as nnU-Net does."""
        np.random.seed(SEED + self.current_epoch)  # noqa: NPY002 - nnU-Net's loader draws from the global generator
        torch.manual_seed(SEED + self.current_epoch)
        super().on_train_start()

    def configure_optimizers(self) -> tuple[Optimizer, PolyLRScheduler]:
        """AdamW, decaying to zero."""
        optimizer = AdamW(self.network.parameters(), self.initial_lr, weight_decay=self.weight_decay)
        return optimizer, PolyLRScheduler(optimizer, self.initial_lr, self.num_epochs)

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(
        self,
    ) -> tuple[tuple[float, float], bool, list[int], tuple[int, ...]]:
        """No rotation, hence no larger patch to rotate; mirror the last axis, left-right in patient space."""
        mirror_axes = (len(self.configuration_manager.patch_size) - 1,)
        self.inference_allowed_mirroring_axes = mirror_axes
        return (0.0, 0.0), False, list(self.configuration_manager.patch_size), mirror_axes

    @staticmethod
    def get_training_transforms(
        patch_size: np.ndarray | tuple[int, ...],
        rotation_for_DA: RandomScalar,
        deep_supervision_scales: list | tuple | None,
        mirror_axes: tuple[int, ...],
        do_dummy_2d_data_aug: bool,
        **_: object,
    ) -> BasicTransform:
        """Mild noise and brightness, and mirroring; plain labels only."""
        transforms: list[BasicTransform] = [
            RandomTransform(
                GaussianNoiseTransform(noise_variance=(0, 0.01), p_per_channel=1, synchronize_channels=True),
                apply_probability=0.2,
            ),
            RandomTransform(
                MultiplicativeBrightnessTransform(
                    multiplier_range=BGContrast((0.9, 1.1)), synchronize_channels=False, p_per_channel=1
                ),
                apply_probability=0.2,
            ),
            MirrorTransform(allowed_axes=mirror_axes),
            RemoveLabelTansform(-1, 0),
        ]
        if deep_supervision_scales is not None:
            transforms.append(DownsampleSegForDSTransform(ds_scales=deep_supervision_scales))
        return ComposeTransforms(transforms)
