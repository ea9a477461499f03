"""What a scene asks of a cohort's results: its table of cases, and one case's files.

Only the standard library is used here, as in ``engine.request``: Slicer's own Python cannot read Parquet, and reads
volumes in its own way; both are left to the worker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Self

from ..errors import UsageError

VERSION = 1


@dataclass(frozen=True)
class _SceneRequest:
    """Paths and texts that travel as JSON."""

    kind: ClassVar[str]

    def to_json(self) -> str:
        """The request as JSON text; ``from_json`` gives it back."""
        body = {field.name: getattr(self, field.name) for field in fields(self)}
        body = {name: str(value) if isinstance(value, Path) else value for name, value in body.items()}
        return json.dumps({"kind": self.kind, "version": VERSION, **body}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is not a request of this kind and version.
        """
        try:
            body: dict[str, Any] = json.loads(text)
            kind, version = body.pop("kind", None), body.pop("version", None)
            if (kind, version) != (cls.kind, VERSION):
                raise UsageError(
                    f"The request is of kind {kind!r}, version {version!r}; wanted is {cls.kind!r}, version {VERSION}."
                )
            return cls(**body)
        except (json.JSONDecodeError, AttributeError, TypeError) as error:
            raise UsageError(f"The request cannot be read: {error}.") from error


@dataclass(frozen=True)
class CasesTableRequest(_SceneRequest):
    """``cases.parquet`` as CSV.

    Args:
        cohort: result folder of a cohort, finished or not.
        output: folder for ``cases.csv``; created if missing.
    """

    kind: ClassVar[str] = "cohort_table"

    cohort: Path
    output: Path

    def __post_init__(self) -> None:
        _as_paths(self, "cohort", "output")


@dataclass(frozen=True)
class CaseFilesRequest(_SceneRequest):
    """One finished case as uncompressed files on one grid.

    Args:
        cohort: result folder of a cohort.
        manifest: that the cohort was made from: the results do not say where the volumes are.
        case: its name.
        output: folder for the files; created if missing.
    """

    kind: ClassVar[str] = "cohort_case"

    cohort: Path
    manifest: Path
    case: str
    output: Path

    def __post_init__(self) -> None:
        _as_paths(self, "cohort", "manifest", "output")
        if not isinstance(self.case, str):
            raise UsageError(f"The case {self.case!r} is not a name.")


def _as_paths(request: Any, *names: str) -> None:
    for name in names:
        object.__setattr__(request, name, Path(getattr(request, name)))
