"""The layers that a network will have, known from its plans alone: ``layers.py`` finds the same in the network."""

from __future__ import annotations

from dataclasses import dataclass

from .topology import Topology

#: The layers of the paper, for networks of six stages and more.
PAPER_LAYERS = ("encoder.4", "encoder.5", "decoder.0", "decoder.1", "decoder.2", "decoder.3", "decoder.4")


@dataclass(frozen=True)
class PlannedLayer:
    """One feature map that a network will have; see ``layers.Layer`` for what the fields mean."""

    alias: str
    channel_token: bool = False
    is_last_decoder: bool = False


def default_layer_names(n_encoder_stages: int, n_decoder_stages: int) -> tuple[str, ...]:
    """Aliases that are explained where none are named.

    The paper's encoder.4, encoder.5 and decoder.0 ... decoder.4; for networks of fewer than six encoder stages the two
    deepest encoder stages and all decoder stages.
    """
    if n_encoder_stages >= 6:
        return PAPER_LAYERS
    deepest = tuple(f"encoder.{i}" for i in range(max(0, n_encoder_stages - 2), n_encoder_stages))
    return (*deepest, *(f"decoder.{j}" for j in range(n_decoder_stages)))


def umamba_layers(topology: Topology, architecture: str, is_legacy: bool) -> tuple[PlannedLayer, ...]:
    """Every layer of a U-Mamba network, in forward order.

    Args:
        architecture: ``UMambaBot`` or ``UMambaEnc``.
        is_legacy: U-Mamba as it was before 27 March 2024: Enc has a Mamba layer at every stage and no channel tokens.
    """
    layers = []
    for stage in range(topology.n_stages):
        if architecture == "UMambaBot":
            has_mamba = stage == topology.n_stages - 1
        else:
            has_mamba = is_legacy or topology.has_mamba(stage)
        channel_token = architecture == "UMambaEnc" and not is_legacy and topology.is_channel_token(stage)
        if has_mamba:
            layers.append(PlannedLayer(f"encoder.{stage}.conv"))
        layers.append(PlannedLayer(f"encoder.{stage}", channel_token=has_mamba and channel_token))
    return (*layers, *_decoder_layers(topology.n_stages - 1))


def unet_layers(n_stages: int) -> tuple[PlannedLayer, ...]:
    """Every layer of nnU-Net's own networks, in forward order."""
    return (*(PlannedLayer(f"encoder.{stage}") for stage in range(n_stages)), *_decoder_layers(n_stages - 1))


def _decoder_layers(n_stages: int) -> tuple[PlannedLayer, ...]:
    return tuple(PlannedLayer(f"decoder.{j}", is_last_decoder=j == n_stages - 1) for j in range(n_stages))
