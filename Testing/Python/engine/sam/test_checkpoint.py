from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.errors import ModelError, NotInstalledError, UsageError
from UMambaXAILogic.engine.sam import transformers_import
from UMambaXAILogic.engine.sam.checkpoint import PIXEL_SCALES, load_checkpoint

CPU = torch.device("cpu")

pytest.importorskip("transformers", reason="transformers is not installed")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("a network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def pth(tmp_path, original_weights):
    """Writes a state dictionary as SAM publishes it, wrapped or changed as asked."""

    def write(name="sam_vit.pth", change=lambda weights: weights):
        path = tmp_path / name
        torch.save(change(original_weights()), path)
        return path

    return write


@torch.inference_mode()
def test_the_original_projects_weights_compute_what_its_own_code_computes(pth, original):
    model = load_checkpoint(pth(), CPU).model
    side = original["image_side"]
    image = torch.sin(torch.arange(3 * side * side, dtype=torch.float64) * 0.37).reshape(1, 3, side, side).float()
    box = torch.tensor([[original["box"]]])
    embedding = model.vision_encoder(image).last_hidden_state
    corners, _ = model.prompt_encoder(input_points=None, input_labels=None, input_boxes=box, input_masks=None)
    mask = model(image_embeddings=embedding, input_boxes=box, multimask_output=False).pred_masks
    for found, name in ((embedding, "embedding"), (corners, "corners"), (mask, "mask_logits")):
        expected = np.array(original[name])
        assert np.abs(found.numpy().ravel() - expected).max() < 2e-5 * np.abs(expected).max(), name


def test_a_training_checkpoint_of_medsam_is_read_too(pth, original_weights):
    def wrap(weights):
        body = {f"module.{name}": value for name, value in weights.items()}
        return {"model": {**body, "module.pixel_mean": torch.zeros(3, 1, 1)}, "epoch": 3, "optimizer": {}}

    loaded = load_checkpoint(pth("medsam_model_best.pth", wrap), CPU)
    assert torch.equal(
        loaded.model.state_dict()["mask_decoder.iou_prediction_head.proj_out.weight"],
        original_weights()["mask_decoder.iou_prediction_head.layers.2.weight"],
    )
    assert (loaded.pixels, loaded.pixel_mean) == ("medsam", (0.0, 0.0, 0.0))
    assert not loaded.model.training and not any(p.requires_grad for p in loaded.model.parameters())


def test_a_folder_loads_tensor_for_tensor_from_either_kind_of_file(sam_folder, tmp_path):
    from safetensors.torch import load_file

    weights = load_file(sam_folder / "model.safetensors")
    first = load_checkpoint(sam_folder, CPU)
    for name, value in weights.items():
        assert torch.equal(first.model.state_dict()[name], value)
    shutil.copy(sam_folder / "config.json", tmp_path)
    torch.save(weights, tmp_path / "pytorch_model.bin")
    second = load_checkpoint(tmp_path, CPU)
    assert second.sha256 != first.sha256
    for name, value in first.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], value)


@pytest.mark.parametrize(
    ("written", "asked", "pixels", "mean"),
    [
        (None, None, "sam", (0.485, 0.456, 0.406)),
        (None, "medsam", "medsam", (0.0, 0.0, 0.0)),
        ({"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 1, 1]}, None, "preprocessor_config.json", (0.1, 0.2, 0.3)),
        ({"do_normalize": False}, None, "preprocessor_config.json", (0.0, 0.0, 0.0)),
        ({"do_normalize": False}, "sam", "sam", (0.485, 0.456, 0.406)),
    ],
)
def test_how_pixels_are_scaled_is_said_by_the_user_the_folder_or_the_name(
    sam_folder, tmp_path, written, asked, pixels, mean
):
    folder = shutil.copytree(sam_folder, tmp_path / "model")
    if written is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(written))
    loaded = load_checkpoint(folder, CPU, asked)
    assert (loaded.pixels, loaded.pixel_mean) == (pixels, mean)
    assert set(PIXEL_SCALES) == {"sam", "medsam"}


class Evil:
    def __reduce__(self):
        return os.system, ("exit 1",)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: shutil.rmtree(path), "does not exist"),
        (lambda path: (path / "config.json").unlink(), "config.json cannot be read"),
        (lambda path: (path / "config.json").write_text('{"model_type": "sam2"}'), "type 'sam2'"),
        (lambda path: (path / "model.safetensors").unlink(), "neither model.safetensors nor"),
        (lambda path: (path / "model.safetensors").write_bytes(b"junk"), "cannot be read"),
    ],
)
def test_an_unusable_folder_is_refused_by_name(sam_folder, tmp_path, spoil, words):
    folder = shutil.copytree(sam_folder, tmp_path / "model")
    spoil(folder)
    with pytest.raises(ModelError, match=words):
        load_checkpoint(folder, CPU)


def without(name):
    return lambda weights: {key: value for key, value in weights.items() if key != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda weights: {"a": torch.zeros(2)}, "does not hold the weights of SAM"),
        (lambda weights: [1, 2], "does not hold named weights"),
        (without("image_encoder.pos_embed"), "pos_embed"),
        (without("mask_decoder.mask_tokens.weight"), "mask_tokens"),
        (without("image_encoder.blocks.1.attn.qkv.bias"), "lacks 1 of the network's tensors.*layers.1.attn.qkv.bias"),
        (lambda weights: {**weights, "mask_decoder.iou_token.weight": torch.zeros(1, 17)}, "do not fit together"),
        (lambda weights: {**weights, "x": Evil()}, "refused.*system"),
    ],
)
def test_an_unusable_file_is_refused_by_name_and_runs_nothing(pth, change, words):
    with pytest.raises(ModelError, match=words) as caught:
        load_checkpoint(pth(change=change), CPU)
    assert "nnU-Net" not in caught.value.remedy


def test_a_name_on_the_hub_is_not_looked_up():
    with pytest.raises(ModelError, match="does not exist") as caught:
        load_checkpoint(Path("facebook/sam-vit-base"), CPU)
    assert "Download the checkpoint yourself" in caught.value.remedy


def test_an_unknown_pixel_scale_is_refused_before_anything_is_read():
    with pytest.raises(UsageError, match="'grey' is not known"):
        load_checkpoint(Path("nothing"), CPU, "grey")


def test_without_transformers_the_remedy_says_how_to_get_it(pth, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(NotInstalledError, match="not installed") as caught:
        load_checkpoint(pth(), CPU)
    assert "pip install" in caught.value.remedy


def test_a_torchvision_of_another_build_is_stepped_around(monkeypatch):
    real = importlib.import_module

    def broken(name, *rest):
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        if name == "transformers":
            assert sys.modules["torchvision"] is None
        return real(name, *rest)

    monkeypatch.setattr(transformers_import.importlib, "import_module", broken)
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    assert transformers_import.import_sam_module().SamModel.__name__ == "SamModel"
    assert "torchvision" not in sys.modules
