"""State dictionaries of the original Segment Anything project, which MedSAM's are too, in transformers' terms.

Both store the same tensors under other names. What the original keeps in its code (widths, depths, windows) is read
off the shapes here, so that ViT-B, -L, -H and smaller networks load alike; only the mask decoder's eight attention
heads leave no trace in any shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..errors import ModelError

#: A tensor that every original state dictionary has, and no other.
ORIGINAL_MARK = "image_encoder.patch_embed.proj.weight"
MASK_DECODER_HEADS = 8

_IMAGE_ENCODER = (
    (r"^image_encoder\.patch_embed\.proj\.", "vision_encoder.patch_embed.projection."),
    (r"^image_encoder\.blocks\.(\d+)\.norm([12])\.", r"vision_encoder.layers.\1.layer_norm\2."),
    (r"^image_encoder\.blocks\.", "vision_encoder.layers."),
    (r"^image_encoder\.neck\.0\.", "vision_encoder.neck.conv1."),
    (r"^image_encoder\.neck\.1\.", "vision_encoder.neck.layer_norm1."),
    (r"^image_encoder\.neck\.2\.", "vision_encoder.neck.conv2."),
    (r"^image_encoder\.neck\.3\.", "vision_encoder.neck.layer_norm2."),
    (r"^image_encoder\.pos_embed$", "vision_encoder.pos_embed"),
)
_PROMPT_ENCODER = (
    (
        r"^prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
        "shared_image_embedding.positional_embedding",
    ),
    (r"^prompt_encoder\.point_embeddings\.", "prompt_encoder.point_embed."),
    (r"^prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"^prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"^prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"^prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"^prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
)
_MASK_DECODER = (
    (r"^mask_decoder\.transformer\.layers\.(\d+)\.norm([1-4])\.", r"mask_decoder.transformer.layers.\1.layer_norm\2."),
    (r"^mask_decoder\.transformer\.norm_final_attn\.", "mask_decoder.transformer.layer_norm_final_attn."),
    (r"^mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
    (r"^mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
    (r"^mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
)
_PATTERNS = tuple((re.compile(old), new) for old, new in (*_IMAGE_ENCODER, *_PROMPT_ENCODER, *_MASK_DECODER))
#: Small perceptrons of the mask decoder: the first and the last layer have names of their own in transformers.
_PERCEPTRON = re.compile(r"^(mask_decoder\.(?:iou_prediction_head|output_hypernetworks_mlps\.\d+))\.layers\.(\d+)\.")


def is_original(names: Mapping[str, Any]) -> bool:
    """Whether tensors are named as the original project names them."""
    return ORIGINAL_MARK in names


def transformers_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names of transformers' ``SamModel``.

    Args:
        weights: named as in the original project.
    """
    renamed = {}
    for name, tensor in weights.items():
        perceptron = _PERCEPTRON.match(name)
        if perceptron:
            head, number = perceptron[1], int(perceptron[2])
            last = _count(weights, rf"^{re.escape(head)}\.layers\.(\d+)\.") - 1
            layer = "proj_in" if number == 0 else "proj_out" if number == last else f"layers.{number - 1}"
            renamed[f"{head}.{layer}.{name[perceptron.end() :]}"] = tensor
            continue
        new = name
        for pattern, replacement in _PATTERNS:
            new, done = pattern.subn(replacement, name)
            if done:
                break
        renamed[new] = tensor
    return renamed


def settings_from_shapes(weights: Mapping[str, Tensor]) -> dict[str, dict[str, Any]]:
    """Keyword arguments of ``SamVisionConfig``, ``SamPromptEncoderConfig`` and ``SamMaskDecoderConfig``.

    Args:
        weights: named as in the original project.

    Returns:
        ``vision_config``, ``prompt_encoder_config`` and ``mask_decoder_config``.

    Raises:
        ModelError: a tensor is missing, or of a shape that no SAM has.
    """
    try:
        return _settings(weights)
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(
            f"The weights are not those of a Segment Anything model: {error} is missing or has an impossible shape.",
            "Give the checkpoint as SAM or MedSAM publish it.",
        ) from error


def _settings(weights: Mapping[str, Tensor]) -> dict[str, dict[str, Any]]:
    hidden, channels, patch, _ = weights[ORIGINAL_MARK].shape
    blocks = _count(weights, r"^image_encoder\.blocks\.(\d+)\.")
    _, grid, _, _ = weights["image_encoder.pos_embed"].shape
    reach = [weights[f"image_encoder.blocks.{block}.attn.rel_pos_h"].shape[0] for block in range(blocks)]
    windowed = [length for length in reach if length != 2 * grid - 1]
    head_width = weights["image_encoder.blocks.0.attn.rel_pos_h"].shape[1]
    output = weights["image_encoder.neck.0.weight"].shape[0]
    image = grid * patch
    vision = {
        "hidden_size": hidden,
        "output_channels": output,
        "num_hidden_layers": blocks,
        "num_attention_heads": hidden // head_width,
        "num_channels": channels,
        "image_size": image,
        "patch_size": patch,
        "mlp_dim": weights["image_encoder.blocks.0.mlp.lin1.weight"].shape[0],
        "window_size": (windowed[0] + 1) // 2 if windowed else grid,
        "global_attn_indexes": [block for block, length in enumerate(reach) if length == 2 * grid - 1],
        "num_pos_feats": weights["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"].shape[1],
    }
    prompt = {
        "hidden_size": weights["prompt_encoder.no_mask_embed.weight"].shape[1],
        "image_size": image,
        "patch_size": patch,
        "mask_input_channels": weights["prompt_encoder.mask_downscaling.3.weight"].shape[0],
        "num_point_embeddings": _count(weights, r"^prompt_encoder\.point_embeddings\.(\d+)\."),
    }
    decoder_width = weights["mask_decoder.iou_token.weight"].shape[1]
    attention = weights["mask_decoder.transformer.final_attn_token_to_image.q_proj.weight"].shape[0]
    decoder = {
        "hidden_size": decoder_width,
        "mlp_dim": weights["mask_decoder.transformer.layers.0.mlp.lin1.weight"].shape[0],
        "num_hidden_layers": _count(weights, r"^mask_decoder\.transformer\.layers\.(\d+)\."),
        "num_attention_heads": MASK_DECODER_HEADS,
        "attention_downsample_rate": decoder_width // attention,
        "num_multimask_outputs": weights["mask_decoder.mask_tokens.weight"].shape[0] - 1,
        "iou_head_depth": _count(weights, r"^mask_decoder\.iou_prediction_head\.layers\.(\d+)\."),
        "iou_head_hidden_dim": weights["mask_decoder.iou_prediction_head.layers.0.weight"].shape[0],
    }
    return {"vision_config": vision, "prompt_encoder_config": prompt, "mask_decoder_config": decoder}


def _count(weights: Mapping[str, Any], pattern: str) -> int:
    numbers = {int(found[1]) for found in (re.match(pattern, name) for name in weights) if found}
    if not numbers:
        raise KeyError(pattern)
    return max(numbers) + 1
