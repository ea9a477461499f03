"""How time and memory grow with a volume, its windows, the explained layers and the classes.

    python Testing/Benchmarks/bench_scaling.py [--repeats 1]

A U-Mamba Enc of three stages with random weights, windows of 32x64x64, every window explained. One thing is varied at a
time, each setting in a process of its own with one thread, in turn, ``--repeats`` times. Processor seconds are counted,
for the clock's mix in what else the machine does; the fewest count. ``growth`` is the power of what is varied that they
grow with, from the group's first setting to the row's: with volumes, whose size is that of their windows, and with
windows it should be 1; with layers and classes, which share the network's passes, far less. Memory is the process's
peak above the loaded model.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from machine_facts import describe_machine, facts_line, write_results
from peak_memory import in_own_process

LAYERS = ("encoder.0", "encoder.1", "encoder.2", "decoder.0", "decoder.1")


@dataclass(frozen=True)
class Setting:
    """One measurement.

    Args:
        shape: of the volume (z, y, x).
        step: of the windows, as a share of their size.
        layers: that are explained.
        classes: with the background.
    """

    shape: tuple[int, int, int] = (32, 128, 128)
    step: float = 0.5
    layers: tuple[str, ...] = LAYERS[2:3]
    classes: int = 2


START = Setting()
#: Windows after which a process has measured enough.
ENOUGH_WINDOWS = 18
VARIED = {
    "volume": [replace(START, shape=shape) for shape in ((32, 128, 128), (48, 128, 128), (64, 160, 160))],
    "windows": [replace(START, step=step) for step in (1.0, 0.5, 0.25)],
    "layers": [replace(START, layers=layers) for layers in (LAYERS[2:3], LAYERS[2:4], LAYERS[2:5])],
    "classes": [replace(START, classes=classes) for classes in (2, 14, 33)],
}


def measure(setting: Setting) -> dict[str, float]:
    """Segment and explain after everything was compiled and warmed up; in this process.

    Settings of few windows several times over, as a single one would be measured by chance: the fewest seconds.
    """
    import psutil
    import torch
    from random_model import write_noise_volume, write_random_model

    from UMambaXAILogic.engine.attribution import MethodSettings, get_method
    from UMambaXAILogic.engine.case.record import restart_peak_memory
    from UMambaXAILogic.engine.inference.explanation import Explained
    from UMambaXAILogic.engine.inference.network_grid import to_network_grid
    from UMambaXAILogic.engine.inference.prediction import predict_stitched_logits
    from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target
    from UMambaXAILogic.engine.inference.windows import plan_windows
    from UMambaXAILogic.engine.model.layers import resolve_layers
    from UMambaXAILogic.engine.model.loading import load_model
    from UMambaXAILogic.engine.progress import Reporter
    from UMambaXAILogic.engine.volume_io import read_volume

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = load_model(str(write_random_model(folder, labels=setting.classes - 1)))
        layers = resolve_layers(model, setting.layers)
        method, settings = get_method("seg-xres-cam"), MethodSettings()

        def once(shape: tuple[int, ...]) -> dict[str, Any]:
            volume, _ = read_volume(write_noise_volume(folder / "volume.nii", shape))
            grid = to_network_grid(volume, model)
            plan = plan_windows(grid.shape, model.patch_size, setting.step)
            data = plan.pad(grid.data)
            score = TargetScore(resolve_target(model.label_manager, 1), "margin")
            began = time.process_time()
            logits = predict_stitched_logits(model, data, plan, mirror=False, reporter=Reporter())
            segmented = time.process_time()
            mask = torch.ones(plan.padded_shape, dtype=torch.bool)
            case = Explained(model, plan, data, logits, mask, score, False, grid.spacing_mm)
            maps = method.explain(case, layers, settings, Reporter())
            ended = time.process_time()
            assert maps.explained_windows == len(plan.windows)
            return {"windows": len(plan.windows), "segment": segmented - began, "explain": ended - segmented}

        once(model.patch_size)
        restart_peak_memory()
        before = psutil.Process().memory_info().rss
        found = [once(setting.shape)]
        found += [once(setting.shape) for _ in range(ENOUGH_WINDOWS // found[0]["windows"] - 1)]
        fewest = {name: min(run[name] for run in found) for name in found[0]}
        return {**fewest, "before_mb": before / 2**20}


def rows(repeats: int) -> Iterator[dict[str, Any]]:
    """One row for every setting."""
    settings = list(dict.fromkeys(setting for group in VARIED.values() for setting in group))
    found: dict[Setting, list[dict[str, float]]] = {setting: [] for setting in settings}
    for _ in range(repeats):
        for setting in settings:
            measured, peak_mb = in_own_process(measure, setting)
            found[setting].append({**measured, "peak_mb": peak_mb - measured["before_mb"]})
            print(setting, found[setting][-1], flush=True)
    for what, group in VARIED.items():
        first: dict[str, float] | None = None
        for setting in group:
            runs = found[setting]
            fewest = {name: min(run[name] for run in runs) for name in ("segment", "explain")}
            windows = int(runs[0]["windows"])
            varied = {"layers": len(setting.layers), "classes": setting.classes}.get(what, windows)
            first = first or {**fewest, "varied": varied}
            yield {
                "varied": what,
                "volume": "x".join(map(str, setting.shape)),
                "step": setting.step,
                "layers": len(setting.layers),
                "classes": setting.classes,
                "windows": windows,
                "processor seconds": {name: round(value, 3) for name, value in fewest.items()},
                "growth": {
                    name: round(math.log(value / first[name]) / math.log(varied / first["varied"]), 3)
                    for name, value in fewest.items()
                    if varied != first["varied"]
                },
                "peak_mb": round(max(run["peak_mb"] for run in runs)),
            }


def table(result: dict[str, Any]) -> str:
    """The result as a page."""
    lines = [
        "# Scaling",
        "",
        f"{facts_line(result['machine'])}. {result['network']}; one thread. Fewest of {result['repeats']} runs.",
        "",
        "*Growth*: the power of what is varied (of the windows, for volumes) that processor seconds grow with, from "
        "the group's first row.",
        "",
        "| varied | volume | step | layers | classes | windows | segment, s | growth | explain, s | growth "
        "| peak, MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        cells = [row[name] for name in ("varied", "volume", "step", "layers", "classes", "windows")]
        for name in ("segment", "explain"):
            cells += [f"{row['processor seconds'][name]:.2f}", row["growth"].get(name, "")]
        lines.append("| " + " | ".join(map(str, [*cells, row["peak_mb"]])) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    result = {
        "machine": describe_machine(),
        "network": "U-Mamba Enc, features 8, 16, 32, random weights, windows of 32x64x64",
        "repeats": options.repeats,
        "rows": list(rows(options.repeats)),
    }
    print(table(result))
    write_results("scaling", result, table(result))


if __name__ == "__main__":
    main()
