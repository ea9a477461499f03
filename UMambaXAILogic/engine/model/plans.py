"""One configuration of plans.json, in either of its formats, without nnU-Net's own reader, which needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ModelError

_NETWORKS = {
    "PlainConvUNet": ("dynamic_network_architectures.architectures.unet.PlainConvUNet", "n_conv_per_stage"),
    "ResidualEncoderUNet": (
        "dynamic_network_architectures.architectures.residual_unet.ResidualEncoderUNet",
        "n_blocks_per_stage",
    ),
}


def check_configuration_name(plans: Mapping[str, Any], name: str) -> None:
    """Raise ``ModelError`` where the plans have no configuration of that name."""
    available = plans["configurations"]
    if name not in available:
        raise ModelError(f"The plans have no configuration {name!r}.", f"They have: {', '.join(available)}.")


def unreadable_configuration(name: str, reason: object) -> ModelError:
    """What to raise where a configuration lacks an entry."""
    return ModelError(f"Configuration {name!r} of the plans cannot be read: {reason}.")


def network_configuration(plans: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A configuration with what it inherits, and with its network in the format of nnU-Net 2.8.

    The flat format of nnU-Net 2.1, on which U-Mamba's fork rests, names the numbers of a U-Net one by one. What does
    not depend on them (norms, nonlinearities) is left out of ``arch_kwargs``.

    Args:
        plans: content of plans.json.

    Raises:
        ModelError: there is no such configuration, or it lacks an entry.
    """
    check_configuration_name(plans, name)
    try:
        configuration = _inherited(plans["configurations"], name, ())
        if "architecture" not in configuration:
            configuration["architecture"] = _nested(configuration)
        architecture = configuration["architecture"]
        for entry in ("network_class_name", "arch_kwargs"):
            if entry not in architecture:
                raise KeyError(entry)
        return configuration
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise unreadable_configuration(name, error) from error


def _inherited(configurations: Mapping[str, Any], name: str, visited: tuple[str, ...]) -> dict[str, Any]:
    if name in visited:
        raise RuntimeError(f"it inherits from itself ({' from '.join((*visited, name))})")
    own = dict(configurations[name])
    parent = own.get("inherits_from")
    return own if parent is None else {**_inherited(configurations, parent, (*visited, name)), **own}


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    class_name, blocks = _NETWORKS[flat["UNet_class_name"]]
    n_stages = len(flat["n_conv_per_stage_encoder"])
    base, most = flat["UNet_base_num_features"], flat["unet_max_num_features"]
    return {
        "network_class_name": class_name,
        "arch_kwargs": {
            "n_stages": n_stages,
            "features_per_stage": [min(base * 2**stage, most) for stage in range(n_stages)],
            "kernel_sizes": flat["conv_kernel_sizes"],
            "strides": flat["pool_op_kernel_sizes"],
            blocks: flat["n_conv_per_stage_encoder"],
            "n_conv_per_stage_decoder": flat["n_conv_per_stage_decoder"],
        },
    }
