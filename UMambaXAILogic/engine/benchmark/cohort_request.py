"""What is asked of the benchmark of a manifest's cases, as it travels to a worker. The standard library alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..cohort.request import CohortRequest
from ..errors import UsageError
from .request import BenchmarkRequest

#: ``kind`` of the JSON text, by which a worker tells requests apart.
KIND = "benchmark_cohort"


@dataclass(frozen=True)
class BenchmarkCohortRequest:
    """The two arguments of ``run_cohort_benchmark``.

    Args:
        cohort: manifest, output, who computes; its template is ``benchmark.case``.
        benchmark: what is asked of every case.
    """

    cohort: CohortRequest
    benchmark: BenchmarkRequest

    def to_json(self) -> str:
        """The request as JSON text; ``from_json`` gives it back."""
        parts = {"cohort": json.loads(self.cohort.to_json()), "benchmark": json.loads(self.benchmark.to_json())}
        return json.dumps({"kind": KIND, **parts}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> BenchmarkCohortRequest:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is no such request.
        """
        try:
            body: dict[str, Any] = json.loads(text)
            cohort, benchmark = json.dumps(body["cohort"]), json.dumps(body["benchmark"])
        except (json.JSONDecodeError, AttributeError, TypeError, KeyError) as error:
            raise UsageError(f"The request to benchmark a cohort cannot be read: {error}.") from error
        return cls(CohortRequest.from_json(cohort), BenchmarkRequest.from_json(benchmark))
