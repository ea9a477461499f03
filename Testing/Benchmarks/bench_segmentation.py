"""Segmenting a volume, measured against the original U-Mamba networks under nnU-Net's own predictor.

    git clone https://github.com/bowang-lab/U-Mamba PATH
    python Testing/Benchmarks/bench_segmentation.py --peer PATH [--repeats 3] [--windows 2]

Both sides get the same weights and the same preprocessed volume (a phantom's), and run in turn in one process,
``--repeats`` times; ratios are of the shortest times, because whatever else the machine does can only add to them.
Where others use the machine at the same time, the ratio of the processors' seconds says more than that of the clock's.
Then each side runs once in a process of its own for its peak memory.

- ``ours``: this package's stitched prediction.
- ``original``: the original's classes in ``nnUNetPredictor`` of the installed nnunetv2. Their Mamba block is that of
  mamba-ssm with its own reference scan, which is all of it that runs without CUDA (see ``original_umamba.py``). On a
  GPU the original has compiled kernels; these figures say nothing about that.

Two networks: U-Mamba Enc, the demo model, which scans at full resolution; and U-Mamba Bot of the size that nnU-Net
plans for CT, with random weights, which scans at the bottleneck alone. Mirroring is off.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import as_the_worker_does  # noqa: F401
import torch
from machine_facts import describe_machine, facts_line, write_results
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from original_umamba import original_network, with_our_weights
from peak_memory import in_own_process
from random_model import write_random_model

from UMambaXAILogic.engine.inference.network_grid import to_network_grid
from UMambaXAILogic.engine.inference.prediction import predict_stitched_logits
from UMambaXAILogic.engine.inference.windows import plan_windows
from UMambaXAILogic.engine.model.loading import Model, load_model
from UMambaXAILogic.engine.model.topology import Topology
from UMambaXAILogic.engine.phantom import write_cohort
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.volume_io import read_volume

BOT = {"labels": 13, "features": (32, 64, 128, 256, 320), "patch": (32, 128, 128), "trainer": "nnUNetTrainerUMambaBot"}


def centre_of_phantom(model: Model, windows: int) -> torch.Tensor:
    """(channels, z, y, x) of the network grid: ``windows`` windows in a row along x."""
    with tempfile.TemporaryDirectory() as folder:
        write_cohort("source", 1, 9000, Path(folder))
        volume, _ = read_volume(next(Path(folder).rglob("phantom_source_*.nii.gz")))
        data = to_network_grid(volume, model).data
    *others, along = model.patch_size
    wanted = (*others, along + (windows - 1) * (along // 2))
    for axis, size in enumerate(wanted, start=1):
        repeats = -(-size // data.shape[axis])
        data = torch.cat([data] * repeats, dim=axis)
        data = data.narrow(axis, (data.shape[axis] - size) // 2, size)
    return data.contiguous()


def predict_ours(model: Model, data: torch.Tensor) -> torch.Tensor:
    plan = plan_windows(data.shape[1:], model.patch_size, 0.5)
    return predict_stitched_logits(model, data, plan, mirror=False, reporter=Reporter())


def original_predictor(model: Model, checkout: Path) -> nnUNetPredictor:
    arguments = model.configuration_manager.network_arch_init_kwargs
    topology = Topology.from_architecture(arguments, model.configuration_manager.patch_size)
    heads = model.label_manager.num_segmentation_heads
    network = original_network(checkout, model.architecture, topology, 1, heads)
    weights = {**model.network.state_dict(), **model.parameter_sets[model.folds[0]]}
    predictor = nnUNetPredictor(
        tile_step_size=0.5,
        use_mirroring=False,
        perform_everything_on_device=False,
        device=torch.device("cpu"),
        allow_tqdm=False,
    )
    predictor.manual_initialization(
        with_our_weights(network, weights),
        model.plans_manager,
        model.configuration_manager,
        [weights],
        model.dataset_json,
        model.trainer_name,
        model.allowed_mirroring_axes,
    )
    return predictor


def seconds_of(action) -> tuple[float, float, torch.Tensor]:
    """Of the clock and of the processors, and what the action gives."""
    start, used = time.perf_counter(), time.process_time()
    result = action()
    return time.perf_counter() - start, time.process_time() - used, result


def run_once(reference: str, windows: int, checkout: Path | None) -> None:
    """One side alone, for its memory: the original where there is a checkout."""
    model = load_model(reference)
    data = centre_of_phantom(model, windows)
    if checkout is None:
        predict_ours(model, data)
    else:
        original_predictor(model, checkout).predict_sliding_window_return_logits(data)


def compare(reference: str, windows: int, checkout: Path, repeats: int) -> dict:
    model = load_model(reference)
    data = centre_of_phantom(model, windows)
    predictor = original_predictor(model, checkout)
    predict_ours(model, data)  # compiles and warms up
    sides = {
        "ours": lambda: predict_ours(model, data),
        "original": lambda: predictor.predict_sliding_window_return_logits(data),
    }
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    used: dict[str, list[float]] = {side: [] for side in sides}
    logits: dict[str, torch.Tensor] = {}
    for _ in range(repeats):
        for side, action in sides.items():
            clock, processors, logits[side] = seconds_of(action)
            seconds[side].append(clock)
            used[side].append(processors)
    ours, theirs = logits["ours"], logits["original"]
    labels, their_labels = ours.float().argmax(0), theirs.float().argmax(0)
    peaks = {
        side: in_own_process(run_once, reference, windows, path)[1]
        for side, path in (("ours", None), ("original", checkout))
    }
    shortest = {side: min(values) for side, values in seconds.items()}
    return {
        "network": f"{model.architecture}, patch {'x'.join(map(str, model.patch_size))}",
        "volume": "x".join(map(str, data.shape[1:])),
        "windows": windows,
        "seconds (shortest)": {side: round(value, 2) for side, value in shortest.items()},
        "seconds (all runs)": {side: [round(value, 2) for value in values] for side, values in seconds.items()},
        "processor seconds (all runs)": {side: [round(value, 2) for value in values] for side, values in used.items()},
        "original / ours": round(shortest["original"] / shortest["ours"], 2),
        "original / ours, processor seconds": round(min(used["original"]) / min(used["ours"]), 2),
        "peak MiB of a process": peaks,
        "voxels labelled otherwise": int((labels != their_labels).sum()),
        "voxels": labels.numel(),
        "foreground voxels": int((labels > 0).sum()),
        "greatest difference of logits / greatest logit": float(
            f"{((ours.float() - theirs.float()).abs().max() / theirs.abs().max()).item():.1e}"
        ),
    }


def page_of(result: dict) -> str:
    rows = [
        "# Segmenting a volume",
        "",
        facts_line(result["machine"]) + f"; {result['threads']} threads. Shortest of {result['repeats']} runs in turn. "
        "Both sides: same weights, same volume, nnU-Net's windows at step 0.5, no mirroring.",
        "",
        "| network | windows | ours | original | original / ours | the same, processor seconds "
        "| peak memory ours, original | voxels labelled otherwise | logits |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["networks"]:
        seconds, peaks = row["seconds (shortest)"], row["peak MiB of a process"]
        rows.append(
            f"| {row['network']} | {row['windows']} | {seconds['ours']} s | {seconds['original']} s "
            f"| **{row['original / ours']}** | {row['original / ours, processor seconds']} "
            f"| {peaks['ours']}, {peaks['original']} MiB "
            f"| {row['voxels labelled otherwise']} of {row['voxels']} ({row['foreground voxels']} foreground) "
            f"| {row['greatest difference of logits / greatest logit']} |"
        )
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, help="a checkout of bowang-lab/U-Mamba")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--windows", type=int, default=2)
    options = parser.parse_args()
    if options.peer is None:
        print("Nothing to compare with: give --peer and a checkout of bowang-lab/U-Mamba.")
        return
    with tempfile.TemporaryDirectory() as folder:
        references = ["demo", str(write_random_model(Path(folder), **BOT))]
        networks = []
        for reference in references:
            networks.append(compare(reference, options.windows, options.peer.resolve(), options.repeats))
            print(networks[-1], flush=True)
    result = {
        "machine": describe_machine(),
        "threads": torch.get_num_threads(),
        "repeats": options.repeats,
        "networks": networks,
    }
    write_results("segmentation", result, page_of(result))


if __name__ == "__main__":
    main()
