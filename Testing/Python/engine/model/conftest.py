"""Networks with known answers, and checkpoints as the original project saves them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import Tensor

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class KnownNetwork:
    """Weights, an input, and what the network must answer.

    Args:
        logits: float64 answers (stored in single precision), finest first.
        activations, gradients: module name -> feature map, and gradient of the sum of target logits over the voxels
            predicted as target.
        keys: every key of the original's state dict -> the key that holds the tensor; None where not recorded.
    """

    name: str
    trainer: str
    plans: dict[str, Any]
    dataset_json: dict[str, Any]
    configuration: str
    in_channels: int
    target: int
    weights: dict[str, Tensor]
    input: Tensor
    logits: list[Tensor]
    activations: dict[str, Tensor]
    gradients: dict[str, Tensor]
    keys: dict[str, str] | None = None


@pytest.fixture
def known_network(request) -> KnownNetwork:
    """Parametrised indirectly with the name of a fixture file, or of a reference case (``UMamba...``)."""
    name: str = request.param
    if name.startswith("UMamba"):
        return _from_oracle(request.getfixturevalue("reference_data") / "oracle", name)
    return _from_fixture(name)


def _from_oracle(folder: Path, name: str) -> KnownNetwork:
    with safe_open(str(folder / f"{name}.safetensors"), "pt") as file:
        facts = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    keys = {}
    for line in (folder / f"{name}.keys.txt").read_text().splitlines():
        key, _shape, _dtype, alias = line.split("\t")
        keys[key] = alias.removeprefix("= ") if alias else key
    plans, dataset_json = json.loads(facts["plans"]), json.loads(facts["dataset_json"])
    return KnownNetwork(
        name=name,
        trainer=f"nnUNetTrainer{name.partition('_')[0]}",
        plans=plans,
        dataset_json=dataset_json,
        configuration=facts["configuration"],
        in_channels=int(facts["num_input_channels"]),
        target=int(facts["cam_target"]),
        keys=keys,
        **_sorted_out(tensors),
    )


def _from_fixture(name: str) -> KnownNetwork:
    with np.load(FIXTURES / f"{name}.npz", allow_pickle=False) as file:
        arrays = dict(file)
    facts = json.loads(arrays.pop("facts").tobytes())
    return KnownNetwork(
        name=name,
        trainer=facts["trainer"],
        plans=facts["plans"],
        dataset_json={"channel_names": {"0": "CT"}, "labels": facts["labels"], "file_ending": ".nii.gz"},
        configuration=facts["configuration"],
        in_channels=facts["num_input_channels"],
        target=facts["cam_target"],
        **_sorted_out({key: torch.from_numpy(array) for key, array in arrays.items()}),
    )


def _sorted_out(tensors: dict[str, Tensor]) -> dict[str, Any]:
    def part(prefix: str) -> dict[str, Tensor]:
        return {key.removeprefix(prefix): value.float() for key, value in tensors.items() if key.startswith(prefix)}

    logits = part("logits64.")
    return {
        "weights": part("weight/"),
        "input": tensors["input"],
        "logits": [logits[str(i)] for i in range(len(logits))],
        "activations": part("act/"),
        "gradients": part("grad/"),
    }


@pytest.fixture
def write_checkpoint() -> Callable[..., Path]:
    """``write_checkpoint(path, weights, trainer, configuration, **replaced)``: a file as nnU-Net's trainer saves it."""

    def write(path: Path, weights: dict, trainer: str, configuration: str = "3d_fullres", **replaced: Any) -> Path:
        content = {
            "network_weights": weights,
            "optimizer_state": {"state": {0: {"momentum_buffer": torch.zeros(3)}}, "param_groups": [{"lr": 0.01}]},
            "grad_scaler_state": {"scale": 65536.0, "_growth_tracker": 3},
            # NumPy scalars sit in real checkpoints just here
            "logging": {"mean_fg_dice": [np.float32(0.5), np.float64(0.75)], "epoch_end_timestamps": [1.0, 2.0]},
            "_best_ema": np.float64(0.7),
            "current_epoch": 2,
            "init_args": {"plans": {}, "configuration": configuration, "fold": 0, "device": torch.device("cuda")},
            "trainer_name": trainer,
            "inference_allowed_mirroring_axes": (0, 1),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content | replaced, path)
        return path

    return write
