"""What is asked of the benchmark: a frozen dataclass that travels as JSON.

Only the standard library is used here, as in ``engine.request``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..fingerprint import request_fingerprint
from ..methods.settings import FILLS
from ..request import Request
from .baseline_names import BASELINE_TITLES, check_baselines

#: ``kind`` of the JSON text, by which a worker tells requests apart.
KIND = "benchmark"
BENCHMARK_REQUEST_VERSION = 1

#: Whose maps are judged where nobody names others.
DEFAULT_METHODS = ("seg-xres-cam", "seg-grad-cam", "grad-x-input")
#: What is found out beside faithfulness and leakage, at the price of making every map again several times.
AXES = ("robustness", "sanity")


@dataclass(frozen=True)
class BenchmarkRequest:
    """One case: make maps by several methods, and judge them.

    Args:
        case: volume, model, target, region, and the methods (``method`` and ``other_methods``) with their settings.
        baselines: names in ``BASELINE_TITLES``.
        maps: maps of the user's own by name, files on the volume's grid.
        axes: which of ``AXES`` are found out.
        fill: what takes the place of removed voxels: ``shell``, ``mean`` or ``blur``; the same for every map.
        budget: most forward passes of a method, in multiples of what one explanation of every window takes; methods
            with samples or regions get fewer of them where they would need more.
        seed: of chance wherever it is needed.
    """

    case: Request
    baselines: tuple[str, ...] = tuple(BASELINE_TITLES)
    maps: tuple[tuple[str, Path], ...] = ()
    axes: tuple[str, ...] = AXES
    fill: str = "shell"
    budget: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        check_baselines(self.baselines)
        for axis in self.axes:
            if axis not in AXES:
                raise UsageError(f"The axis {axis!r} is not known.", f"Choose among {', '.join(AXES)}.")
        if self.fill not in FILLS:
            raise UsageError(f"The fill {self.fill!r} is not known.", f"Choose one of: {', '.join(FILLS)}.")
        if isinstance(self.budget, bool) or not isinstance(self.budget, int) or self.budget < 2:
            raise UsageError(f"The budget {self.budget!r} is not a whole number of at least 2.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise UsageError(f"The seed {self.seed!r} is not a whole number of at least 0.")
        if self.case.preset is not None:
            raise UsageError("A preset cannot be benchmarked: it normalises every window by itself.")
        names = [name for name, _ in self.maps]
        taken = [*self.baselines, *map(str, (self.case.method, *self.case.other_methods))]
        for name in names:
            if not name or names.count(name) > 1 or name in taken:
                raise UsageError(f"The map name {name!r} is empty, or names two maps.", "Give NAME=FILE, each once.")

    def fingerprint(self, model_sha256: str) -> str:
        """SHA-256 over everything that shapes the result: settings, model, and the files that are read.

        Args:
            model_sha256: of the checkpoint.
        """
        own = {name: getattr(self, name) for name in ("baselines", "axes", "fill", "budget", "seed")}
        maps = [[name, str(Path(path).absolute())] for name, path in self.maps]
        body = {**own, "maps": maps, "case": request_fingerprint(self.case, model_sha256)}
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        """The request as JSON text; ``from_json`` gives it back."""
        body = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        body |= {"case": json.loads(self.case.to_json()), "maps": [[name, str(path)] for name, path in self.maps]}
        return json.dumps({"kind": KIND, "version": BENCHMARK_REQUEST_VERSION, **body}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> BenchmarkRequest:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is not a benchmark request of this version.
        """
        try:
            body: dict[str, Any] = json.loads(text)
            kind, version = body.pop("kind", None), body.pop("version", None)
            if (kind, version) != (KIND, BENCHMARK_REQUEST_VERSION):
                raise UsageError(
                    f"The request is of kind {kind!r}, version {version!r}; wanted is {KIND!r}, "
                    f"version {BENCHMARK_REQUEST_VERSION}."
                )
            body["case"] = Request.from_json(json.dumps(body["case"]))
            body["maps"] = tuple((name, Path(path)) for name, path in body["maps"])
            body |= {name: tuple(body[name]) for name in ("baselines", "axes")}
            return cls(**body)
        except (json.JSONDecodeError, AttributeError, TypeError, KeyError, ValueError) as error:
            raise UsageError(f"The request to benchmark cannot be read: {error}.") from error
