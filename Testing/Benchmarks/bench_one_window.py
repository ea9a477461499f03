"""What explaining one window costs beside predicting it: plain U-Net, U-Mamba Bot, U-Mamba Enc.

    python Testing/Benchmarks/bench_one_window.py [--repeats 3] [--patch 32 128 128]

Six stages, features 32 ... 320, 14 classes, seven layers (encoder.4, encoder.5, decoder.0 ... decoder.4). In one run,
in turn, ``--repeats`` times; ratios are of the shortest times, because whatever else the machine does can only add to
them:

- ``forward``: prediction, no gradients.
- ``cam``: logits and the maps of all seven layers in one pass.
- ``bound``: forward and activation-only backward to encoder.4, without any map.
- ``layer by layer``: one forward and one full backward pass (parameters' gradients included) per layer and map, which
  is how the published Seg-XRes-CAM code works. That takes minutes and costs the same for every layer, but for the small
  map itself; so it is done for one layer in each repeat, first, middle and last one, and seven times the shortest
  counts.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from types import SimpleNamespace

import as_the_worker_does  # noqa: F401
import torch
from machine_facts import describe_machine, write_results
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from UMambaXAILogic.engine.attribution.gradient_cam import block_pooled_map
from UMambaXAILogic.engine.inference.capture import LayerCapture
from UMambaXAILogic.engine.inference.explanation import repeat_to
from UMambaXAILogic.engine.model.builder import build_network
from UMambaXAILogic.engine.model.layers import resolve_layers

CLASSES = 14
ONE_LAYER = "layer by layer, one of them"
TRAINERS = {
    "plain U-Net": "nnUNetTrainer",
    "U-Mamba Bot": "nnUNetTrainerUMambaBot",
    "U-Mamba Enc": "nnUNetTrainerUMambaEnc",
}


def configuration(patch: list[int]):
    """Plans of a six-stage network, as nnU-Net makes them for anisotropic CT."""
    strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2], [1, 2, 2]]
    arch_kwargs = {
        "n_stages": 6,
        "features_per_stage": [32, 64, 128, 256, 320, 320],
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[1, 3, 3]] + [[3, 3, 3]] * 5,
        "strides": strides,
        "n_conv_per_stage": [2] * 6,
        "n_conv_per_stage_decoder": [2] * 5,
        "conv_bias": True,
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }
    architecture = {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": arch_kwargs,
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
    plans = {
        "configurations": {"3d_fullres": {"patch_size": patch, "spacing": [1, 1, 1], "architecture": architecture}},
        "plans_name": "nnUNetPlans",
        "dataset_name": "Dataset900_Benchmark",
        "image_reader_writer": "SimpleITKIO",
    }
    return PlansManager(plans).get_configuration("3d_fullres")


def seconds_of(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def actions(network, layers, patch: torch.Tensor) -> dict[str, object]:
    with torch.no_grad():
        logits = network(patch)
    upstream = torch.zeros_like(logits)
    upstream[:, 1] = (logits.argmax(1) == 1).float()
    maps: dict[str, torch.Tensor] = {}

    def receive(alias, activation, gradient):
        maps[alias] = repeat_to(block_pooled_map(activation[0], gradient[0], 1, "max"), patch.shape[2:])

    def forward():
        with torch.inference_mode():
            network(patch)

    def cam():
        with LayerCapture(network, [(layer.alias, layer.module) for layer in layers]) as capture:
            capture.explain(patch, lambda _: upstream, receive)

    def bound():
        with LayerCapture(network, [(layers[0].alias, layers[0].module)]) as capture:
            capture.explain(patch, lambda _: upstream, lambda *_: None)

    turns = itertools.cycle((layers[0], layers[len(layers) // 2], layers[-1]))

    def one_layer():
        layer, caught = next(turns), SimpleNamespace()
        network.requires_grad_(True)
        handle = layer.module.register_forward_hook(lambda _module, _inputs, out: setattr(caught, "activation", out))
        result = network(patch)
        handle.remove()
        caught.activation.retain_grad()
        (result * upstream).sum().backward()
        receive(layer.alias, caught.activation.detach(), caught.activation.grad)
        network.zero_grad(set_to_none=True)
        network.requires_grad_(False)

    return {"forward": forward, "cam": cam, "bound": bound, ONE_LAYER: one_layer}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--patch", type=int, nargs=3, default=[32, 128, 128])
    options = parser.parse_args()
    rows = {}
    for name, trainer in TRAINERS.items():
        torch.manual_seed(0)
        network = build_network(trainer, configuration(options.patch), 1, CLASSES, deep_supervision=False).eval()
        network.requires_grad_(False)
        layers = resolve_layers(network)
        patch = torch.randn(1, 1, *options.patch)
        todo = actions(network, layers, patch)
        todo["cam"]()  # compiles and warms up
        seconds: dict[str, list[float]] = {what: [] for what in todo}
        for _ in range(options.repeats):
            for what, action in todo.items():
                seconds[what].append(seconds_of(action))
        seconds["layer by layer"] = [len(layers) * value for value in seconds.pop(ONE_LAYER)]
        shortest = {what: min(values) for what, values in seconds.items()}
        rows[name] = {
            "seconds (shortest)": {what: round(value, 2) for what, value in shortest.items()},
            "seconds (median)": {what: round(statistics.median(values), 2) for what, values in seconds.items()},
            "ratios (of the shortest)": {
                f"{a} / {b}": round(shortest[a] / shortest[b], 2)
                for a, b in (("cam", "forward"), ("bound", "forward"), ("cam", "bound"), ("layer by layer", "cam"))
            },
        }
        print(name, rows[name], flush=True)
    write_results(
        "one_window",
        {
            "machine": describe_machine(),
            "window": f"{'x'.join(map(str, options.patch))}, {CLASSES} classes, features 32 ... 320",
            "layers": [layer.alias for layer in layers],
            "networks": rows,
        },
    )


if __name__ == "__main__":
    main()
