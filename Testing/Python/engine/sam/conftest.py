"""A tiny SAM with random weights, as transformers stores it, and as the original project does."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

FRAME = 64


@pytest.fixture(scope="session")
def sam_folder(tmp_path_factory) -> Path:
    """A folder in Hugging Face's format: 3 blocks of 24 channels, frames of 64 x 64, 8 x 8 cells of 16 channels."""
    pytest.importorskip("transformers", reason="transformers is not installed")
    from UMambaXAILogic.engine.sam.transformers_import import import_sam_module

    transformers = import_sam_module()
    vision = {"hidden_size": 24, "output_channels": 16, "num_hidden_layers": 3, "num_attention_heads": 3}
    vision |= {"image_size": FRAME, "patch_size": 8, "mlp_dim": 48, "window_size": 3, "global_attn_indexes": [1]}
    vision |= {"num_pos_feats": 8, "initializer_range": 0.2}
    prompt = {"hidden_size": 16, "image_size": FRAME, "patch_size": 8, "mask_input_channels": 8}
    decoder = {"hidden_size": 16, "mlp_dim": 32, "iou_head_hidden_dim": 16}
    config = transformers.SamConfig(
        vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder, initializer_range=0.2
    )
    torch.manual_seed(0)
    model = transformers.SamModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp("sam")
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def original() -> dict:
    """What the original project's code computed with the weights of ``original_weights``."""
    return json.loads(Path(__file__).with_name("original_sam.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def original_weights(original) -> Callable[[], dict[str, torch.Tensor]]:
    """Makes a state dictionary with the original project's names and shapes; values follow from the names."""

    def make() -> dict[str, torch.Tensor]:
        return {
            name: torch.from_numpy(
                0.4 * np.random.default_rng(zlib.crc32(name.encode())).standard_normal(tuple(shape))
            ).float()
            for name, shape in original["shapes"].items()
        }

    return make
