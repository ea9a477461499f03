"""Reading nnU-Net checkpoints without executing anything they contain.

A checkpoint is a pickle, and a pickle can name any function of any module to be called on loading. PyTorch's
restricted reader knows tensors and plain containers only. nnU-Net's checkpoints also hold NumPy scalars, in their
training log; those are swallowed by stand-ins that build nothing. Whatever else a file names is refused, by name.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import ModelError
from .architecture import LEGACY_PREFIX
from .archive import MAX_UNPACKED_BYTES
from .checkpoint_head import WRAPPER_PREFIXES, not_of_nnunet, unreadable, without_trainer

# torch's list of permitted names is one for the whole process.
_LIST_OF_PERMITTED_NAMES = threading.Lock()


class _NullDtype:
    """Stands where a NumPy dtype would be built."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, _state: Any) -> None:
        pass


def _null_scalar(*_: Any) -> None:
    """Stands where a NumPy scalar would be built."""


_STAND_INS: list[Any] = [
    (_null_scalar, "numpy.core.multiarray.scalar"),
    (_null_scalar, "numpy._core.multiarray.scalar"),
    (_NullDtype, "numpy.dtype"),
]


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says about its network.

    Args:
        path: the file.
        sha256: of the file, hexadecimal.
        weights: parameter name -> tensor on the CPU.
        trainer_name: class name of the trainer.
        configuration_name: ``3d_fullres`` and the like; None where the file does not say.
        mirroring_axes: spatial axes nnU-Net mirrors at inference; None where the model was trained without.
    """

    path: Path
    sha256: str
    weights: Mapping[str, Tensor]
    trainer_name: str
    configuration_name: str | None
    mirroring_axes: tuple[int, ...] | None

    @property
    def is_legacy_umamba(self) -> bool:
        """Whether the weights are of U-Mamba's networks as they were before 27 March 2024."""
        return "UMamba" in self.trainer_name and any(key.startswith(LEGACY_PREFIX) for key in self.weights)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that ``nnUNetTrainer.save_checkpoint`` wrote.

    Raises:
        ModelError: the file is missing, damaged, not an nnU-Net checkpoint, or asks for a function to be called.
    """
    content = read_restricted(path)
    if not isinstance(content, Mapping) or "network_weights" not in content:
        raise not_of_nnunet(path)
    trainer_name = content.get("trainer_name")
    if not isinstance(trainer_name, str):
        raise without_trainer(path)
    init_args = content.get("init_args")
    configuration = init_args.get("configuration") if isinstance(init_args, Mapping) else None
    return Checkpoint(
        path=path,
        sha256=sha256_of(path),
        weights=_plain_weights(path, content["network_weights"]),
        trainer_name=trainer_name,
        configuration_name=configuration if isinstance(configuration, str) else None,
        mirroring_axes=_mirroring_axes(path, content.get("inference_allowed_mirroring_axes")),
    )


def read_restricted(path: Path) -> Any:
    """Content of a ``torch.save`` file made of tensors and plain containers; NumPy scalars become None.

    Raises:
        ModelError: as for ``read_checkpoint``.
    """
    if not path.is_file():
        raise ModelError(f"The checkpoint {path} does not exist.")
    is_mappable = _check_archive(path)
    try:
        with _LIST_OF_PERMITTED_NAMES, torch.serialization.safe_globals(_STAND_INS):
            # Mapped, so that the optimiser's state, most of a checkpoint, is never read.
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_mappable)
    except pickle.UnpicklingError as error:
        raise _refusal(path, str(error)) from error
    except MemoryError:
        raise
    except Exception as error:  # the restricted reader meets damaged files with errors of every kind
        raise unreadable(path, str(error) or type(error).__name__) from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_archive(path: Path) -> bool:
    """Whether the file can be memory-mapped; refuses one that would unpack to an absurd size."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise unreadable(path, str(error)) from error
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise ModelError(f"{path} is a TorchScript program, not a checkpoint.", "Give a folder trained by nnU-Net v2.")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED_BYTES:
        raise ModelError(f"The checkpoint {path} would unpack to {unpacked / 2**30:.0f} GiB; it is not a real one.")
    return all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)


def _refusal(path: Path, reason: str) -> ModelError:
    named = re.search(r"GLOBAL (\S+)", reason)
    if named is None:
        return unreadable(path, reason.rpartition("WeightsUnpickler error: ")[2])
    return ModelError(
        f"The checkpoint {path} was refused: it asks for {named[1]!r} to be loaded, and only tensors and plain "
        "values are read from a model file, so that it cannot run code.",
        "If you trust its author, ask for a checkpoint as nnU-Net saves it.",
    )


def _plain_weights(path: Path, weights: Any) -> dict[str, Tensor]:
    if not isinstance(weights, Mapping) or not weights:
        raise ModelError(f"The 'network_weights' of {path} are not a set of named tensors.")
    plain: dict[str, Tensor] = {}
    copies: dict[tuple[int, torch.Size], Tensor] = {}  # names that share a tensor go on sharing it
    for key, value in weights.items():
        if not isinstance(key, str) or not isinstance(value, Tensor) or value.layout != torch.strided:
            raise ModelError(f"The entry {key!r} of the network weights of {path} is not a plain tensor.")
        name = key
        for prefix in WRAPPER_PREFIXES:
            name = name.removeprefix(prefix)
        # Copied, because the file is mapped: it may be deleted while the model is in use.
        plain[name] = copies.setdefault((value.data_ptr(), value.shape), value.clone())
    return plain


def _mirroring_axes(path: Path, axes: Any) -> tuple[int, ...] | None:
    if axes is None:
        return None
    if not isinstance(axes, (tuple, list)) or not all(isinstance(axis, int) and 0 <= axis < 3 for axis in axes):
        raise ModelError(f"The mirroring axes {axes!r} of {path} are not axis numbers 0, 1, 2.")
    return tuple(axes)
