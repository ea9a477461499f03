"""Explaining a volume, measured against segmenting it, the cost bound, and the published tool nnunetv2-cam.

    python Testing/Benchmarks/bench_explain.py [--model demo] [--repeats 3] [--peer]

Two cases, both of a phantom:

- ``head``: the phantom's tissue, mirrored outwards to 80 x 240 x 240 voxels. The target is what is predicted inside a
  box of 12 x 40 x 40 voxels at its centre, of the size of a Circle of Willis: a few of many windows hold target.
- ``phantom``: the phantom itself, whose vessels lie in every window.

What is measured, ``--repeats`` times; medians of the ratios are reported:

- ``segment``: pass 1 alone, on preprocessed data.
- ``explain``: pass 1 and pass 2 with all default layers.
- ``bound``: N F + T (F + B), with F a window's forward pass without gradients and F + B its forward and activation-only
  backward pass, without any map being formed. Both are measured **between** the windows of the passes, each right after
  the pass did the same window (F: at least 16 windows, evenly spread), on a copy of the network, and their time is
  taken off the passes'. So whatever else the machine does at the time hits both sides alike.

With ``--peer`` (``pip install nnunetv2-cam``, in another environment than the package's own), the head alone:
``explain`` and ``nnunetv2-cam``, its sliding-window Seg-XRes-CAM on the same network, data and layers, windows and step
alike, each in a process of its own, whose peak memory is taken. nnunetv2-cam gives maps and no segmentation, so the
whole case by peers is nnU-Net's own predictor and then nnunetv2-cam. Where others use the machine at the same time, the
ratio of the processors' seconds says more than that of the clock's.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import as_the_worker_does  # noqa: F401
import numpy as np
import torch
from machine_facts import describe_machine, facts_line, write_results
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from peak_memory import in_own_process

from UMambaXAILogic.engine.attribution import MethodSettings, get_method
from UMambaXAILogic.engine.inference.capture import LayerCapture
from UMambaXAILogic.engine.inference.explanation import Explained
from UMambaXAILogic.engine.inference.network_grid import to_network_grid
from UMambaXAILogic.engine.inference.prediction import predict_stitched_logits
from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target
from UMambaXAILogic.engine.inference.windows import Window, WindowPlan, plan_windows
from UMambaXAILogic.engine.model.layers import Layer, resolve_layers
from UMambaXAILogic.engine.model.loading import Model, load_model
from UMambaXAILogic.engine.phantom import write_cohort
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.volume_io import read_volume

HEAD_SHAPE = (80, 240, 240)
TARGET_BOX = (12, 40, 40)


#: Seconds of the clock and of the processors.
Seconds = np.ndarray


def timed(action: Callable[[], Any]) -> tuple[Seconds, Any]:
    before = _now()
    result = action()
    return _now() - before, result


def _now() -> Seconds:
    return np.array([time.perf_counter(), time.process_time()])


def phantom_data(model: Model) -> torch.Tensor:
    """(channels, z, y, x) of the network grid."""
    with tempfile.TemporaryDirectory() as folder:
        write_cohort("source", 1, 9000, Path(folder))
        volume, _ = read_volume(next(Path(folder).rglob("phantom_source_*.nii.gz")))
        return to_network_grid(volume, model).data


def mirrored_to(data: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """The volume in the middle of a larger one that repeats it mirrored; along each axis cropped where it is longer."""
    for axis, size in enumerate(shape, start=1):
        if data.shape[axis] > size:
            data = data.narrow(axis, (data.shape[axis] - size) // 2, size)
    missing = [size - present for size, present in zip(shape, data.shape[1:], strict=True)]
    widths = [(0, 0), *((amount // 2, amount - amount // 2) for amount in missing)]
    return torch.from_numpy(np.pad(data.numpy(), widths, mode="symmetric"))


def central_box(plan: WindowPlan) -> torch.Tensor:
    box = torch.zeros(plan.padded_shape, dtype=torch.bool)
    starts = [(length - size) // 2 for length, size in zip(plan.padded_shape, TARGET_BOX, strict=True)]
    box[tuple(slice(start, start + size) for start, size in zip(starts, TARGET_BOX, strict=True))] = True
    return box


class BareWindows(Reporter):
    """Does the bare work of a window whenever a pass has done one, and keeps both times apart.

    Args:
        work: what is done for a window, given its number.
        every: only after each window whose number is a multiple of it.
    """

    def __init__(self, work: Callable[[int], Any] | None = None, every: int = 1) -> None:
        super().__init__()
        self._work, self._every = work, every
        self._number = 0
        self.each: list[Seconds] = []
        self.spent: Seconds = np.zeros(2)

    def progress(self, fraction: float) -> None:
        """A window is done."""
        if self._work is not None and self._number % self._every == 0:
            all_of_it, (seconds, _) = timed(lambda: timed(lambda: self._work(self._number)))
            self.each.append(seconds)
            self.spent = self.spent + all_of_it
        self._number += 1


def planned(model: Model, data: torch.Tensor) -> tuple[WindowPlan, torch.Tensor]:
    """The windows, and the data padded for them."""
    plan = plan_windows(data.shape[1:], model.patch_size, 0.5)
    return plan, plan.pad(data)


def segmented(
    model: Model, data: torch.Tensor, plan: WindowPlan, reporter: BareWindows, *, in_box: bool
) -> tuple[Seconds, Explained]:
    """Cost of pass 1 without the reporter's, and what is then to be explained."""
    score = TargetScore(resolve_target(model.label_manager, None), "margin")
    seconds, logits = timed(lambda: predict_stitched_logits(model, data, plan, mirror=False, reporter=reporter))
    mask = score.predicted(logits)
    if in_box:
        mask &= central_box(plan)
    return seconds - reporter.spent, Explained(model, plan, data, logits, mask, score, False, (1.0, 1.0, 1.0))


def explained(case: Explained, layers: list[Layer], reporter: BareWindows) -> tuple[Seconds, int]:
    """Cost of pass 2 without the reporter's, and T."""
    method = get_method("seg-xres-cam")
    seconds, maps = timed(lambda: method.explain(case, layers, MethodSettings(), reporter))
    return seconds - reporter.spent, maps.explained_windows


def bare_forward(network: torch.nn.Module, data: torch.Tensor, windows: Sequence[Window]) -> Callable[[int], Any]:
    """F of a window by its number."""

    def forward(number: int) -> None:
        with torch.inference_mode():
            network(data[(slice(None), *windows[number])][None].contiguous())

    return forward


def bare_both(case: Explained, network: torch.nn.Module, first: torch.nn.Module) -> Callable[[int], Any]:
    """F + B of an explained window by its number.

    Args:
        first: the first wanted layer, the only one that is watched: the backward pass reaches it whatever else is.
    """
    windows = case.plan.touching(case.mask)
    upstream = torch.ones((1, case.logits.shape[0], *case.plan.patch_size))

    def both(number: int) -> None:
        patch = case.data[(slice(None), *windows[number])][None].contiguous()
        with LayerCapture(network, [("first", first)]) as capture:
            capture.explain(patch, lambda _: upstream, lambda *_: None)

    return both


def against_bound(model: Model, data: torch.Tensor, repeats: int, *, in_box: bool) -> dict[str, Any]:
    layers = resolve_layers(model)
    network, first = copy.deepcopy((model.network, layers[0].module))
    plan, data = planned(model, data)
    n = len(plan.windows)
    runs: dict[str, list[Seconds]] = {"segment": [], "explain": [], "bound": []}
    for _ in range(repeats):
        forward = BareWindows(bare_forward(network, data, plan.windows), every=max(1, n // 16))
        segment, case = segmented(model, data, plan, forward, in_box=in_box)
        both = BareWindows(bare_both(case, network, first))
        second_pass, t = explained(case, layers, both)
        runs["segment"].append(segment)
        runs["explain"].append(segment + second_pass)
        runs["bound"].append(n * np.mean(forward.each, axis=0) + t * np.mean(both.each, axis=0))
    return {
        "volume": "x".join(map(str, plan.shape)),
        "windows N": n,
        "explained windows T": t,
        "T/N": round(t / n, 3),
        **_seconds(runs),
        **_ratio(runs, "explain", "segment"),
        **_ratio(runs, "explain", "bound"),
    }


def _seconds(runs: dict[str, list[Seconds]]) -> dict[str, Any]:
    return {
        f"{kind} (all runs)": {name: [round(float(each[at]), 2) for each in values] for name, values in runs.items()}
        for at, kind in enumerate(("seconds", "processor seconds"))
    }


def _ratio(runs: dict[str, list[Seconds]], above: str, below: str) -> dict[str, float]:
    clock, used = np.median([a / b for a, b in zip(runs[above], runs[below], strict=True)], axis=0)
    name = f"{above} / {below}"
    return {name: round(float(clock), 3), f"{name}, processor seconds": round(float(used), 3)}


def explain_apart(reference: str, data: np.ndarray) -> dict[str, Any]:
    """Both passes over the head, alone in a process."""
    model = load_model(reference)
    layers = resolve_layers(model)
    warm_up(model)
    plan, padded = planned(model, torch.from_numpy(data))
    segment, case = segmented(model, padded, plan, BareWindows(), in_box=True)
    second_pass, t = explained(case, layers, BareWindows())
    return {"segment": segment, "seconds": segment + second_pass, "N": len(plan.windows), "T": t}


def peer_apart(reference: str, data: np.ndarray) -> dict[str, Any]:
    """nnU-Net's predictor and then the published tool over the head, alone in a process, on the same network object."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):  # a CPU torch beside the registry's torchvision lacks these, and nothing calls them
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from nnunetv2_cam.cam_core import compute_cam_with_sliding_window

    model = load_model(reference)
    layers = resolve_layers(model)
    warm_up(model)
    names = {module: name for name, module in model.network.named_modules()}
    network = model.network.requires_grad_(True)  # as it is when nnU-Net hands it over
    weights = [{**network.state_dict(), **model.parameter_sets[fold]} for fold in model.folds]
    predictor = nnUNetPredictor(
        tile_step_size=0.5,
        use_mirroring=False,
        perform_everything_on_device=False,
        device=torch.device("cpu"),
        allow_tqdm=False,
    )
    predictor.manual_initialization(
        network, model.plans_manager, model.configuration_manager, weights, model.dataset_json, model.trainer_name, None
    )
    segment, _ = timed(lambda: predictor.predict_logits_from_preprocessed_data(torch.from_numpy(data)))
    network.requires_grad_(True)
    seconds, heatmap = timed(
        lambda: compute_cam_with_sliding_window(
            network,
            torch.from_numpy(data),
            [names[layer.module] for layer in layers],
            1,
            "segxrescam",
            torch.device("cpu"),
            model.configuration_manager,
            model.label_manager,
            weights,
            0.5,
            False,
            None,
            cam_type="3d",
            pool_size=1,
        )
    )
    return {"segment": segment, "seconds": seconds, "heatmap": list(heatmap.shape)}


def warm_up(model: Model) -> None:
    """Compile what is compiled: a window forward and backward."""
    with LayerCapture(model.network, [(layer.alias, layer.module) for layer in resolve_layers(model)]) as capture:
        capture.explain(torch.zeros(1, 1, *model.patch_size), torch.ones_like, lambda *_: None)


def against_peer(reference: str, data: torch.Tensor, repeats: int) -> dict[str, Any]:
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(in_own_process(explain_apart, reference, data.numpy()))
        theirs.append(in_own_process(peer_apart, reference, data.numpy()))
    first = ours[0][0]
    runs = {
        "segment": [run["segment"] for run, _ in ours],
        "explain": [run["seconds"] for run, _ in ours],
        "nnunetv2-cam": [run["seconds"] for run, _ in theirs],
        "nnU-Net and nnunetv2-cam": [run["segment"] + run["seconds"] for run, _ in theirs],
    }
    return {
        "volume": "x".join(map(str, data.shape[1:])),
        "windows N": first["N"],
        "explained windows T": first["T"],
        "T/N": round(first["T"] / first["N"], 3),
        **_seconds(runs),
        "peak MiB of a process": {
            "explain": max(peak for _, peak in ours),
            "nnunetv2-cam": max(peak for _, peak in theirs),
        },
        **_ratio(runs, "explain", "segment"),
        **_ratio(runs, "nnunetv2-cam", "explain"),
        **_ratio(runs, "nnU-Net and nnunetv2-cam", "explain"),
    }


def page_of(result: dict[str, Any]) -> str:
    lines = ["# Explaining a volume", "", f"{facts_line(result['machine'])}; {result['threads']} threads.", ""]
    lines += [f"{result['model']}; layers {', '.join(result['layers'])}. Seg-XRes-CAM, no mirroring, step 0.5.", ""]
    columns = ["case", *next(iter(result["cases"].values()))]
    lines += [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for name, case in result["cases"].items():
        lines.append(f"| {name} | {' | '.join(_cell(case[column]) for column in columns[1:])} |")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_cell(entry)}" for name, entry in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo", help="a 3-D model whose patch is smaller than the head")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    model = load_model(options.model)
    phantom = phantom_data(model)
    head = mirrored_to(phantom, HEAD_SHAPE)
    if options.peer:
        cases = {"head": against_peer(options.model, head, options.repeats)}
    else:
        warm_up(model)
        cases = {
            "head": against_bound(model, head, options.repeats, in_box=True),
            "phantom": against_bound(model, phantom, options.repeats, in_box=False),
        }
    result = {
        "machine": describe_machine(),
        "threads": torch.get_num_threads(),
        "model": f"{options.model} ({model.architecture}, patch {'x'.join(map(str, model.patch_size))})",
        "layers": [layer.alias for layer in resolve_layers(model)],
        "cases": cases,
    }
    print(json.dumps(result, indent=1))
    write_results("explain_against_peer" if options.peer else "explain", result, page_of(result))


if __name__ == "__main__":
    main()
