"""All last results on one page beside what was aimed at: ``python Testing/Benchmarks/overview.py``.

Writes ``results/README.md`` from the JSON files there, of different days perhaps: each line has its own date.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from machine_facts import RESULTS


@dataclass(frozen=True)
class Line:
    """One figure.

    Args:
        what: in words.
        value: of the figure.
        goal: the least it should be; the most, where ``most``; None: nothing was aimed at.
        unit: behind the value.
    """

    what: str
    value: float
    goal: float | None = None
    most: bool = False
    unit: str = "x"

    @property
    def verdict(self) -> str:
        """Whether the goal is met."""
        if self.goal is None:
            return ""
        return "yes" if (self.value <= self.goal if self.most else self.value >= self.goal) else "**no**"

    @property
    def aim(self) -> str:
        """The goal in words."""
        if self.goal is None:
            return ""
        return f"{'at most' if self.most else 'at least'} {self.goal:g}{self.unit}"


def selective_scan(result: dict[str, Any]) -> Iterator[Line]:
    for mode, peer, memory in (("forward", "selective_scan_ref", 6), ("forward+backward", "mambapy", 8)):
        for scan, goal in (("numba", 40), ("torch-chunked", 5 if mode == "forward" else None)):
            for row in result["rows"]:
                if row["mode"] == mode and row["scan"] == scan and row["times_faster"] is not None:
                    shape = f"{mode}, D={row['D']}, L={row['L']:,}"
                    yield Line(f"{scan} scan beside {peer}, {shape}", row["times_faster"], goal)
                    peak = next(
                        other["peak_mib"]
                        for other in result["rows"]
                        if (other["mode"], other["D"], other["L"], other["scan"]) == (mode, row["D"], row["L"], peer)
                    )
                    if scan == "numba":
                        yield Line(f"{peer}'s memory beside it, {shape}", peak / row["peak_mib"], memory)


def one_window(result: dict[str, Any]) -> Iterator[Line]:
    goals = {"plain U-Net": 1.9, "U-Mamba Bot": 1.55}
    for name, facts in result["networks"].items():
        ratios = facts["ratios (of the shortest)"]
        yield Line(f"{name}, a window with seven maps / forward", ratios["cam / forward"], goals.get(name), most=True)
        yield Line(f"{name}, the same / its bound", ratios["cam / bound"], 1.05, most=True)
        yield Line(f"{name}, layer by layer / at once", ratios["layer by layer / cam"], 12)


def explain(result: dict[str, Any]) -> Iterator[Line]:
    for name, case in result["cases"].items():
        where = f"{name}, T/N = {case['T/N']}"
        goal = 1.35 if case["T/N"] <= 0.15 else None
        yield Line(f"explanation and segmentation / segmentation, {where}", case["explain / segment"], goal, most=True)
        yield Line(f"the same / N F + T (F + B), {where}", case["explain / bound"], 1.05, most=True)


def explain_against_peer(result: dict[str, Any]) -> Iterator[Line]:
    for case in result["cases"].values():
        where = f"T/N = {case['T/N']}"
        both = "nnU-Net and nnunetv2-cam / explain"
        yield Line(f"nnU-Net's predictor, then nnunetv2-cam / segmentation and explanation, {where}", case[both], 5)
        yield Line(f"nnunetv2-cam alone / segmentation and explanation, {where}", case["nnunetv2-cam / explain"])
        peak = case["peak MiB of a process"]
        yield Line("nnunetv2-cam's memory / ours", peak["nnunetv2-cam"] / peak["explain"], 1)


def segmentation(result: dict[str, Any]) -> Iterator[Line]:
    for network in result["networks"]:
        yield Line(f"the original under nnU-Net's predictor / ours, {network['network']}", network["original / ours"])


def case_stages(result: dict[str, Any]) -> Iterator[Line]:
    for name, case in result["cases"].items():
        yield Line(f"share of a case outside the network, {name}", case["outside share"], 0.2, most=True, unit="")


def memory(result: dict[str, Any]) -> Iterator[Line]:
    for row in result["rows"]:
        apart = max(row["ratio"], 1 / row["ratio"])
        yield Line(f"planned and measured memory apart, {row['setting']['name']}", apart, 1.15, most=True)


def large_case(result: dict[str, Any]) -> Iterator[Line]:
    name = f"{' x '.join(map(str, result['size']))}, T/N = {result['passes']['explained_share']}"
    measured, planned = (result["memory"][f"{kind}_mb"]["host"] / 1024 for kind in ("measured", "predicted"))
    yield Line(f"main memory beside the model, {name}", measured, result["limit_gb"], most=True, unit=" GB")
    yield Line(f"the same, of the whole process, {name}", result["peak GB of the process"], unit=" GB")
    yield Line(
        f"planned and measured memory apart, {name}", max(planned / measured, measured / planned), 1.15, most=True
    )
    yield Line(f"share of a case outside the network, {name}", result["outside share"], 0.2, most=True, unit="")


def scaling(result: dict[str, Any]) -> Iterator[Line]:
    last = {row["varied"]: row for row in result["rows"]}
    for what, row in last.items():
        for action, power in row["growth"].items():
            yield Line(f"power of {what} that the time to {action} grows with", power, 1.1, most=True, unit="")


def start_up(result: dict[str, Any]) -> Iterator[Line]:
    for name, row in result["from the start of the process"].items():
        yield Line(f"seconds until {name}", row["seconds"], row.get("target seconds"), most=True, unit=" s")


def throughput(result: dict[str, Any]) -> Iterator[Line]:
    for row in result["rows"]:
        speed_up = row["beside one worker alone"]
        yield Line(f"a cohort with {row['workers']} workers ({row['how']}) / one case at a time", speed_up)


PAGES: dict[str, Callable[[dict[str, Any]], Iterator[Line]]] = {
    reader.__name__: reader
    for reader in (
        selective_scan,
        one_window,
        explain,
        explain_against_peer,
        segmentation,
        case_stages,
        memory,
        large_case,
        scaling,
        start_up,
        throughput,
    )
}


def main() -> None:
    lines = [
        "# Last results, beside what was aimed at",
        "",
        "Written by `overview.py`. Figures are those of the day and machine in each file; see [the list](../README.md)",
        "of what measures them.",
        "",
        "| measured | figure | aim | met | from |",
        "|---|---|---|---|---|",
    ]
    for name, reader in PAGES.items():
        path = RESULTS / f"{name}.json"
        if not path.exists():
            lines.append(f"| `{name}` | not run yet | | | |")
            continue
        result = json.loads(path.read_text())
        link = f"[{result['machine']['date']}]({name}.{'md' if (RESULTS / f'{name}.md').exists() else 'json'})"
        for line in reader(result):
            value = f"{line.value:.3g}{line.unit}"
            lines.append(f"| {line.what} | {value} | {line.aim} | {line.verdict} | {link} |")
    (RESULTS / "README.md").write_text("\n".join(lines) + "\n")
    print(RESULTS / "README.md")


if __name__ == "__main__":
    main()
