"""JSON that people can read too."""

from __future__ import annotations

import json
import re
from typing import Any

#: A list of numbers and null, broken over lines. Line breaks within texts are escaped, so no text looks like one.
_NUMBERS = re.compile(r"\[\n\s*((?:-?[0-9.eE+-]+|null)(?:,\n\s*(?:-?[0-9.eE+-]+|null))*)\n\s*\]")


def json_text(body: Any) -> str:
    """Indented, a list of numbers on one line, with a line break at the end.

    Raises:
        ValueError: NaN or infinity, which JSON does not know.
    """
    text = json.dumps(body, indent=1, allow_nan=False)
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"
