"""Labels from stitched logits, exactly nnU-Net's own, without whole copies of all heads.

nnU-Net resamples all heads to the input's grid and then takes the argmax, or for regions the sigmoid rule. Here one
slab and one head are resampled at a time, and only the greatest head so far is remembered.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape

from .head_decision import greatest_head, last_likely_region
from .logits_on_input import logits_on_input

logger = logging.getLogger(__name__)


def export_labels(
    logits: torch.Tensor, plans: Any, configuration: Any, labels: Any, properties: dict[str, Any]
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """What nnU-Net's export gives for the logits of one volume.

    Args:
        logits: (heads, z, y, x) float16 or float32 on the network grid, finite, on the CPU; may lie in a mapped file.
        plans, configuration, labels: nnU-Net's managers.
        properties: nnU-Net's record of transposition, crop and resampling.

    Returns:
        Label values in the order of nnU-Net's reader, (z, y, x).
    """
    on_input = logits_on_input(logits, plans, configuration, properties)
    if on_input is None:
        logger.info(
            "%s may treat heads together: the export holds all of them in memory.",
            configuration.configuration["resampling_fn_probabilities"],
        )
        return convert_predicted_logits_to_segmentation_with_correct_shape(
            logits, plans, configuration, labels, properties, num_threads_torch=torch.get_num_threads()
        )
    kind = np.uint8 if len(labels.foreground_labels) < 255 else np.uint16
    full = np.zeros(properties["shape_before_cropping"], dtype=kind)
    cropped = full[tuple(slice(low, high) for low, high in properties["bbox_used_for_cropping"])]
    for planes in on_input.slabs():
        heads = (on_input.of_head(head, planes) for head in range(labels.num_segmentation_heads))
        decided = last_likely_region(heads, labels.regions_class_order) if labels.has_regions else greatest_head(heads)
        cropped[planes] = decided.numpy().astype(kind)
    return full.transpose(plans.transpose_backward)
