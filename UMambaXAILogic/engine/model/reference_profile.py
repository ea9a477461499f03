"""The reference profile that a trained model may carry: the domain statistics of the cases it was trained on.

It lies beside plans.json, in a folder or in an exported zip, and is text alone. A model without one is complete, and
one whose profile cannot be used still segments: that is a warning.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..domain import DomainRequest
from ..domain.profile import PROFILE_NAME, Profile, write_profile
from ..errors import InputError, UMambaXAIError
from ..progress import Reporter
from .folder import REFERENCE_PROFILE, find_trained_folder
from .reference import model_path

#: A row is a few thousand characters; ten thousand cases fit.
MAX_PROFILE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class CarriedProfile:
    """What was found.

    Args:
        profile: None where the model carries none that can be used.
        problem: why the one it carries cannot be used; empty where it can, or where there is none.
    """

    profile: Profile | None = None
    problem: str = ""


NO_PROFILE = CarriedProfile()


def profile_in_folder(folder: Path) -> CarriedProfile:
    """The profile of a trained folder.

    Args:
        folder: with plans.json.
    """
    path = folder / REFERENCE_PROFILE
    if not path.exists():
        return NO_PROFILE
    return _checked(f"The model's {path}", lambda: _read_limited(path))


def profile_of_model(reference: str | Path) -> CarriedProfile:
    """The profile of a model, without reading its checkpoints.

    Args:
        reference: as ``load_model`` takes it: a trained folder, or one that contains exactly one, an exported zip, or
            ``"demo"``.

    Raises:
        ModelError, UMambaXAIError: there is no such folder or zip.
    """
    path = model_path(reference)
    if path.is_file() and zipfile.is_zipfile(path):
        return _profile_in_zip(path)
    return profile_in_folder(find_trained_folder(path).path)


@contextmanager
def with_profile_file(request: DomainRequest, reporter: Reporter) -> Iterator[DomainRequest]:
    """A request whose profile may be a model's, as one whose profile is a file or None.

    Args:
        request: its ``profile`` is a stored profile, a folder that holds one (a cohort's results), or a model.
        reporter: hears of a model that carries no profile that can be used.

    Raises:
        ModelError: there is no such model.
    """
    path = request.profile
    if path is None or _is_stored(path):
        stored = path / PROFILE_NAME if path is not None and path.is_dir() else path
        yield replace(request, profile=stored)
        return
    carried = profile_of_model(path)
    if carried.profile is None:
        message = (
            carried.problem or f"The model {path} carries no {REFERENCE_PROFILE}: there is nothing to compare with."
        )
        reporter.warning("no_reference_profile" if not carried.problem else "reference_profile_unusable", message)
        yield replace(request, profile=None)
        return
    with tempfile.TemporaryDirectory(prefix="umamba-xai-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / PROFILE_NAME
        write_profile(carried.profile, file)
        yield replace(request, profile=file)


def _profile_in_zip(path: Path) -> CarriedProfile:
    with zipfile.ZipFile(path) as packed:
        names = [PurePosixPath(name) for name in packed.namelist()]
        folders = {name.parent for name in names if name.name == "plans.json"}
        found = [name for name in names if name.name == REFERENCE_PROFILE and name.parent in folders]
        if not found:
            return NO_PROFILE
        if len(found) > 1:
            return CarriedProfile(problem=f"{path} holds several models, each with its own {REFERENCE_PROFILE}.")
        entry = packed.getinfo(str(found[0]))

        def read() -> bytes:
            _check_size(entry.file_size)
            with packed.open(entry) as file:
                return file.read(MAX_PROFILE_BYTES + 1)

        return _checked(f"{REFERENCE_PROFILE} in {path}", read)


def _is_stored(path: Path) -> bool:
    return path.suffix.lower() == ".json" or (path / PROFILE_NAME).is_file()


def _checked(where: str, read: Callable[[], bytes]) -> CarriedProfile:
    """Whatever is wrong with a profile becomes its ``problem``."""
    try:
        content = read()
        _check_size(len(content))
        return CarriedProfile(Profile.from_json(json.loads(content.decode("utf-8")), where))
    except UMambaXAIError as error:
        return CarriedProfile(problem=str(error))
    except (OSError, ValueError, RuntimeError, RecursionError, EOFError, zipfile.BadZipFile) as error:
        return CarriedProfile(problem=f"{where} cannot be read: {error}.")


def _read_limited(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PROFILE_BYTES + 1)


def _check_size(size: int) -> None:
    if size > MAX_PROFILE_BYTES:
        raise InputError(f"{REFERENCE_PROFILE} is larger than {MAX_PROFILE_BYTES // 2**20} MiB: it is no profile.")
