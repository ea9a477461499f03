"""What a checkpoint says about itself, read without torch and without unpickling anything.

A file of ``torch.save`` begins with a pickle, and the numbers follow it. The pickle is a list of instructions; here it
is only listed (``pickletools``), nothing is built or called, and texts are looked up in the list.
"""

from __future__ import annotations

import contextlib
import io
import pickletools
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..errors import ModelError
from .architecture import LEGACY_PREFIX

#: Prefixes that data-parallel training and ``torch.compile`` put before parameter names.
WRAPPER_PREFIXES = ("module.", "_orig_mod.")
#: A thousand epochs' log and the names of a large network fit ten times over.
MAX_HEAD_BYTES = 16 * 2**20
_READ_AT_ONCE = 2**20
_ZIP_HEADER = struct.Struct("<4s5H3I2H")
_ZIP_MAGIC, _PICKLE_MAGIC = b"PK\x03\x04", b"\x80"
#: Pickles before the content in files of torch before 1.6: a magic number, a version, facts about the system.
_LEADING_PICKLES = 3
_TEXTS = ("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
_NUMBERS = ("BININT", "BININT1", "BININT2")
_TUPLES = ("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")
_PUTS, _GETS = ("BINPUT", "LONG_BINPUT", "MEMOIZE"), ("BINGET", "LONG_BINGET")


@dataclass(frozen=True)
class CheckpointHead:
    """What was found.

    Args:
        path: the file.
        trainer_name: class name of the trainer.
        configuration_name: ``3d_fullres`` and the like; None where the file does not say.
        is_legacy_umamba: the weights are of U-Mamba's networks as they were before 27 March 2024.
        mirrors: whether nnU-Net mirrors along any axis at inference.
    """

    path: Path
    trainer_name: str
    configuration_name: str | None
    is_legacy_umamba: bool
    mirrors: bool


def read_head(path: Path) -> CheckpointHead:
    """Look into a checkpoint, or into the beginning that ``copy_head`` made of one.

    Raises:
        ModelError: the file cannot be read, or is no checkpoint of nnU-Net.
    """
    try:
        with path.open("rb") as file:
            tokens = _tokens(file.read(MAX_HEAD_BYTES))
    except (OSError, ValueError) as error:
        raise unreadable(path, str(error)) from error
    texts = {token for token in tokens if isinstance(token, str)}
    if "network_weights" not in texts:
        raise not_of_nnunet(path)
    trainer, configuration = _after(tokens, "trainer_name"), _after(tokens, "configuration")
    if not isinstance(trainer, str):
        raise without_trainer(path)
    axes = _after(tokens, "inference_allowed_mirroring_axes")
    return CheckpointHead(
        path=path,
        trainer_name=trainer,
        configuration_name=configuration if isinstance(configuration, str) else None,
        is_legacy_umamba="UMamba" in trainer and any(_plain(text).startswith(LEGACY_PREFIX) for text in texts),
        mirrors=axes is not None and axes != (),
    )


def copy_head(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy at least as much of a checkpoint as ``read_head`` needs to say the same of the copy."""
    target.write(_beginning(source))


def unreadable(path: Path, reason: str) -> ModelError:
    """What to raise for a damaged checkpoint."""
    first_line = next(iter(reason.strip().splitlines()), "").partition(". ")[0].rstrip(".")
    return ModelError(
        f"The checkpoint {path} cannot be read ({first_line or 'no reason given'}).",
        "It is damaged, cut short, or not a checkpoint: copy it again.",
    )


def not_of_nnunet(path: Path) -> ModelError:
    """What to raise for another program's file."""
    return ModelError(
        f"{path} is not an nnU-Net checkpoint: it holds no 'network_weights'.",
        "Give a folder trained by nnU-Net v2; models of nnU-Net v1 and bare weight files cannot be used.",
    )


def without_trainer(path: Path) -> ModelError:
    """What to raise where nothing says which network it is."""
    return ModelError(f"{path} does not name its trainer, so its network is unknown.")


def _beginning(source: IO[bytes]) -> bytes:
    """As much as holds the whole pickle, where there is one within the limit."""
    begun = b""
    while more := source.read(min(_READ_AT_ONCE, MAX_HEAD_BYTES - len(begun))):
        begun += more
        with contextlib.suppress(ValueError):  # it goes on, or is no checkpoint: whoever reads it finds out
            _tokens(begun)
            break
    return begun


def _tokens(content: bytes) -> list[Any]:
    """Texts, whole numbers, None and tuples of whole numbers of a checkpoint's pickle, in its order; else ``...``.

    Raises:
        ValueError: it is no checkpoint, or not all of it.
    """
    if content.startswith(_ZIP_MAGIC) and len(content) >= _ZIP_HEADER.size:
        header = _ZIP_HEADER.unpack_from(content)
        compression, name_length, extra_length = header[3], header[9], header[10]
        name = content[_ZIP_HEADER.size : _ZIP_HEADER.size + name_length]
        if compression == 0 and name.endswith(b"data.pkl"):
            return _one_pickle(io.BytesIO(content[_ZIP_HEADER.size + name_length + extra_length :]))
    elif content.startswith(_PICKLE_MAGIC):
        stream = io.BytesIO(content)
        for _ in range(_LEADING_PICKLES):
            _one_pickle(stream)
        return _one_pickle(stream)
    raise ValueError("it does not begin as torch saves a checkpoint")


def _one_pickle(stream: io.BytesIO) -> list[Any]:
    tokens: list[Any] = []
    memo: dict[int, Any] = {}
    numbers: list[int] = []
    latest: Any = ...
    for opcode, argument, _place in pickletools.genops(stream):
        name = opcode.name
        if name in _PUTS:
            memo[len(memo) if argument is None else int(argument)] = latest
            continue
        if name == "MARK":
            continue
        if name in _NUMBERS:
            latest = argument
            numbers.append(latest)
        else:
            if name in _TEXTS:
                latest = argument
            elif name in _GETS:
                latest = ... if argument is None else memo.get(int(argument), ...)
            elif name in _TUPLES:
                latest = tuple(numbers)
            else:
                latest = None if name == "NONE" else ...
            numbers = []
        tokens.append(latest)
    return tokens


def _after(tokens: list[Any], key: str) -> Any:
    """What the last entry called ``key`` is, None where there is none; ``...`` for what tokens do not tell."""
    places = [place for place, token in enumerate(tokens) if token == key and isinstance(token, str)]
    if not places:
        return None
    for token in tokens[places[-1] + 1 :]:
        if not isinstance(token, int):  # the numbers of a tuple come before it
            return token
    return ...


def _plain(name: str) -> str:
    for prefix in WRAPPER_PREFIXES:
        name = name.removeprefix(prefix)
    return name
