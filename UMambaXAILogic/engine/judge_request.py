"""What is asked when the map of a result is to be judged. Standard library only: Slicer's own Python asks too."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UsageError

KIND = "badges"
_PATHS = ("folder", "volume", "ground_truth", "region")


@dataclass(frozen=True)
class JudgeRequest:
    """A result, and where the files of its run are now.

    Args:
        folder: of the result; its metrics.json says how the map was made, and receives the badges.
        volume, model: that it was made from.
        ground_truth: that it was made with; only results that explain an error need it.
        region: mask file of the region, where there was one; a box is known from the result.
        series_uid: which DICOM series of ``volume``.
        device, scan_backend, memory_limit_gb: as for ``Request``.
    """

    folder: Path
    volume: Path
    model: str
    ground_truth: Path | None = None
    region: Path | None = None
    series_uid: str | None = None
    device: str = "auto"
    scan_backend: str = "auto"
    memory_limit_gb: float | None = None

    def to_json(self) -> str:
        """The request as JSON text for the worker; ``from_json`` gives it back."""
        body: dict[str, Any] = {"kind": KIND, **dataclasses.asdict(self)}
        for name in _PATHS:
            body[name] = None if body[name] is None else str(body[name])
        return json.dumps(body, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> JudgeRequest:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is no such request.
        """
        try:
            body = json.loads(text)
            body.pop("kind", None)
            for name in _PATHS:
                body[name] = None if body.get(name) is None else Path(body[name])
            return cls(**body)
        except (json.JSONDecodeError, AttributeError, TypeError) as error:
            raise UsageError(f"The request to judge a map cannot be read: {error}.") from error
