"""From plans to a network, for every architecture this package knows; nothing named in a file is imported."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from dynamic_network_architectures.initialization.weight_init import InitWeights_He
from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager, PlansManager
from torch import nn

from ..errors import ModelError
from .architecture import architecture_of
from .legacy import LegacyUMambaBot, LegacyUMambaEnc
from .plans import check_configuration_name, unreadable_configuration
from .small_convolutions import use_onednn
from .topology import Topology
from .umamba import UMambaBot, UMambaEnc

#: The classes of ``NNUNET_ARCHITECTURES``.
_NNUNET_NETWORKS: dict[str, type[PlainConvUNet] | type[ResidualEncoderUNet]] = {
    "PlainConvUNet": PlainConvUNet,
    "ResidualEncoderUNet": ResidualEncoderUNet,
}
_UMAMBA_NETWORKS: dict[tuple[str, bool], Callable[[Topology, int, int, bool], nn.Module]] = {
    ("UMambaBot", False): UMambaBot,
    ("UMambaEnc", False): UMambaEnc,
    ("UMambaBot", True): LegacyUMambaBot,
    ("UMambaEnc", True): LegacyUMambaEnc,
}
#: Classes that plans may name as building blocks.
_BUILDING_BLOCKS = (
    nn.Conv2d, nn.Conv3d, nn.InstanceNorm2d, nn.InstanceNorm3d, nn.BatchNorm2d, nn.BatchNorm3d,
    nn.Dropout2d, nn.Dropout3d, nn.LeakyReLU, nn.ReLU, nn.GELU, nn.SiLU,
)  # fmt: skip


def build_network(
    trainer_name: str,
    configuration: ConfigurationManager,
    num_input_channels: int,
    num_outputs: int,
    deep_supervision: bool,
    *,
    legacy: bool = False,
) -> nn.Module:
    """The freshly initialised network that ``trainer_name`` trains on this configuration.

    Args:
        trainer_name: class name of the trainer.
        configuration: the configuration of the plans that is trained.
        num_input_channels: channels of the input.
        num_outputs: segmentation heads: labels with background, or regions.
        deep_supervision: return logits of every decoder stage, finest first.
        legacy: U-Mamba as it was before 27 March 2024, see ``legacy.py``.

    Raises:
        ModelError: unknown network, or plans that do not describe one.
    """
    architecture = architecture_of(trainer_name, configuration.network_arch_class_name)
    if architecture in _NNUNET_NETWORKS:
        return _build_nnunet(
            _NNUNET_NETWORKS[architecture], configuration, num_input_channels, num_outputs, deep_supervision
        )
    topology = Topology.from_architecture(configuration.network_arch_init_kwargs, configuration.patch_size)
    network = _UMAMBA_NETWORKS[architecture, legacy](topology, num_input_channels, num_outputs, deep_supervision)
    network.apply(InitWeights_He(1e-2))
    return use_onednn(network)


def _build_nnunet(
    network_class: type[PlainConvUNet] | type[ResidualEncoderUNet],
    configuration: ConfigurationManager,
    num_input_channels: int,
    num_outputs: int,
    deep_supervision: bool,
) -> nn.Module:
    arch_kwargs: dict[str, Any] = dict(configuration.network_arch_init_kwargs)
    for name in configuration.network_arch_init_kwargs_req_import:
        if arch_kwargs.get(name) is not None:
            arch_kwargs[name] = _building_block(str(arch_kwargs[name]))
    arch_kwargs["deep_supervision"] = deep_supervision
    try:
        network = network_class(input_channels=num_input_channels, num_classes=num_outputs, **arch_kwargs)
    except (TypeError, ValueError, AssertionError, AttributeError) as error:
        raise ModelError(f"The plans do not describe a {network_class.__name__}: {error}.") from error
    network.apply(network_class.initialize)
    return network


def _building_block(name: str) -> type[nn.Module]:
    """The class of an allow-list that ``name`` (``torch.nn.modules.conv.Conv3d``) means; nothing is imported."""
    for block in _BUILDING_BLOCKS:
        if name in (f"{block.__module__}.{block.__name__}", f"torch.nn.{block.__name__}"):
            return block
    raise ModelError(
        f"The plans ask for {name!r} as a part of the network, which is not on the list of known parts.",
        f"Known are: {', '.join('torch.nn.' + block.__name__ for block in _BUILDING_BLOCKS)}.",
    )


def configuration_manager(plans_manager: PlansManager, name: str) -> ConfigurationManager:
    """One configuration of the plans; the flat plans of U-Mamba's fork (nnU-Net 2.1) are converted by nnU-Net.

    Raises:
        ModelError: there is no such configuration, or it lacks an entry.
    """
    check_configuration_name(plans_manager.plans, name)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Detected old nnU-Net plans format")
        try:
            return plans_manager.get_configuration(name)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise unreadable_configuration(name, error) from error
