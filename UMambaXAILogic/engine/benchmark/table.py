"""One row a map, the best first: the numbers that fit into a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def table_rows(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of benchmark.json's methods; values that cannot be computed are None.

    ``target_drop`` and ``leak`` are those at k = |M|; ``robustness`` is the mean of Pearson's r over perturbations;
    ``sanity`` is r after all parameters were shuffled.
    """
    rows = []
    for method in sorted(body["methods"], key=_place):
        faithfulness, leakage = method["faithfulness"] or {}, method["leakage"] or {}
        cost, sanity = method["cost"] or {}, method["sanity"] or {}
        rows.append(
            {
                "rank": method["rank"],
                "name": method["name"],
                "kind": method["kind"],
                "faithfulness": _rounded(faithfulness.get("score")),
                "deletion_area": _rounded(faithfulness.get("deletion_area")),
                "insertion_area": _rounded(faithfulness.get("insertion_area")),
                "target_drop": _rounded(_at_one(faithfulness, "target_drop")),
                "leak": _rounded(_at_one(faithfulness | leakage, "ratio")),
                "far_share": _rounded(leakage.get("far_share")),
                "robustness": _rounded(_mean((method["robustness"] or {}).values())),
                "sanity": _rounded(_last(sanity.get("parameter_randomisation") or ())),
                "sanity_passed": sanity.get("passed"),
                "random_input": _rounded(sanity.get("random_input")),
                "seconds": _rounded(cost.get("seconds")),
                "forward_passes": cost.get("forward_passes"),
                "backward_passes": cost.get("backward_passes"),
                "peak_host_mb": cost.get("peak_host_mb"),
                "peak_device_mb": cost.get("peak_device_mb"),
            }
        )
    return rows


def _place(method: Mapping[str, Any]) -> tuple[bool, int]:
    return method["rank"] is None, method["rank"] or 0


def _at_one(found: Mapping[str, Any], name: str) -> float | None:
    """The value at k = |M|; None where nothing was found."""
    if name not in found:
        return None
    return next((value for k, value in zip(found["k"], found[name], strict=True) if k == 1.0), None)


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _last(steps: Sequence[Mapping[str, Any]]) -> float | None:
    return steps[-1]["correlation"] if steps else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
