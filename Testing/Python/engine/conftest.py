"""Small trained folders with random weights, as nnU-Net leaves them, tiny networks, small volumes, and a browser."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from nnunetv2.utilities.label_handling.label_handling import LabelManager
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from UMambaXAILogic.engine.inference.explanation import Explained
from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target
from UMambaXAILogic.engine.inference.windows import WindowPlan, importance_map, plan_windows
from UMambaXAILogic.engine.model.builder import build_network
from UMambaXAILogic.engine.model.topology import Topology
from UMambaXAILogic.engine.model.umamba import UMambaBot, UMambaEnc
from UMambaXAILogic.engine.progress import Reporter

#: How far from where it is used the planted evidence lies, along the last axis.
PLANTED_OFFSET = 3


def nested_plans(
    dimension: int,
    patch: int,
    spacing: tuple[float, ...],
    reader: str,
    transpose=(0, 1, 2),
    normalisation="CTNormalization",
) -> dict:
    """Plans in nnU-Net 2.8's format for a three-stage U-Net."""
    resampling = {
        "resampling_fn_data": "resample_data_or_seg_to_shape",
        "resampling_fn_data_kwargs": {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None},
        "resampling_fn_seg": "resample_data_or_seg_to_shape",
        "resampling_fn_seg_kwargs": {"is_seg": True, "order": 1, "order_z": 0, "force_separate_z": None},
        "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
        "resampling_fn_probabilities_kwargs": {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": None},
    }
    arch_kwargs = {
        "n_stages": 3,
        "features_per_stage": [4, 8, 12],
        "conv_op": f"torch.nn.modules.conv.Conv{dimension}d",
        "kernel_sizes": [[3] * dimension] * 3,
        "strides": [[1] * dimension, [2] * dimension, [2] * dimension],
        "n_conv_per_stage": [1, 1, 1],
        "n_conv_per_stage_decoder": [1, 1],
        "conv_bias": True,
        "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dimension}d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }
    configuration = {
        "data_identifier": "nnUNetPlans_test",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": [patch] * dimension,
        "median_image_size_in_voxels": [patch] * dimension,
        "spacing": list(spacing[-dimension:]),
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        **resampling,
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": arch_kwargs,
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
        "batch_dice": True,
    }
    intensities = {"mean": 100.0, "std": 60.0, "median": 100.0, "min": -200.0, "max": 500.0}
    intensities |= {"percentile_00_5": -100.0, "percentile_99_5": 400.0}
    return {
        "dataset_name": "Dataset900_Test",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": list(spacing),
        "original_median_shape_after_transp": [40, 40, 40],
        "image_reader_writer": reader,
        "transpose_forward": list(transpose),
        "transpose_backward": [int(i) for i in np.argsort(transpose)],
        "configurations": {"3d_fullres" if dimension == 3 else "2d": configuration},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": intensities},
    }


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Tiny networks are fastest on one thread; on a busy machine threads that wait for each other take forever."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def browser(repository) -> Iterator[Any]:
    """A headless Chromium of this machine, driven by playwright.

    Closed with each module: while it runs, its event loop is the thread's, and other tests want one of their own.
    """
    script = repository / "Utilities" / "check_system_libraries.py"
    specification = importlib.util.spec_from_file_location("check_system_libraries", script)
    check = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(check)
    program = check.find_browser()
    if program is None:
        pytest.skip("skipped: no Chromium or Chrome found")
    from playwright.sync_api import sync_playwright

    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses root
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=["--no-sandbox"] if root else [])
        yield running
        running.close()


@pytest.fixture(scope="session")
def make_trained_folder(tmp_path_factory) -> Callable[..., Path]:
    """``make_trained_folder(trainer, dimension, folds, labels, ...)`` -> a trained folder with random weights."""

    def make(
        trainer: str = "nnUNetTrainerUMambaEnc",
        dimension: int = 3,
        folds: int = 1,
        labels: dict | None = None,
        regions_class_order: list[int] | None = None,
        patch: int = 16,
        spacing: tuple[float, ...] = (1.0, 0.8, 0.8),
        reader: str = "SimpleITKIO",
        transpose: tuple[int, ...] = (0, 1, 2),
        mirror_axes: tuple[int, ...] | None = None,
        seed: int = 0,
        background_bias: float = 0.0,
    ) -> Path:
        plans = nested_plans(dimension, patch, spacing, reader, transpose)
        configuration = next(iter(plans["configurations"]))
        folder = tmp_path_factory.mktemp("model") / f"{trainer}__nnUNetPlans__{configuration}"
        folder.mkdir()
        dataset = {
            "channel_names": {"0": "CT"},
            "labels": labels or {"background": 0, "vessel": 1},
            "numTraining": 1,
            "file_ending": ".nii.gz",
        }
        if regions_class_order:
            dataset["regions_class_order"] = regions_class_order
        (folder / "plans.json").write_text(json.dumps(plans))
        (folder / "dataset.json").write_text(json.dumps(dataset))
        manager = PlansManager(plans)
        heads = manager.get_label_manager(dataset).num_segmentation_heads
        for fold in range(folds):
            torch.manual_seed(seed + fold)
            network = build_network(trainer, manager.get_configuration(configuration), 1, heads, deep_supervision=True)
            with torch.no_grad():
                for name, parameter in network.named_parameters():
                    parameter.add_(0.1 * torch.randn_like(parameter))
                    if "seg_layers" in name:  # logits of both signs, so that several labels are predicted
                        parameter.mul_(0 if name.endswith("bias") else 30)
                        if name.endswith("bias"):
                            parameter[0] = background_bias
            (folder / f"fold_{fold}").mkdir()
            checkpoint = {
                "network_weights": network.state_dict(),
                "trainer_name": trainer,
                "init_args": {"configuration": configuration, "fold": fold},
                "inference_allowed_mirroring_axes": mirror_axes or tuple(range(dimension)),
                "current_epoch": 1,
            }
            torch.save(checkpoint, folder / f"fold_{fold}" / "checkpoint_final.pth")
        return folder

    return make


@pytest.fixture(scope="session")
def write_test_volume(tmp_path_factory) -> Callable[..., Path]:
    """``write_test_volume(size, spacing, direction, seed)`` -> NIfTI of smooth blobs in HU with an air border."""

    def write(
        size=(30, 26, 22), spacing=(0.9, 0.7, 1.3), direction=(1, 0, 0, 0, 1, 0, 0, 0, 1), seed=0, suffix=".nii.gz"
    ) -> Path:
        rng = np.random.default_rng(seed)
        coarse = sitk.GetImageFromArray(rng.normal(80, 120, (6, 7, 8)))
        grid = sitk.Image(list(size), sitk.sitkFloat64)
        grid.SetSpacing([7 / (n - 1) if n > 1 else 1.0 for n in size])
        smooth = sitk.GetArrayFromImage(sitk.Resample(coarse, grid, sitk.Transform(), sitk.sitkLinear, 0.0))
        array = np.round(smooth).astype(np.int16)
        array[:2] = 0  # nnU-Net crops to the non-zero box
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(spacing)
        image.SetDirection([float(value) for value in direction])
        image.SetOrigin((12.0, -31.0, 7.5))
        path = tmp_path_factory.mktemp("volume") / f"case{suffix}"
        sitk.WriteImage(image, str(path))
        return path

    return write


@dataclass
class TinyModel:
    """What prediction and explanation need of a model."""

    network: torch.nn.Module
    label_manager: LabelManager
    patch_size: tuple[int, ...]
    allowed_mirroring_axes: tuple[int, ...] | None
    parameter_sets: list[dict]
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def folds(self) -> tuple[int, ...]:
        return tuple(range(len(self.parameter_sets)))

    def use_fold(self, fold: int) -> None:
        self.network.load_state_dict(self.parameter_sets[fold])

    def layers(self) -> list[SimpleNamespace]:
        encoder, decoder = self.network.encoder, self.network.decoder
        modules = {"encoder.0": encoder.stages[0], "encoder.1": encoder.stages[1], "encoder.2": encoder.stages[2]}
        if encoder.mamba_layers is not None:
            modules |= {f"encoder.{i}": layer for i, layer in enumerate(encoder.mamba_layers)}
        else:
            modules["encoder.2"] = self.network.mamba_layer
        modules |= {f"decoder.{i}": stage for i, stage in enumerate(decoder.stages)}
        return [SimpleNamespace(alias=alias, module=module) for alias, module in modules.items()]


@pytest.fixture
def make_tiny_model() -> Callable[..., TinyModel]:
    """Build one: ``make_tiny_model(dimension=3, kind="enc", heads=3, folds=1, mirror_axes=None, regions=False)``."""

    def make(dimension=3, kind="enc", heads=3, folds=1, mirror_axes=None, regions=False) -> TinyModel:
        patch = (8,) * dimension
        topology = Topology(
            features=(4, 6, 8),
            kernel_sizes=((3,) * dimension,) * 3,
            strides=((1,) * dimension, (2,) * dimension, (2,) * dimension),
            encoder_blocks=(2, 2, 2),
            decoder_blocks=(1, 1),
            patch_size=patch,
        )
        torch.manual_seed(7)
        build = UMambaEnc if kind == "enc" else UMambaBot
        sets = []
        for _ in range(folds):
            network = build(topology, 1, heads, deep_supervision=False).double().eval()
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter.add_(0.05 * torch.randn_like(parameter))
            network.requires_grad_(False)
            sets.append({key: value.clone() for key, value in network.state_dict().items()})
        if regions:
            labels = {"background": 0, "whole": [1, 2], "core": [2]}
            manager = LabelManager(labels, regions_class_order=[1, 2])
        else:
            manager = LabelManager({"background": 0, **{f"class{i}": i for i in range(1, heads)}}, None)
        return TinyModel(network, manager, patch, mirror_axes, sets)

    return make


@pytest.fixture
def stitch_in_float64() -> Callable[..., torch.Tensor]:
    """``stitch_in_float64(model, data, plan, mirror)``: the stitched logits, written down independently."""

    def stitch(model: TinyModel, data: torch.Tensor, plan: WindowPlan, mirror: bool) -> torch.Tensor:
        importance = importance_map(plan.patch_size, torch.device("cpu")).double()
        stitched = torch.zeros((model.label_manager.num_segmentation_heads, *plan.padded_shape), dtype=torch.float64)
        weight = torch.zeros(plan.padded_shape, dtype=torch.float64)
        axes = model.allowed_mirroring_axes if mirror else ()
        flips = [chosen for count in range(len(axes) + 1) for chosen in itertools.combinations(axes, count)]
        for window in plan.windows:
            weight[window] += importance
        for fold in model.folds:
            model.use_fold(fold)
            for window, flip in itertools.product(plan.windows, flips):
                channel_axes = [axis + 1 for axis in flip]
                patch = torch.flip(data[(slice(None), *window)], channel_axes)[None]
                logits = torch.flip(model.network(patch)[0], channel_axes) / (len(flips) * len(model.folds))
                placed = torch.zeros_like(stitched)
                placed[(slice(None), *window)] = logits * importance / weight[window]
                stitched = stitched + placed
        return stitched

    return stitch


@pytest.fixture
def make_explained(stitch_in_float64) -> Callable[..., Explained]:
    """``make_explained(model, shape, label=1, score="margin", ...)``: random data, exactly predicted."""

    def make(
        model, shape, *, label=1, score="margin", step=0.5, mirror=False, spacing_mm=(1.0, 1.0, 1.0), data=None
    ) -> Explained:
        torch.manual_seed(3)
        plan = plan_windows(shape, model.patch_size, step)
        data = plan.pad(torch.randn(1, *shape, dtype=torch.float64) if data is None else data)
        logits = stitch_in_float64(model, data, plan, mirror)
        target = TargetScore(resolve_target(model.label_manager, label), score)
        inside = torch.zeros(plan.padded_shape, dtype=torch.bool)
        inside[plan.valid] = True
        mask = target.predicted(logits) & inside
        assert mask.any() and not mask.all(), "the case should have target and background"
        return Explained(model, plan, data, logits, mask, target, mirror, spacing_mm)

    return make


@pytest.fixture
def make_planted(stitch_in_float64) -> Callable[..., Explained]:
    """A vessel is predicted where the image is bright three voxels farther on: z_1(v) = x(v + 3) - 0.5, z_0 = 0.

    ``make_planted(dimension=3)`` -> a case with a bright bar. S, the sum of z_1 over the prediction, is the sum of
    x - 0.5 over the bar: the bar is the true evidence, the prediction lies beside it, and everything else is decoy.
    """

    def make(dimension: int = 3, weight: float = 1.0) -> Explained:
        reach = PLANTED_OFFSET
        network = getattr(torch.nn, f"Conv{dimension}d")(1, 2, 2 * reach + 1, padding=reach).double()
        with torch.no_grad():
            network.weight.zero_()
            network.bias.copy_(torch.tensor([0.0, -0.5 * weight if weight else 1.0]))
            network.weight[(1, 0, *(reach,) * (dimension - 1), 2 * reach)] = weight
        network.requires_grad_(False)
        patch = (16,) * dimension
        manager = LabelManager({"background": 0, "vessel": 1}, None)
        model = SimpleNamespace(
            network=network,
            label_manager=manager,
            patch_size=patch,
            allowed_mirroring_axes=None,
            device=torch.device("cpu"),
            folds=(0,),
            use_fold=lambda _fold: None,
        )
        shape = (16, 24, 40)
        plan = plan_windows(shape, patch, 0.5)
        data = 0.1 * torch.rand(1, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        data[0, 6:9, 8:16, 18:22] = 2.0  # the evidence
        data[0, 2:4, 4:6, 4:9] = 0.45  # a decoy: bright, but not enough to be predicted
        logits = stitch_in_float64(model, data, plan, False)
        score = TargetScore(resolve_target(manager, 1), "margin")
        mask = torch.zeros(shape, dtype=torch.bool)
        mask[6:9, 8:16, 18 - PLANTED_OFFSET : 22 - PLANTED_OFFSET] = True
        if weight:
            assert torch.equal(score.predicted(logits), mask)
        return Explained(model, plan, data, logits, mask, score, False, (1.0, 1.0, 1.0))

    return make


@pytest.fixture
def constant(make_planted) -> Explained:
    """A network that predicts vessel everywhere whatever it sees."""
    return make_planted(weight=0.0)


@pytest.fixture
def evidence() -> np.ndarray:
    """Where the planted evidence lies."""
    where = torch.zeros((16, 24, 40), dtype=torch.bool)
    where[6:9, 8:16, 18:22] = True
    return where.numpy()


@pytest.fixture
def in_single_precision() -> Callable[[Explained], Explained]:
    """The same case as the pipeline makes it: data in float32."""

    def convert(case: Explained) -> Explained:
        case.model.network.float()
        return dataclasses.replace(case, data=case.data.float(), logits=case.logits.half())

    return convert


class ListeningForMemory(Reporter):
    """Remembers progress, and warnings of a lack of memory."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []
        self.fractions: list[float] = []

    def warning(self, code: str, message: str) -> None:
        if code == "memory_ran_out":
            self.warnings.append(message)

    def progress(self, fraction: float) -> None:
        self.fractions.append(fraction)


@pytest.fixture
def listener() -> ListeningForMemory:
    return ListeningForMemory()


@pytest.fixture(
    params=[
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
        MemoryError(),
    ],
    ids=["cuda", "cpu", "windows", "python"],
)
def memory_error(request) -> BaseException:
    """What allocators say."""
    return request.param


class FailingPasses:
    """Lets chosen forward passes of a network, counted from 1, raise an error after they computed."""

    def __init__(self, network: torch.nn.Module, at: set[int], error: BaseException) -> None:
        self.passes, self._at, self._error = 0, at, error
        network.register_forward_hook(self._hook)

    def _hook(self, *_: object) -> None:
        self.passes += 1
        if self.passes in self._at:
            raise self._error


@pytest.fixture
def fail_passes() -> type[FailingPasses]:
    return FailingPasses
