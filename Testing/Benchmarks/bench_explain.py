"""Explaining a volume, measured against segmenting it, the cost bound, and the published tool nnunetv2-cam.

    python Testing/Benchmarks/bench_explain.py [--model demo] [--volume FILE] [--repeats 3] [--peer]

Everything runs in one process, in turn, ``--repeats`` times; medians and ratios are reported.

- ``segment``: pass 1 alone, on preprocessed data.
- ``explain``: pass 1 and pass 2 with all default layers.
- ``bound``: N F + T (F + B), with F one window's forward pass without gradients and F + B one window's forward and
  activation-only backward pass, both measured here without any map being formed.
- ``nnunetv2-cam`` (with ``--peer``; needs ``pip install nnunetv2-cam``): its sliding-window Seg-XRes-CAM on the same
  network, data and layers, windows and step alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch
from machine_facts import describe_machine, write_results

from UMambaXAILogic.engine.attribution import MethodSettings, get_method
from UMambaXAILogic.engine.inference.capture import LayerCapture
from UMambaXAILogic.engine.inference.explanation import Explained
from UMambaXAILogic.engine.inference.network_grid import to_network_grid
from UMambaXAILogic.engine.inference.prediction import predict_stitched_logits
from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target
from UMambaXAILogic.engine.inference.windows import plan_windows
from UMambaXAILogic.engine.model.layers import resolve_layers
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.phantom import write_cohort
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.volume_io import read_volume


def timed(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def explained_case(model, volume_path: Path) -> tuple[Explained, float]:
    volume, _ = read_volume(volume_path)
    grid = to_network_grid(volume, model)
    plan = plan_windows(grid.shape, model.patch_size, 0.5)
    data = plan.pad(grid.data)
    score = TargetScore(resolve_target(model.label_manager, None), "margin")
    seconds, logits = timed(lambda: predict_stitched_logits(model, data, plan, mirror=False, reporter=Reporter()))
    mask = score.predicted(logits)
    return Explained(model, plan, data, logits, mask, score, False, grid.spacing_mm), seconds


def one_window_costs(case: Explained, layers, repeats: int) -> tuple[float, float]:
    """Median seconds of F and of F + B over windows that hold target."""
    windows = (case.plan.touching(case.mask) or list(case.plan.windows))[: max(3, repeats)]
    forward, both = [], []
    upstream = torch.ones((1, case.logits.shape[0], *case.plan.patch_size))
    patches = [case.data[(slice(None), *window)][None].contiguous() for window in windows]
    for patch in patches:
        with torch.inference_mode():
            forward.append(timed(lambda patch=patch: case.model.network(patch))[0])
    # Only the first wanted layer is watched: the backward pass reaches it whatever else is watched.
    with LayerCapture(case.model.network, [(layers[0].alias, layers[0].module)]) as capture:
        for patch in patches:
            both.append(timed(lambda patch=patch: capture.explain(patch, lambda _: upstream, lambda *_: None))[0])
    return statistics.median(forward), statistics.median(both)


def by_nnunetv2_cam(case: Explained, layers) -> float:
    """The published tool's window loop on the same network and data."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in (
        "nms",
        "qnms",
    ):  # a CPU torch beside the registry's torchvision lacks these, and nothing here calls them
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from nnunetv2_cam.cam_core import compute_cam_with_sliding_window

    model = case.model
    names = {module: name for name, module in model.network.named_modules()}
    network = model.network.requires_grad_(True)
    try:
        seconds, _ = timed(
            lambda: compute_cam_with_sliding_window(
                network,
                case.data,
                [names[layer.module] for layer in layers],
                1,
                "segxrescam",
                torch.device("cpu"),
                model.configuration_manager,
                model.label_manager,
                [{**network.state_dict(), **model.parameter_sets[fold]} for fold in model.folds],
                0.5,
                False,
                None,
                cam_type="3d",
                pool_size=1,
            )
        )
    finally:
        network.requires_grad_(False)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--volume", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    model = load_model(options.model)
    layers = resolve_layers(model)
    with tempfile.TemporaryDirectory() as folder:
        volume = options.volume
        if volume is None:
            write_cohort("source", 1, 9000, Path(folder))
            volume = next(Path(folder).rglob("phantom_source_*.nii.gz"))
        runs: dict[str, list[float]] = {"segment": [], "explain": [], "bound": []}
        if options.peer:
            runs["nnunetv2-cam"] = []
        explained_case(model, volume)  # compiles and warms up
        for _ in range(options.repeats):
            case, segment = explained_case(model, volume)
            method, settings = get_method("seg-xres-cam"), MethodSettings()
            second_pass, maps = timed(
                lambda case=case: method.explain(case, layers, settings, Reporter())  # noqa: B023
            )
            forward, both = one_window_costs(case, layers, 3)
            n, t = len(case.plan.windows), maps.explained_windows
            runs["segment"].append(segment)
            runs["explain"].append(segment + second_pass)
            runs["bound"].append(n * forward + t * both)
            if options.peer:
                runs["nnunetv2-cam"].append(by_nnunetv2_cam(case, layers))
    median = {name: statistics.median(values) for name, values in runs.items()}
    ratios = {
        "explain / segment": statistics.median(a / b for a, b in zip(runs["explain"], runs["segment"], strict=True)),
        "explain / bound": statistics.median(a / b for a, b in zip(runs["explain"], runs["bound"], strict=True)),
    }
    if options.peer:
        ratios["nnunetv2-cam / explain"] = statistics.median(
            a / b for a, b in zip(runs["nnunetv2-cam"], runs["explain"], strict=True)
        )
    result = {
        "machine": describe_machine(),
        "model": f"{options.model} ({model.architecture}, patch {'x'.join(map(str, model.patch_size))})",
        "volume": f"{'x'.join(map(str, case.plan.shape))} voxels on the network grid",
        "layers": [layer.alias for layer in layers],
        "windows N": n,
        "explained windows T": t,
        "T/N": round(t / n, 3),
        "seconds (median)": {name: round(value, 2) for name, value in median.items()},
        "seconds (all runs)": {name: [round(v, 2) for v in values] for name, values in runs.items()},
        "ratios (median of runs)": {name: round(value, 3) for name, value in ratios.items()},
    }
    print(json.dumps(result, indent=1))
    write_results("explain_against_peer" if options.peer else "explain", result)


if __name__ == "__main__":
    main()
