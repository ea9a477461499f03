"""Which network a folder's checkpoints are of: they and the folder's name say so together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ..errors import ModelError
from .folder import TrainedFolder


class NamesItsNetwork(Protocol):
    """A checkpoint, or its beginning."""

    @property
    def path(self) -> Path: ...
    @property
    def trainer_name(self) -> str: ...
    @property
    def configuration_name(self) -> str | None: ...
    @property
    def is_legacy_umamba(self) -> bool: ...


def trained_configuration(
    folder: TrainedFolder, checkpoints: Mapping[int | str, NamesItsNetwork], configuration: str | None
) -> str:
    """The name of the configuration that all these checkpoints were trained in.

    Args:
        checkpoints: of the folds that are used, at least one.
        configuration: the one that was asked for; None: whichever it is.

    Raises:
        ModelError: they were not trained alike, nothing names the configuration, or it is another one.
    """
    kinds = {(c.trainer_name, c.configuration_name, c.is_legacy_umamba) for c in checkpoints.values()}
    if len(kinds) > 1:
        raise ModelError(
            f"The folds were not trained alike: {', '.join(sorted(str(kind) for kind in kinds))}.",
            "Choose folds of one training.",
        )
    first = next(iter(checkpoints.values()))
    name = first.configuration_name or folder.configuration_name
    if name is None:
        raise ModelError(f"Neither {first.path} nor the name of its folder says which configuration was trained.")
    if configuration not in (None, name):
        raise ModelError(f"{folder.path} is configuration {name!r}, not {configuration!r}.")
    return name
