"""A cohort's reference profile, written from rows on disk: a profile in memory would grow with the cohort."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import UMambaXAILogic

from ..atomic import replacing
from ..domain.profile import KIND, SCHEMA_VERSION, Profile, settings_to_json
from ..domain.row import DomainRow
from ..domain.settings import DomainSettings


class ProfileRows:
    """Collects ``domain`` rows of metrics.json.

    Args:
        scratch: an existing folder.
        name: of the cohort.
    """

    def __init__(self, scratch: Path, name: str) -> None:
        self._lines = scratch / "profile_rows.jsonl"
        self._name = name
        self._settings = DomainSettings()
        self._count = 0
        self._is_phantom = False

    def append(self, row: Mapping[str, Any]) -> None:
        """Add one case's row.

        Raises:
            InputError: it is no such row, or was made with other settings.
        """
        profile = Profile(self._name, self._settings, (DomainRow.from_json(row),))
        self._is_phantom |= profile.is_phantom
        self._count += 1
        with self._lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, allow_nan=False) + "\n")

    def write(self, path: Path) -> bool:
        """Write the file that ``write_profile`` would write for these rows; whether there are any.

        Raises:
            OSError: the folder is missing, full or read-only.
        """
        if not self._count:
            return False
        body = {
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "package": UMambaXAILogic.__version__,
            "name": self._name,
            "phantom": self._is_phantom,
            "settings": settings_to_json(self._settings),
        }
        with replacing(path) as file, self._lines.open("rb") as lines:
            file.write(json.dumps(body, indent=1, allow_nan=False).removesuffix("\n}").encode() + b',\n "rows": [\n')
            for number, line in enumerate(lines):
                file.write((b",\n" if number else b"") + line.rstrip(b"\n"))
            file.write(b"\n]\n}\n")
        return True
