"""The original U-Mamba network classes, from a checkout of bowang-lab/U-Mamba, able to run without CUDA.

The classes need ``mamba_ssm.Mamba``, whose package can be installed only with a CUDA compiler. Its own module is taken
from its source archive and given its own reference implementation of the scan, ``selective_scan_ref``; where its
compiled causal convolution is absent, that module falls back to torch's convolution by itself.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import torch
from scan_peers import selective_scan_ref, source_of_mamba_ssm
from torch import nn

from UMambaXAILogic.engine.model.topology import Topology

_CONVOLUTIONS = {2: (nn.Conv2d, nn.InstanceNorm2d), 3: (nn.Conv3d, nn.InstanceNorm3d)}


def original_network(checkout: Path, architecture: str, topology: Topology, channels: int, heads: int) -> nn.Module:
    """The original's network, freshly initialised, without deep supervision.

    Args:
        checkout: folder of the checkout.
        architecture: ``UMambaBot`` or ``UMambaEnc``.
        topology: shape of the U-Net, as planned.
        channels, heads: of the input and of the logits.
    """
    file = checkout / "umamba" / "nnunetv2" / "nets" / f"{architecture}_{topology.dimension}d.py"
    if not file.is_file():
        raise SystemExit(f"{checkout} is no checkout of bowang-lab/U-Mamba: there is no {file}.")
    convolution, norm = _CONVOLUTIONS[topology.dimension]
    with _mamba_ssm(), warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore", FutureWarning)  # it uses torch.cuda.amp
        network_class = getattr(_executed(file.read_text(), f"original_{file.stem}"), architecture)
        planned = {"input_size": topology.patch_size} if architecture == "UMambaEnc" else {}
        network: nn.Module = network_class(
            **planned,
            input_channels=channels,
            n_stages=topology.n_stages,
            features_per_stage=list(topology.features),
            conv_op=convolution,
            kernel_sizes=[list(size) for size in topology.kernel_sizes],
            strides=[list(stride) for stride in topology.strides],
            n_conv_per_stage=list(topology.encoder_blocks),
            num_classes=heads,
            n_conv_per_stage_decoder=list(topology.decoder_blocks),
            conv_bias=True,
            norm_op=norm,
            norm_op_kwargs={"eps": 1e-5, "affine": True},
            nonlin=nn.LeakyReLU,
            nonlin_kwargs={"inplace": True},
            deep_supervision=False,
        )
    return network.eval()


@contextlib.contextmanager
def _mamba_ssm() -> Iterator[None]:
    """``from mamba_ssm import Mamba`` works while this is the context."""
    interface = ModuleType("mamba_ssm.ops.selective_scan_interface")
    interface.selective_scan_fn = selective_scan_ref()  # type: ignore[attr-defined]
    interface.mamba_inner_fn = None  # type: ignore[attr-defined]  # used only beside the compiled convolution
    package, operations = ModuleType("mamba_ssm"), ModuleType("mamba_ssm.ops")
    package.__path__, operations.__path__ = [], []
    stand_ins = {module.__name__: module for module in (package, operations, interface)}
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        simple = _executed(source_of_mamba_ssm("mamba_ssm/modules/mamba_simple.py"), "original_mamba_simple")
        package.Mamba = simple.Mamba  # type: ignore[attr-defined]
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _executed(source: str, name: str) -> ModuleType:
    module = ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
    return module


def with_our_weights(original: nn.Module, ours: dict[str, torch.Tensor]) -> nn.Module:
    """The original with a state dict of this package's network, key for key."""
    original.load_state_dict(ours, strict=True)
    return original.requires_grad_(False)
