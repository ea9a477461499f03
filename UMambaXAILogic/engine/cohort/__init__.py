"""Many cases: manifest, tasks, tables of results."""

from __future__ import annotations

from .manifest import Manifest, ManifestCase, read_manifest

__all__ = ["Manifest", "ManifestCase", "read_manifest"]
