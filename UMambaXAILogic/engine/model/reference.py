"""What a user names as a model: the shipped one, a trained folder, a folder above one, or an exported zip."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from ..resources import resource_path
from .archive import unpack_model
from .folder import TrainedFolder, find_trained_folder

#: The model that ships with this package.
DEMO = "demo"
_WHAT_TO_GIVE = "Give the folder that holds plans.json, dataset.json and fold_0, or the zip nnU-Net exports."


@dataclass(frozen=True)
class OpenedModel:
    """A model's files, for as long as they are there.

    Args:
        path: what the user named: a folder or a zip.
        folder: the trained folder; of a zip, in a temporary place.
        temporary: that place; empty for a folder.
    """

    path: Path
    folder: TrainedFolder
    temporary: str = ""

    def in_the_users_words(self, text: str) -> str:
        """``text`` with the zip's own name where a temporary path stands."""
        return text.replace(self.temporary, str(self.path)) if self.temporary else text


@contextmanager
def opened_model(
    reference: str | Path,
    configuration: str | None = None,
    unpack: Callable[[Path, Path], None] = unpack_model,
) -> Iterator[OpenedModel]:
    """Open what a user named; a ``ModelError`` that is raised meanwhile names the zip and no temporary path.

    Args:
        reference: a folder trained by nnU-Net v2 (or one that contains exactly one), the zip that nnU-Net exports,
            or ``"demo"``.
        configuration: ``3d_fullres`` and the like, where the reference contains several.
        unpack: unpacks a zip into an empty folder: ``unpack_model`` or ``unpack_description``.

    Raises:
        ModelError: there is no such model, or several; files are missing or damaged.
    """
    path = model_path(reference)
    if path.is_dir():
        yield OpenedModel(path, find_trained_folder(path, configuration))
        return
    if path.suffix in (".pth", ".pt") or not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is neither a trained folder nor a zip file.", _WHAT_TO_GIVE)
    with tempfile.TemporaryDirectory(prefix="umamba-xai-", ignore_cleanup_errors=True) as unpacked:
        unpack(path, Path(unpacked))
        try:
            yield OpenedModel(path, find_trained_folder(Path(unpacked), configuration), unpacked)
        except ModelError as error:
            raise ModelError(error.message.replace(unpacked, str(path)), error.remedy) from error


def model_path(reference: str | Path) -> Path:
    """Where a model lies; raises ``ModelError`` where there is nothing."""
    name = str(reference)
    path = resource_path("demo_model") if name == DEMO else Path(reference).expanduser()
    if not path.exists():
        raise ModelError(
            f"The model {name!r} does not exist.",
            f"Give a folder trained by nnU-Net v2, the zip that nnU-Net exports, or {DEMO!r}.",
        )
    return path
