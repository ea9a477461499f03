"""The planned memory of a case against what it takes, stage by stage, in a process of its own.

    python Testing/Benchmarks/bench_memory.py [--large]

Every setting is computed by ``run_case``, as ``umamba-xai explain`` does, and tells what metrics.json says under
``memory``: bytes beside the loaded model, without the pages of mapped files, which the system takes back when it needs
room (``with files`` counts them too, at the process's peak). The first settings are dominated by the network's
activations, the others by the volume. ``--large`` runs ``large_case.py`` instead: 512 x 512 x 600 voxels, 14 classes
and a network as people train it within 8 GB, some twenty minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import large_case
import numpy as np
import torch
from machine_facts import describe_machine, facts_line, write_results
from scipy import ndimage

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.inference.windows import mirror_branches
from UMambaXAILogic.engine.model.loading import load_model

#: The widths of a network as people train it, and of one whose activations weigh nothing beside the volume.
WIDE, NARROW = (32, 64, 128, 256, 320), (16, 16)
ALL_OF_THREE_STAGES = ("encoder.0", "encoder.1", "encoder.2", "decoder.0", "decoder.1")
ALLOWED = 0.15


@dataclass(frozen=True)
class Setting:
    """One measurement.

    Args:
        name: for people.
        trainer: decides the network.
        features, patch: of the network.
        shape: of the volume (z, y, x).
        spacing: of the volume in mm; the network's is 1.
        layers: that are explained; None: the default ones.
        method: of attribution.
        step: of the windows.
        limit_gb: ``--memory-limit``; None: what is free.
        labels: beside the background.
        folds: of the model.
        mirror: windows are mirrored too.
        truth: a ground truth is given.
    """

    name: str
    trainer: str = "nnUNetTrainer"
    features: tuple[int, ...] = NARROW
    patch: tuple[int, ...] = (48, 64, 64)
    shape: tuple[int, int, int] = (144, 256, 256)
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    layers: tuple[str, ...] | None = None
    method: str = "seg-xres-cam"
    step: float = 1.0
    limit_gb: float | None = None
    labels: int = 13
    folds: int = 1
    mirror: bool = False
    truth: bool = False


_WINDOW = {"features": WIDE, "patch": (48, 96, 96), "shape": (56, 96, 96)}
SETTINGS = (
    Setting("U-Mamba Bot, default layers", "nnUNetTrainerUMambaBot", **_WINDOW),
    Setting("U-Mamba Enc, default layers", "nnUNetTrainerUMambaEnc", **_WINDOW),
    Setting("plain U-Net, last layer", layers=("decoder.3",), **_WINDOW),
    Setting("U-Mamba Bot, from the input", "nnUNetTrainerUMambaBot", method="grad-x-input", **_WINDOW),
    Setting("U-Mamba Bot, recomputed", "nnUNetTrainerUMambaBot", method="grad-x-input", limit_gb=1.45, **_WINDOW),
    Setting("volume on the network's grid"),
    Setting("volume that is resampled", spacing=(1.0, 0.8, 0.8)),
    Setting("volume, sums in files", limit_gb=0.45),
    Setting("volume, filled regions", method="occlusion", labels=1, shape=(96, 192, 192)),
)
_SMALL = {"features": (16, 32, 64), "patch": (32, 64, 64), "shape": (32, 64, 80)}
#: Other sizes, methods and modes.
FURTHER = (
    Setting("2-D U-Net, 27 labels", features=(32, 64, 128), patch=(256, 256), shape=(8, 320, 320), labels=27),
    Setting("three folds, 30 labels", patch=(32, 64, 64), shape=(64, 128, 128), folds=3, labels=30),
    Setting("mirrored, one label, ground truth", mirror=True, labels=1, truth=True, **_SMALL),
    Setting("SmoothGrad", method="smoothgrad", **_SMALL),
    Setting("Seg-Grad-CAM, thick slices", method="seg-grad-cam", spacing=(3.0, 0.7, 0.7), shape=(32, 256, 256)),
    Setting("all layers of a U-Mamba Enc", "nnUNetTrainerUMambaEnc", layers=ALL_OF_THREE_STAGES, **_SMALL),
    Setting("U-Mamba Enc, recomputed", "nnUNetTrainerUMambaEnc", method="grad-x-input", limit_gb=0.52, **_SMALL),
    Setting("30 labels, sums in files", shape=(96, 128, 192), labels=30, limit_gb=0.45),
    Setting("DEA", features=(16, 16, 16), method="dea", shape=(48, 128, 128)),
    Setting("embedding similarity", features=(16, 16, 16), method="embedding-similarity", shape=(96, 128, 128)),
)

#: Chosen after the plan's factors were.
UNSEEN = (
    Setting(
        "U-Mamba Bot of four stages",
        "nnUNetTrainerUMambaBot",
        features=(16, 32, 64, 128),
        patch=(32, 80, 80),
        shape=(40, 120, 120),
    ),
    Setting(
        "Seg-Grad-CAM, odd widths",
        features=(24, 48, 96),
        patch=(40, 64, 64),
        shape=(64, 128, 128),
        method="seg-grad-cam",
        labels=5,
    ),
    Setting(
        "supervoxels, resampled",
        features=(32, 64, 128),
        patch=(64, 64, 64),
        shape=(64, 100, 160),
        spacing=(1.5, 0.8, 0.8),
        method="supervoxel",
        labels=2,
    ),
    Setting(
        "U-Mamba Enc, from the input",
        "nnUNetTrainerUMambaEnc",
        features=(32, 64, 128),
        patch=(32, 64, 64),
        shape=(40, 80, 80),
        method="grad-x-input",
        labels=2,
    ),
)


def prepare(setting: Setting, folder: Path) -> tuple[Path, Path]:
    """Write a model that calls three of a thousand voxels vessel, and a volume of smooth noise."""
    import SimpleITK as sitk
    from random_model import write_random_model

    model = write_random_model(
        folder, labels=setting.labels, features=setting.features, patch=setting.patch, trainer=setting.trainer
    )
    patch = (8, *setting.patch)[-3:]
    tile = ndimage.gaussian_filter(np.random.default_rng(0).normal(0, 1, patch), 3, mode="wrap")
    tile = (100 + 60 * tile / tile.std()).astype(np.int16)
    repeats = [-(-size // own) for size, own in zip(setting.shape, patch, strict=True)]
    values = np.tile(tile, repeats)[tuple(slice(0, size) for size in setting.shape)]
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([float(mm) for mm in reversed(setting.spacing)])
    volume = folder / "case.nii"
    sitk.WriteImage(image, str(volume))
    if setting.truth:
        sitk.WriteImage(sitk.Cast(image > 250, sitk.sitkUInt8), str(folder / "truth.nii"))
    _call_most_of_it_background(model, tile if len(setting.patch) == 3 else tile[:, None], setting.mirror)
    for fold in range(1, setting.folds):
        shutil.copytree(model / "fold_0", model / f"fold_{fold}")
    return model, volume


def _call_most_of_it_background(folder: Path, tile: np.ndarray, mirror: bool) -> None:
    """Let the background win in 997 of 1000 voxels of a tile (z, y, x) or (z, 1, y, x), by the bias of its head."""
    model = load_model(str(folder))
    values = torch.from_numpy((tile - 100) / 60).float()
    values = values if tile.ndim == 4 else values[None, None]
    branches = [[axis + 2 for axis in axes] for axes in mirror_branches(range(values.ndim - 2) if mirror else None)]
    with torch.inference_mode():
        logits = sum(model.network(values.flip(axes)).flip(axes) for axes in branches) / len(branches)
    ahead = (logits[:, 1:].amax(1) - logits[:, 0]).flatten()[::7]
    path = folder / "fold_0" / "checkpoint_final.pth"
    checkpoint = torch.load(path, weights_only=False)
    for name, tensor in checkpoint["network_weights"].items():
        if name.endswith(f"seg_layers.{len(model.network.decoder.seg_layers) - 1}.bias"):
            tensor[0] += float(ahead.quantile(0.997))
    torch.save(checkpoint, path)


def compute(setting: Setting, model: str, volume: str, output: str) -> dict[str, Any]:
    """Run the case in this process."""
    result = run_case(
        Request(
            volume,
            model,
            output,
            layers=setting.layers,
            method=setting.method,
            step=setting.step,
            mirror=setting.mirror,
            ground_truth=str(Path(volume).with_name("truth.nii")) if setting.truth else None,
            ground_truth_labels=(1,) if setting.truth else None,
            memory_limit_gb=setting.limit_gb,
            device="cpu",
        )
    )
    metrics = result.metrics
    return {
        "memory": metrics["memory"],
        "with_files_mb": metrics["peak_memory_mb"]["host"],
        "pm_voxels": metrics["segmentation"]["pm_voxels"],
        "passes": (metrics["attribution"] or {}).get("passes"),
        "timing": metrics["timing"],
    }


def in_own_process(setting: Setting) -> dict[str, Any]:
    """What ``compute`` gives, from a process that did nothing before."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:  # on a disk, which /tmp need not be
        model, volume = prepare(setting, Path(folder))
        paths = [str(path) for path in (model, volume, Path(folder) / "out")]
        call = [sys.executable, __file__, "--one", json.dumps(asdict(setting)), *paths]
        done = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def rows(settings: tuple[Setting, ...]) -> Iterator[dict[str, Any]]:
    for setting in settings:
        found = in_own_process(setting)
        memory = found["memory"]
        predicted, measured = memory["predicted_mb"]["host"], memory["measured_mb"]["host"]
        yield {
            "setting": asdict(setting),
            **found,
            "predicted_mb": predicted,
            "measured_mb": measured,
            "ratio": round(predicted / measured, 3),
            "within": abs(predicted / measured - 1) <= ALLOWED,
        }


def table(found: list[dict[str, Any]]) -> str:
    """As Markdown."""
    lines = ["| case | predicted MiB | measured MiB | ratio | in files | with files MiB |", "|---|---|---|---|---|---|"]
    for row in found:
        places = [name for name, place in row["memory"]["placement"].items() if place == "file"]
        lines.append(
            f"| {row['setting']['name']} | {row['predicted_mb']:.0f} | {row['measured_mb']:.0f} | {row['ratio']:.2f} | "
            f"{', '.join(places) or '-'} | {row['with_files_mb']:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="instead: 512 x 512 x 600 voxels within 8 GB")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.large:
        large_case.main([])
        return
    if options.one:
        given = {
            key: tuple(value) if isinstance(value, list) else value for key, value in json.loads(options.one[0]).items()
        }
        print(json.dumps(compute(Setting(**given), *options.one[1:])))
        return
    found = []
    for row in rows((*SETTINGS, *FURTHER, *UNSEEN)):
        found.append(row)
        print(row["setting"]["name"], row["predicted_mb"], row["measured_mb"], row["ratio"], flush=True)
    machine = describe_machine()
    page = f"# Planned memory against measured memory\n\n{facts_line(machine)}\n\n{table(found)}\n"
    write_results("memory", {"machine": machine, "rows": found}, page)
    print(page)


if __name__ == "__main__":
    main()
