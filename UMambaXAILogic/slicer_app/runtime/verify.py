"""Imports what computes and says what it found, a line of JSON each. A process of its own runs this.

``FOLDER MODULE...``: the path is ordered as the worker orders it, with the packages in FOLDER; an empty FOLDER: with
those of the Python that runs. Lines: ``{"module", "version"}`` for each, and ``{"torch": {...}}`` after torch. The last
line on standard error says what does not work.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from UMambaXAILogic.engine.worker.path import place_packages

from .child import end_with_parent


def main() -> int:
    """0: everything works."""
    end_with_parent()
    folder, *modules = sys.argv[1:]
    place_packages(folder or None)
    try:
        for name, module in _imported(folder, modules):
            _say(module=name, version=version_of(module))
            if name == "torch":
                _say(torch=torch_facts(module))
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _imported(folder: str, modules: list[str]):
    import argparse

    if folder and _lies_in(argparse, folder):
        raise ImportError("argparse does not come from the standard library")
    for name in modules:
        try:
            module = importlib.import_module(name)
        except Exception as error:  # compiled packages fail to load in many ways
            raise ImportError(f"{name}: {type(error).__name__}: {error}") from error
        if folder and not _lies_in(module, folder):
            raise ImportError(f"{name} comes from {module.__file__}")
        yield name, module


def version_of(module: ModuleType) -> str:
    """What a module says of its version, or its distribution where that has the same name; empty: nobody says."""
    own = getattr(module, "__version__", None)
    if own is None:
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(module.__name__)
    return str(own or "")


def torch_facts(torch: Any) -> dict[str, Any]:
    """The CUDA that torch is built for (None: none), and the GPU that it finds (None: none)."""
    version = getattr(getattr(torch, "version", None), "cuda", None)
    gpu, free_mb = None, None
    if version is not None and torch.cuda.is_available():
        gpu = torch.cuda.get_device_name(0)
        free_mb = torch.cuda.mem_get_info(0)[0] / 2**20
    return {"cuda": version, "gpu": gpu, "free_memory_mb": free_mb}


def _lies_in(module: ModuleType, folder: str) -> bool:
    return Path(module.__file__ or "").resolve().is_relative_to(Path(folder).resolve())


def _say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)
