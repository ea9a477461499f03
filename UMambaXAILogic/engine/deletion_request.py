"""What is asked when a map's deletion curve is to be drawn. Slicer's own Python asks too: nothing heavy is imported."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .benchmark.baseline_names import check_baselines
from .errors import UsageError
from .judge_request import JudgeRequest
from .methods.settings import FILLS
from .value_checks import as_tuple, check_choice

KIND = "deletion"
#: Points of each curve.
FEWEST_POINTS, DEFAULT_POINTS, MOST_POINTS = 3, 11, 101
#: What the map is drawn beside: chance, and what looks like a vessel whatever the network makes of it.
DEFAULT_REFERENCES = ("random", "frangi")


@dataclass(frozen=True)
class DeletionRequest:
    """A result, and the map whose voxels are taken away.

    Args:
        result: says what is scored, and where the files of its run are now; its folder receives the curve.
        map: what the map is called; without ``map_file`` the name of a baseline.
        map_file: the map on the volume's grid: the result's own, one layer's, another method's.
        references: baselines whose curves are drawn beside it.
        points: of each curve, both ends counted.
        fill: what takes the place of removed voxels: ``shell``, ``mean`` or ``blur``.
        seed: of the random ranking and of the order among equal voxels.
    """

    result: JudgeRequest
    map: str = "mean"
    map_file: Path | None = None
    references: tuple[str, ...] = DEFAULT_REFERENCES
    points: int = DEFAULT_POINTS
    fill: str = "shell"
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "references", as_tuple("references", self.references))
        check_baselines(self.references)
        if self.map_file is None:
            check_baselines((self.map,))
            if self.map in self.references:
                raise UsageError(f"The baseline {self.map!r} would be compared with itself.", "Leave it out.")
        if not _is_whole(self.points) or not FEWEST_POINTS <= self.points <= MOST_POINTS:
            raise UsageError(
                f"A curve of {self.points!r} points cannot be drawn.",
                f"Give a whole number from {FEWEST_POINTS} to {MOST_POINTS}.",
            )
        check_choice("fill", self.fill, FILLS)
        if not _is_whole(self.seed) or self.seed < 0:
            raise UsageError(f"The seed {self.seed!r} is not a whole number of at least 0.")

    def to_json(self) -> str:
        """The request as JSON text for the worker; ``from_json`` gives it back."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        body: dict[str, Any] = {
            "kind": KIND,
            **own,
            "result": json.loads(self.result.to_json()),
            "map_file": None if self.map_file is None else str(self.map_file),
        }
        return json.dumps(body, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> DeletionRequest:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is no such request.
        """
        try:
            body = json.loads(text)
            body.pop("kind", None)
            body["result"] = JudgeRequest.from_json(json.dumps(body["result"]))
            body["map_file"] = None if body.get("map_file") is None else Path(body["map_file"])
            return cls(**body)
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise UsageError(f"The request to draw a deletion curve cannot be read: {error}.") from error


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
