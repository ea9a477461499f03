"""Badges that were found before, kept in the user's cache folder for the same model, case and settings."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from ..atomic import write_text
from ..json_text import json_text
from ..user_cache import user_cache

logger = logging.getLogger(__name__)

#: Of what the gate finds out and how: another number, and everything is found out anew.
GATE_VERSION = 1


def kept_badges(content: str) -> list[dict[str, Any]] | None:
    """What this version of the gate found; None where nothing is kept, or nothing that can be read.

    Args:
        content: see ``content_fingerprint``.
    """
    try:
        body = json.loads(_place(content).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = body.get("badges") if isinstance(body, dict) and body.get("content") == content else None
    return found if isinstance(found, list) else None


def keep_badges(content: str, badges: list[dict[str, Any]]) -> None:
    """Keep them for the next time; where the folder cannot be written, they are found out again."""
    path = _place(content)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json_text({"content": content, "badges": badges}))
    except OSError as error:
        logger.warning("Badges cannot be kept in %s: %s.", path.parent, error.strerror or error)


def _place(content: str) -> Path:
    key = hashlib.sha256(f"{content} {GATE_VERSION}".encode()).hexdigest()
    return user_cache() / "umamba-xai" / "badges" / f"{key}.json"
