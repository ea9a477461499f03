"""Which of the packages in a runtime are as they were installed, by the checksums that each carries (PEP 376)."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from importlib import invalidate_caches
from importlib.metadata import Distribution, PackagePath, distributions
from pathlib import Path

from .contents import canonical

_CHUNK_BYTES = 1 << 20


def installed_versions(folder: Path) -> dict[str, str]:
    """Version of every package in a folder, by canonical name."""
    return {name: found.version for name, found in _distributions(folder).items()}


def damaged_packages(
    folder: Path, expected: Mapping[str, str], on_package: Callable[[str, int, int], None]
) -> dict[str, str]:
    """What is wrong with which package, by canonical name; empty where all are whole.

    Args:
        expected: version of each package that belongs into the folder.
        on_package: told each package's name, number and their total; may raise to stop.
    """
    found = _distributions(folder)
    damaged = {}
    for number, name in enumerate(sorted(expected), start=1):
        on_package(name, number, len(expected))
        distribution = found.get(name)
        if distribution is None:
            damaged[name] = "it is missing"
        elif distribution.version != expected[name]:
            damaged[name] = f"it is version {distribution.version} instead of {expected[name]}"
        elif problem := _problem(distribution, folder):
            damaged[name] = problem
    return damaged


def carry_over(source: Path, names: list[str], target: Path, on_package: Callable[[str, int, int], None]) -> None:
    """Put packages of one folder into another as well, as hard links where the disk knows them, else as copies.

    Args:
        names: canonical names of packages in ``source``.
        on_package: as in ``damaged_packages``.
    """
    found = _distributions(source)
    for number, name in enumerate(names, start=1):
        on_package(name, number, len(names))
        for path in _files(found[name]):
            _link(source / path, target / path)


def merge(source: Path, target: Path) -> None:
    """Move every file of ``source`` to the same place in ``target``; both lie on one disk."""
    for folder, _, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(parents=True, exist_ok=True)
        for name in files:
            os.replace(Path(folder) / name, here / name)


def take_out(folder: Path, name: str) -> None:
    """Remove a package from a folder; nothing to do where it is not there."""
    distribution = _distributions(folder).get(canonical(name))
    if distribution is None:
        return
    files = list(_files(distribution))
    for path in files:
        (folder / path).unlink(missing_ok=True)
    for part in {path.parts[0] for path in files if path.parts[0].endswith(".dist-info")}:
        shutil.rmtree(folder / part, ignore_errors=True)


def _distributions(folder: Path) -> dict[str, Distribution]:
    invalidate_caches()  # another process has changed the folder
    named = ((found.metadata["Name"], found) for found in distributions(path=[str(folder)]))
    return {canonical(name): found for name, found in named if name}


def _files(distribution: Distribution) -> Iterator[PackagePath]:
    """What a package put into the folder itself; its console scripts are not used and not looked at."""
    for path in distribution.files or ():
        if ".." not in path.parts and not path.is_absolute():
            yield path


def _problem(distribution: Distribution, folder: Path) -> str:
    for path in _files(distribution):
        if path.hash is None:  # compiled Python files, which change, and RECORD itself
            continue
        try:
            if path.size is not None and (folder / path).stat().st_size != path.size:
                return f"{path} has another size than it had"
            if _checksum(folder / path, path.hash.mode) != path.hash.value:
                return f"{path} has another content than it had"
        except FileNotFoundError:
            return f"{path} is missing"
        except OSError as error:
            return f"{path} cannot be read: {error.strerror or error}"
    return ""


def _checksum(path: Path, kind: str) -> str:
    digest = hashlib.new(kind)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def _link(source: Path, target: Path) -> None:
    if target.exists() or not source.is_file():  # compiled files that RECORD names need not be there
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
