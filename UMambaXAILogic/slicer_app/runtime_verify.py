"""Imports what was installed and prints the versions as one line of JSON. A process of its own runs this."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from UMambaXAILogic.engine.worker_path import place_packages


def main() -> int:
    """``FOLDER MODULE...``; the last line on standard error says what does not work."""
    folder, *modules = sys.argv[1:]
    place_packages(folder)
    import argparse

    if Path(argparse.__file__).resolve().is_relative_to(Path(folder).resolve()):
        print("argparse does not come from the standard library", file=sys.stderr)
        return 1
    versions = {}
    for name in modules:
        try:
            module = importlib.import_module(name)
        except Exception as error:  # compiled packages fail to load in many ways
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            return 1
        if not Path(module.__file__ or "").resolve().is_relative_to(Path(folder).resolve()):
            print(f"{name} comes from {module.__file__}", file=sys.stderr)
            return 1
        versions[name] = str(getattr(module, "__version__", ""))
    print(json.dumps(versions))
    return 0
