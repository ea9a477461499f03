"""Which networks this program knows, by name; no torch is needed to tell them apart."""

from __future__ import annotations

from typing import Any

from ..errors import ModelError

#: Only the trainer's name reveals U-Mamba: its plans name a plain U-Net. Variants append to the name
#: (``nnUNetTrainerUMambaEncNoAMP``), so its beginning decides.
UMAMBA_TRAINERS = {
    "nnUNetTrainerUMambaBot": "UMambaBot",
    "nnUNetTrainerUMambaEnc": "UMambaEnc",
}
#: Network classes of nnU-Net's own plans that can be explained, by the last part of their name.
NNUNET_ARCHITECTURES = ("PlainConvUNet", "ResidualEncoderUNet")
ARCHITECTURES = (*UMAMBA_TRAINERS.values(), *NNUNET_ARCHITECTURES)
#: How U-Mamba's networks as they were before 27 March 2024 name their first block.
LEGACY_PREFIX = "encoder.stem.convs."


def architecture_of(trainer_name: str, network_class_name: Any) -> str:
    """The architecture a trainer builds: a member of ``ARCHITECTURES``.

    Args:
        trainer_name: class name of the trainer, as checkpoints store it.
        network_class_name: what the plans name.

    Raises:
        ModelError: neither the trainer nor the plans name a known network.
    """
    for known, architecture in UMAMBA_TRAINERS.items():
        if trainer_name.startswith(known):
            return architecture
    short_name = str(network_class_name).rpartition(".")[2]
    if short_name not in NNUNET_ARCHITECTURES:
        raise ModelError(
            f"The network {network_class_name!r} (trainer {trainer_name!r}) is not one this program knows.",
            f"Models with {', '.join(ARCHITECTURES)} can be used.",
        )
    return short_name
