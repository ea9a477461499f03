"""The frame of a page: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from ..resources import resource_path
from .slice_stack import picture_uri

PHANTOM_BADGE = '<span class="badge">PHANTOM: synthetic data, not a patient</span>'
_LARGEST_PNG_BYTES = 400_000
_WIDEST_PIXELS = 1600


def document(title: str, body: str, script: str = "", styles: Sequence[str] = ()) -> str:
    """A complete page. The browser is told to load nothing from anywhere, and to run no script but this one.

    Args:
        title: text.
        body: HTML.
        script: JavaScript.
        styles: names of shipped style sheets that follow the common one.
    """
    names = ("page.css", *styles)
    style = "".join(resource_path(f"page/{name}").read_text(encoding="utf-8") for name in names)
    scripts = f"<script>{script}</script>" if script else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head>\n<body><main>{body}"
        "<footer>For research use only; not for clinical decisions. Made by UMambaXAI.</footer>"
        f"</main>{scripts}</body></html>\n"
    )


def _policy(script: str) -> str:
    """Content security policy; styles may stand in attributes, since bars in table cells are widths."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    scripts = f"'sha256-{digest}'" if script else "'none'"
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {scripts}; "
        "base-uri 'none'; form-action 'none'"
    )


def section(title: str, content: str) -> str:
    """A titled part of a page; nothing where there is no content."""
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def json_script(name: str, data: dict[str, Any]) -> str:
    """Data for the page's script; ``<`` is escaped so that no text can end the element."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def picture_of(path: Path) -> str:
    """A picture file as a data URI; large ones as JPEG, so that the page stays small."""
    content = path.read_bytes()
    if len(content) <= _LARGEST_PNG_BYTES:
        return picture_uri(content)
    with Image.open(io.BytesIO(content)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((_WIDEST_PIXELS, _WIDEST_PIXELS))
        memory = io.BytesIO()
        small.save(memory, "JPEG", quality=88, optimize=True)
    return picture_uri(memory.getvalue(), "jpeg")
