"""Does a map depend on what the network learned, and on what it is shown?

A map that hardly changes when the parameters are shuffled explains the image or the shape of M, not the network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: A map whose correlation with the original stays below this has changed. Our own choice: the literature has none.
SANITY_CUTOFF = 0.5


@dataclass
class Sanity:
    """One map's correlations with what became of it.

    Args:
        applicable: how the map was made is known.
        parameters: Pearson's r after each step of ``randomised.CASCADE``, in order; None where the map became constant.
        random_input: r after the voxels of the image were shuffled; None where it became constant.
    """

    applicable: bool
    parameters: dict[str, float | None] = field(default_factory=dict)
    random_input: float | None = None

    @property
    def passed(self) -> bool | None:
        """With all parameters shuffled, the map is another one; None where that cannot be asked."""
        if not self.applicable or not self.parameters:
            return None
        last = list(self.parameters.values())[-1]
        return last is None or abs(last) < SANITY_CUTOFF

    def to_json(self) -> dict[str, Any]:
        """``sanity`` of benchmark.json."""
        return {
            "applicable": self.applicable,
            "passed": self.passed,
            "cutoff": SANITY_CUTOFF,
            "parameter_randomisation": [
                {"step": step, "correlation": correlation} for step, correlation in self.parameters.items()
            ],
            "random_input": self.random_input,
        }
