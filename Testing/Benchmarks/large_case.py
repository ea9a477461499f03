"""A whole head of 512 x 512 x 600 voxels, explained by ``umamba-xai explain`` within 8 GB: memory and time by stage.

    python Testing/Benchmarks/large_case.py [--trainer nnUNetTrainerUMambaBot] [--spacing 0.625 0.609 0.609]

The volume is the phantom's head on a finer grid, int16, with its vessels in a box around the middle as ground truth.
The network has the widths, window and labels that people train (32 to 320 features, 128 x 128 x 128, 14 classes),
random weights, and calls three of a thousand voxels vessel. The true positives are explained, so that a seventh of the
windows holds target. The process is watched from outside: main memory of its own, and with the pages of mapped files,
which the system takes back when it needs room.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from machine_facts import describe_machine, facts_line, write_results
from random_model import write_random_model

from UMambaXAILogic.cli.progress import STAGE_TEXTS
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.phantom import make_phantom
from UMambaXAILogic.engine.volume import Geometry, Volume
from UMambaXAILogic.engine.volume_io.write import write_volume

FEATURES, PATCH, LABELS = (32, 64, 128, 256, 320, 320), (128, 128, 128), 13
SPACING_MM = (0.457, 0.457, 0.4)
LAYERS = "encoder.5,decoder.2"
LIMIT_GB, STEP = 8.0, 1.0
#: Of a whole volume's width: the annotated box around the middle.
ANNOTATED = (0.4, 0.3, 0.3)
VESSEL_SHARE = 0.003
_LOOK_S = 0.1
_STAGE_OF = {text: name for name, text in STAGE_TEXTS.items()}
_NETWORK = ("segment", "explain")
_COLUMNS = ("seconds", "processor seconds", "own MiB", "with files MiB")


def write_case(folder: Path, trainer: str, spacing_mm: Sequence[float], slices: int) -> tuple[Path, Path, Path]:
    """Model, volume and ground truth; ``spacing_mm`` is the network's (z, y, x)."""
    phantom = make_phantom("source", 0, "full")
    image, vessels = (_stretched(each.array, slices) for each in (phantom.image, phantom.mask))
    truth = np.zeros_like(vessels)
    box = tuple(
        slice(round(size * (0.5 - share / 2)), round(size * (0.5 + share / 2)))
        for size, share in zip(truth.shape, ANNOTATED, strict=True)
    )
    truth[box] = vessels[box]
    model = write_random_model(
        folder, labels=LABELS, features=FEATURES, patch=PATCH, spacing=spacing_mm, trainer=trainer
    )
    middle = tuple(slice((size - edge) // 2, (size + edge) // 2) for size, edge in zip(truth.shape, PATCH, strict=True))
    _call_most_of_it_background(model, image[middle])
    grid = Geometry(image.shape[::-1], SPACING_MM)
    paths = folder / "volume.nii", folder / "truth.nii"
    for array, path in zip((image, truth), paths, strict=True):
        write_volume(array, path, like=Volume(image, grid, is_phantom=True))
    return model, *paths


def _stretched(array: npt.NDArray, slices: int) -> npt.NDArray:
    nearest = ((np.arange(slices) + 0.5) * array.shape[0] / slices).astype(int)
    return array[nearest]


def _call_most_of_it_background(folder: Path, patch: npt.NDArray[np.int16]) -> None:
    """Let the background win in 997 of 1000 voxels of a window, by the bias of its head."""
    model = load_model(str(folder))
    normalised = (np.clip(patch, -100, 400).astype(np.float32) - 100) / 60  # as the plans say
    with torch.inference_mode():
        logits = model.network(torch.from_numpy(normalised)[None, None])[0]
    ahead = np.sort((logits[1:].amax(0) - logits[0]).numpy(), axis=None)
    path = folder / "fold_0" / "checkpoint_final.pth"
    checkpoint = torch.load(path, weights_only=False)
    for name, tensor in checkpoint["network_weights"].items():
        if name.endswith(f"seg_layers.{len(model.network.decoder.seg_layers) - 1}.bias"):
            tensor[0] += float(ahead[int(ahead.size * (1 - VESSEL_SHARE))])
    torch.save(checkpoint, path)


def explain(model: Path, volume: Path, truth: Path, output: Path) -> dict[str, Any]:
    """Run the command and watch it; returns what it took by stage, and what metrics.json says.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    call = [sys.executable, "-m", "UMambaXAILogic.cli", "explain", volume, "--model", model, "--gt", truth]
    call += ["--kind", "tp", "--layers", LAYERS, "--step", STEP, "--memory-limit", LIMIT_GB, "--device", "cpu"]
    stages: dict[str, dict[str, float]] = {}
    with open(output.with_suffix(".txt"), "w") as said:
        process = subprocess.Popen([*map(str, call), "--out", str(output)], stderr=said)
        seen_s = began = time.perf_counter()
        seen_processor_s = 0.0
        while process.poll() is None:
            time.sleep(_LOOK_S)
            found = _look_at(process.pid)
            if found is None:
                break
            own, with_files, processor_s = found
            now = time.perf_counter()
            stage = stages.setdefault(_stage(said.name), dict.fromkeys(_COLUMNS, 0.0))
            stage["own MiB"] = max(stage["own MiB"], own)
            stage["with files MiB"] = max(stage["with files MiB"], with_files)
            stage["seconds"] += now - seen_s
            stage["processor seconds"] += processor_s - seen_processor_s
            seen_s, seen_processor_s = now, processor_s
    print(Path(said.name).read_text())
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, call)
    metrics = json.loads((output / "metrics.json").read_text())
    return {"seconds": time.perf_counter() - began, "stages": stages, "metrics": metrics}


def _look_at(process: int) -> tuple[float, float, float] | None:
    """MiB of its own, MiB with pages of files, and processor seconds so far; None where it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        counters = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    size = dict(line.split(":", 1) for line in lines)
    if "VmRSS" not in size:
        return None
    own, resident = (int(size[name].split()[0]) / 1024 for name in ("RssAnon", "VmRSS"))
    return own, resident, (int(counters[11]) + int(counters[12])) / os.sysconf("SC_CLK_TCK")


def _stage(said: str) -> str:
    """The last stage that the command named."""
    found = re.findall("|".join(map(re.escape, _STAGE_OF)), Path(said).read_text())
    return _STAGE_OF[found[-1]] if found else "start"


def measure(trainer: str, spacing_mm: Sequence[float], slices: int) -> dict[str, Any]:
    """What is kept of one run."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:  # on a disk, which /tmp need not be
        found = explain(*write_case(Path(folder), trainer, spacing_mm, slices), Path(folder) / "out")
    stages, metrics = found["stages"], found["metrics"]
    processor_s = sum(stage["processor seconds"] for stage in stages.values())
    network_s = sum(stages[name]["processor seconds"] for name in _NETWORK)
    return {
        "machine": describe_machine(),
        "network": {
            "trainer": trainer,
            "features": FEATURES,
            "patch": PATCH,
            "labels": LABELS,
            "layers": LAYERS,
            "spacing": spacing_mm,
        },
        "size": metrics["input"]["size"],
        "voxels": {name: metrics["segmentation"][f"{name}_voxels"] for name in ("pm", "gt", "overlap")},
        "passes": metrics["attribution"]["passes"],
        "limit_gb": LIMIT_GB,
        "seconds": round(found["seconds"], 1),
        "processor seconds": round(processor_s, 1),
        "outside share": round(1 - network_s / processor_s, 3),
        "peak GB of the process": round(max(stage["own MiB"] for stage in stages.values()) / 1024, 2),
        "with files": round(max(stage["with files MiB"] for stage in stages.values()) / 1024, 2),
        "stages": {name: {key: round(value, 1) for key, value in stage.items()} for name, stage in stages.items()},
        "memory": metrics["memory"],
        "timing": metrics["timing"],
    }


def page(result: dict[str, Any]) -> str:
    """As Markdown."""
    memory, passes, network = result["memory"], result["passes"], result["network"]
    by_stage = memory["host_mb_by_stage"]
    placed = ", ".join(f"{name} in {place}" for name, place in memory["placement"].items())
    text = (
        f"{' x '.join(map(str, result['size']))} voxels, {network['trainer']}, {passes['windows']} windows at spacing "
        f"{tuple(network['spacing'])} mm, T/N = {passes['explained_share']}, layers {network['layers']}: "
        f"{result['seconds']:.0f} s by the clock, {result['processor seconds']:.0f} processor seconds, "
        f"{100 * result['outside share']:.0f} % of them outside the network. The whole process took "
        f"{result['peak GB of the process']} GB at most, {result['with files']} GB with the pages of mapped files "
        f"({placed}); beside the loaded model {memory['measured_mb']['host'] / 1024:.2f} GB, planned "
        f"{memory['predicted_mb']['host'] / 1024:.2f} GB, allowed {result['limit_gb']:g} GB."
    )
    heads = ["stage", "seconds", "processor seconds", "process, MiB", "with files, MiB", "beside the model, MiB"]
    lines = ["# A whole head within 8 GB", "", facts_line(result["machine"]), "", text, ""]
    lines += [f"| {' | '.join([*heads, 'planned, MiB'])} |", "|---" * (len(heads) + 1) + "|"]
    for name, stage in result["stages"].items():
        cells = [f"{stage[column]:.0f}" for column in _COLUMNS]
        cells += [_cell(by_stage[kind].get(name)) for kind in ("measured", "predicted")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", default="nnUNetTrainer", help="its name decides the network")
    parser.add_argument(
        "--spacing", type=float, nargs=3, default=SPACING_MM[::-1], help="of the network's grid in mm, z, y, x"
    )
    parser.add_argument("--slices", type=int, default=600, help="of the volume")
    options = parser.parse_args(arguments)
    result = measure(options.trainer, options.spacing, options.slices)
    text = page(result)
    write_results("large_case", result, text)
    print(text)


if __name__ == "__main__":
    main()
