"""The numbers that shape a U-Net, read from plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

from ..errors import ModelError

#: No window can be halved more often.
MOST_STAGES = 32


def planned_stages(arch_kwargs: Mapping[str, Any]) -> int:
    """Number of encoder stages that plans ask for.

    Raises:
        ModelError: more than any network has; KeyError, TypeError, ValueError: no such number.
    """
    n_stages = int(arch_kwargs["n_stages"])
    if n_stages > MOST_STAGES:
        raise ModelError(f"The plans describe a U-Net of {n_stages} stages; at most {MOST_STAGES} are possible.")
    return n_stages


@dataclass(frozen=True)
class Topology:
    """Shape of a U-Net.

    Args:
        features: channels per encoder stage.
        kernel_sizes: per encoder stage and axis.
        strides: per encoder stage and axis.
        encoder_blocks: blocks per encoder stage, as planned.
        decoder_blocks: blocks per decoder stage, deepest first, as planned.
        patch_size: voxels per axis of one window.
    """

    features: tuple[int, ...]
    kernel_sizes: tuple[tuple[int, ...], ...]
    strides: tuple[tuple[int, ...], ...]
    encoder_blocks: tuple[int, ...]
    decoder_blocks: tuple[int, ...]
    patch_size: tuple[int, ...]

    def __post_init__(self) -> None:
        n_stages = len(self.features)
        if n_stages < 2:
            raise ModelError(f"The plans describe a U-Net of {n_stages} stage(s); at least 2 are needed.")
        lengths = {
            "kernel sizes": (len(self.kernel_sizes), n_stages),
            "strides": (len(self.strides), n_stages),
            "encoder block counts": (len(self.encoder_blocks), n_stages),
            "decoder block counts": (len(self.decoder_blocks), n_stages - 1),
        }
        for what, (found, expected) in lengths.items():
            if found != expected:
                raise ModelError(f"The plans list {found} {what} for a U-Net of {n_stages} stages, not {expected}.")
        if self.dimension not in (2, 3):
            raise ModelError(f"The patch size {list(self.patch_size)} is neither 2-D nor 3-D.")
        for what, sizes in (("kernel size", self.kernel_sizes), ("stride", self.strides)):
            for size in sizes:
                if len(size) != self.dimension or min(size) < 1:
                    raise ModelError(f"The {what} {list(size)} does not fit the patch size {list(self.patch_size)}.")
        if min(*self.features, *self.encoder_blocks, *self.decoder_blocks, *self.patch_size) < 1:
            raise ModelError(f"The plans contain a size below 1: {self}.")
        for axis, voxels in enumerate(self.patch_size):
            reduction = prod(stride[axis] for stride in self.strides)
            if voxels % reduction:
                raise ModelError(
                    f"The patch size {list(self.patch_size)} cannot be halved as the strides of its plans say: "
                    f"{voxels} is not a multiple of {reduction}."
                )

    @property
    def dimension(self) -> int:
        """2 or 3."""
        return len(self.patch_size)

    @property
    def n_stages(self) -> int:
        """Number of encoder stages."""
        return len(self.features)

    @property
    def umamba_encoder_blocks(self) -> tuple[int, ...]:
        """Blocks per encoder stage as U-Mamba builds them: one from the middle stage on, whatever was planned."""
        middle = ceil(self.n_stages / 2)
        return tuple(1 if stage >= middle else n for stage, n in enumerate(self.encoder_blocks))

    @property
    def umamba_decoder_blocks(self) -> tuple[int, ...]:
        """Blocks per decoder stage as U-Mamba builds them."""
        middle = ceil((self.n_stages - 1) / 2 + 0.5)
        return tuple(1 if stage >= middle else n for stage, n in enumerate(self.decoder_blocks))

    @property
    def map_sizes(self) -> tuple[tuple[int, ...], ...]:
        """Size of each encoder stage's feature map for one window (strides divide with rounding down)."""
        sizes, size = [], self.patch_size
        for stride in self.strides:
            size = tuple(voxels // step for voxels, step in zip(size, stride, strict=True))
            sizes.append(size)
        return tuple(sizes)

    def has_mamba(self, stage: int) -> bool:
        """Whether U-Mamba Enc puts a Mamba layer behind that encoder stage."""
        return self.dimension == 3 or stage % 2 != self.n_stages % 2

    def is_channel_token(self, stage: int) -> bool:
        """Whether U-Mamba Enc lets tokens run over channels there: no more voxels than channels."""
        return prod(self.map_sizes[stage]) <= self.features[stage]

    @classmethod
    def from_architecture(cls, arch_kwargs: Mapping[str, Any], patch_size: Sequence[int]) -> Topology:
        """Read ``architecture.arch_kwargs`` of current nnU-Net plans; numbers may stand for lists of equal entries.

        Raises:
            ModelError: an entry is missing or does not fit the others.
        """
        dimension = len(patch_size)
        try:
            n_stages = planned_stages(arch_kwargs)
            encoder_blocks = arch_kwargs.get("n_conv_per_stage", arch_kwargs.get("n_blocks_per_stage"))
            if encoder_blocks is None:
                raise KeyError("n_conv_per_stage")
            topology = cls(
                features=_per_stage(arch_kwargs["features_per_stage"], n_stages),
                kernel_sizes=_per_stage_and_axis(arch_kwargs["kernel_sizes"], n_stages, dimension),
                strides=_per_stage_and_axis(arch_kwargs["strides"], n_stages, dimension),
                encoder_blocks=_per_stage(encoder_blocks, n_stages),
                decoder_blocks=_per_stage(arch_kwargs["n_conv_per_stage_decoder"], n_stages - 1),
                patch_size=tuple(int(voxels) for voxels in patch_size),
            )
            if topology.n_stages != n_stages:
                raise ModelError(f"The plans give {topology.n_stages} feature counts for a U-Net of {n_stages} stages.")
            return topology
        except KeyError as error:
            raise ModelError(f"The plans' architecture has no entry {error}.") from error
        except (TypeError, ValueError) as error:
            raise ModelError(f"The plans' architecture cannot be read: {error}.") from error


def _per_stage(value: Any, n_stages: int) -> tuple[int, ...]:
    return (value,) * n_stages if isinstance(value, int) else tuple(int(entry) for entry in value)


def _per_stage_and_axis(value: Any, n_stages: int, dimension: int) -> tuple[tuple[int, ...], ...]:
    stages = (value,) * n_stages if isinstance(value, int) else value
    return tuple(_per_stage(entry, dimension) for entry in stages)
