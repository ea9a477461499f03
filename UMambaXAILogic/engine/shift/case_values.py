"""The values of one case's coalitions on disk: a run that was killed goes on behind the last one that was written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..atomic import write_text
from ..errors import InputError
from .coalitions import coalition_name
from .factor import Factor
from .scoring import Score

SCHEMA_VERSION = 1
VALUES_NAME = "values.json"


@dataclass(frozen=True)
class Value:
    """One pass of the model and what it was worth.

    Args:
        score: against all of the ground truth.
        annotated: against the part that a smaller annotation would hold; None where not asked about.
        seconds: of intervention, model and scoring.
        warnings: codes of what the model's passes warned of.
        needed_pass: the model computed it; else the prediction of another pass was scored.
    """

    score: Score
    annotated: Score | None
    seconds: float
    warnings: tuple[str, ...] = ()
    needed_pass: bool = True

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Value:
        """Read ``asdict``'s result."""
        annotated = body["annotated"]
        return cls(
            Score.from_json(body["score"]),
            None if annotated is None else Score.from_json(annotated),
            float(body["seconds"]),
            tuple(body["warnings"]),
            bool(body["needed_pass"]),
        )


@dataclass
class CaseValues:
    """What is known of a case so far.

    Args:
        case: its name.
        phantom: it was generated; not a patient.
        fingerprint: of everything the values depend on.
        acting: keys of the factors that change something on this case.
        approximate: those of them that only approximate the other scanner.
        coalitions: by name, see ``coalition_name``.
        controls: by the key of the factor.
    """

    case: str
    phantom: bool
    fingerprint: str
    acting: tuple[str, ...]
    approximate: tuple[str, ...]
    coalitions: dict[str, Value] = field(default_factory=dict)
    controls: dict[str, Value] = field(default_factory=dict)

    @property
    def passes(self) -> int:
        """Passes of the model that are known; controls that reuse the case's own prediction are none."""
        return len(self.coalitions) + sum(value.needed_pass for value in self.controls.values())

    def is_complete(self, factors: Sequence[Factor]) -> bool:
        """Whether every coalition and control of these factors, in their order, is known."""
        keys = [factor.key for factor in factors]
        acting = sum(1 << place for place, key in enumerate(keys) if key in self.acting)
        names = {coalition_name(coalition & acting, keys) for coalition in range(1 << len(keys))}
        return names <= self.coalitions.keys() and set(self.acting) <= self.controls.keys()

    def write(self, path: Path) -> None:
        """Replace the file by what is known now; it is complete at any moment."""
        body = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        write_text(path, json.dumps(body, indent=1, allow_nan=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> CaseValues:
        """Read ``write``'s file.

        Raises:
            InputError: it is damaged, or of another version.
        """
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            if body["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"schema version {body['schema_version']!r}")
            return cls(
                str(body["case"]),
                bool(body["phantom"]),
                str(body["fingerprint"]),
                tuple(body["acting"]),
                tuple(body["approximate"]),
                {name: Value.from_json(value) for name, value in body["coalitions"].items()},
                {name: Value.from_json(value) for name, value in body["controls"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"The values {path} cannot be read: {type(error).__name__}: {error}.",
                "Delete that file; the case is then computed again.",
            ) from error
