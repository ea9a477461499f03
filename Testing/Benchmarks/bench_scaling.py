"""How time and memory grow with a volume, its windows, the explained layers and the classes.

    python Testing/Benchmarks/bench_scaling.py [--repeats 3]

A U-Mamba Enc of three stages with random weights, windows of 32x64x64, every window explained. One thing is varied at a
time, each setting in a process of its own, in turn, ``--repeats`` times; the shortest times count. ``a window`` is what
one window costs beside the first setting's: 1.0 everywhere means that time grows in step with the number of windows and
that nothing else does. Memory is the process's peak above the loaded model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from machine_facts import describe_machine, facts_line, write_results

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
    layers: tuple[str, ...] = LAYERS[1:2]
    classes: int = 2


START = Setting()
VARIED = {
    "volume": [replace(START, shape=shape) for shape in ((32, 128, 128), (48, 160, 160), (64, 224, 224))],
    "windows": [replace(START, step=step) for step in (1.0, 0.5, 0.25)],
    "layers": [replace(START, layers=layers) for layers in (LAYERS[2:3], LAYERS[2:4], LAYERS[2:5])],
    "classes": [replace(START, classes=classes) for classes in (2, 8, 14, 33)],
}


def measure(setting: Setting) -> dict[str, float]:
    """Segment and explain once, after everything was compiled and warmed up; in this process."""
    import psutil
    import torch
    from random_model import write_noise_volume, write_random_model

    from UMambaXAILogic.engine.attribution import MethodSettings, get_method
    from UMambaXAILogic.engine.inference.explanation import Explained
    from UMambaXAILogic.engine.inference.network_grid import to_network_grid
    from UMambaXAILogic.engine.inference.prediction import predict_stitched_logits
    from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target
    from UMambaXAILogic.engine.inference.windows import plan_windows
    from UMambaXAILogic.engine.model.layers import resolve_layers
    from UMambaXAILogic.engine.model.loading import load_model
    from UMambaXAILogic.engine.progress import Reporter
    from UMambaXAILogic.engine.volume_io import read_volume

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = load_model(str(write_random_model(folder, labels=setting.classes - 1)))
        layers = resolve_layers(model, setting.layers)
        method, settings = get_method("seg-xres-cam"), MethodSettings()

        def once(shape: tuple[int, ...]) -> dict[str, float]:
            volume, _ = read_volume(write_noise_volume(folder / "volume.nii", shape))
            grid = to_network_grid(volume, model)
            plan = plan_windows(grid.shape, model.patch_size, setting.step)
            data = plan.pad(grid.data)
            score = TargetScore(resolve_target(model.label_manager, 1), "margin")
            began = time.perf_counter()
            logits = predict_stitched_logits(model, data, plan, mirror=False, reporter=Reporter())
            segmented = time.perf_counter()
            mask = torch.ones(plan.padded_shape, dtype=torch.bool)
            case = Explained(model, plan, data, logits, mask, score, False, grid.spacing_mm)
            maps = method.explain(case, layers, settings, Reporter())
            ended = time.perf_counter()
            assert maps.explained_windows == len(plan.windows)
            return {"windows": len(plan.windows), "segment": segmented - began, "explain": ended - segmented}

        once(model.patch_size)
        before = psutil.Process().memory_info().rss
        found = once(setting.shape)
        return {**found, "peak_mb": (_peak_bytes() - before) / 2**20}


def _peak_bytes() -> int:
    import resource

    unit = 1 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def in_own_process(setting: Setting) -> dict[str, float]:
    """``measure`` in a process that did nothing before."""
    command = [sys.executable, __file__, "--measure", json.dumps(asdict(setting))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def rows(repeats: int) -> Iterator[dict[str, Any]]:
    """One row for every setting."""
    for what, settings in VARIED.items():
        found: list[list[dict[str, float]]] = [[] for _ in settings]
        for _ in range(repeats):
            for number, setting in enumerate(settings):
                found[number].append(in_own_process(setting))
        first: dict[str, float] | None = None
        for setting, measured in zip(settings, found, strict=True):
            windows = measured[0]["windows"]
            seconds = {name: min(run[name] for run in measured) for name in ("segment", "explain")}
            each = {name: value / windows for name, value in seconds.items()}
            first = first or each
            yield {
                "varied": what,
                "volume": "x".join(map(str, setting.shape)),
                "step": setting.step,
                "layers": len(setting.layers),
                "classes": setting.classes,
                "windows": windows,
                "seconds": {name: round(value, 3) for name, value in seconds.items()},
                "a window, beside the first": {name: round(each[name] / first[name], 3) for name in each},
                "peak_mb": round(max(run["peak_mb"] for run in measured)),
            }


def table(result: dict[str, Any]) -> str:
    """The result as a page."""
    lines = [
        "# Scaling",
        "",
        f"{facts_line(result['machine'])}. {result['network']}. Shortest of {result['repeats']} runs.",
        "",
        "| varied | volume | step | layers | classes | windows | segment, s | a window | explain, s | a window "
        "| peak, MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        seconds, each = row["seconds"], row["a window, beside the first"]
        cells = [row[name] for name in ("varied", "volume", "step", "layers", "classes", "windows")]
        cells += [f"{seconds['segment']:.2f}", f"{each['segment']:.2f}x"]
        cells += [f"{seconds['explain']:.2f}", f"{each['explain']:.2f}x", row["peak_mb"]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        body = json.loads(options.measure)
        setting = Setting(tuple(body["shape"]), body["step"], tuple(body["layers"]), body["classes"])
        print(json.dumps(measure(setting)))
        return
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
