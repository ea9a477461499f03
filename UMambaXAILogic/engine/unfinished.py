"""Where results wait until all of them are there, and how what a killed run left behind is removed."""

from __future__ import annotations

import shutil
from pathlib import Path

UNFINISHED_PREFIX = ".unfinished-"
"""Begins the name of the hidden folder, inside the output folder, in which a run keeps its files until the end."""

LOCK_NAME = ".umamba-xai.lock"
"""A run locks this file inside its output folder: two runs into one folder would mix their files."""


def remove_unfinished(output: Path) -> None:
    """Delete the files of runs into ``output`` that did not end; what cannot be deleted stays."""
    for folder in output.glob(f"{UNFINISHED_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)
