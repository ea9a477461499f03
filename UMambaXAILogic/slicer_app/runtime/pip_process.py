"""pip in a process of its own, which ends with the one that started it. Arguments: those of pip."""

from __future__ import annotations

import runpy
import sys

from UMambaXAILogic.engine.worker.path import place_packages

from .child import end_with_parent


def main() -> None:
    """Run pip; it ends the process itself."""
    end_with_parent()
    place_packages(None)
    sys.argv[0] = "pip"
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
