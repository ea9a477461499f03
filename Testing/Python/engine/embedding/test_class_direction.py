from __future__ import annotations

import torch

from UMambaXAILogic.engine.embedding.class_direction import class_direction
from UMambaXAILogic.engine.model.layers import all_layers
from UMambaXAILogic.engine.model.loading import load_model


def test_only_trained_heads_of_decoder_stages_have_a_direction(make_trained_folder):
    labels = {"background": 0, "artery": 1, "vein": 2}
    network = load_model(make_trained_folder("nnUNetTrainerUMambaBot", labels=labels)).network
    layers = {layer.alias: layer for layer in all_layers(network)}
    for alias in ("encoder.0", "encoder.2", "decoder.0"):
        assert class_direction(layers[alias], (1,), sigmoid=False) is None
    weight = network.decoder.seg_layers[1].weight.detach().reshape(3, -1)
    last = layers["decoder.1"]
    assert torch.equal(class_direction(last, (2,), sigmoid=False), weight[2] - weight[0])
    both = class_direction(last, (1, 2), sigmoid=False)
    assert torch.allclose(both, (weight[1] + weight[2]) / 2 - weight[0])


def test_a_region_model_has_no_background_head(make_trained_folder):
    labels = {"background": 0, "whole": [1, 2], "core": [2]}
    folder = make_trained_folder("nnUNetTrainerUMambaBot", labels=labels, regions_class_order=[1, 2])
    network = load_model(folder).network
    last = all_layers(network)[-1]
    weight = network.decoder.seg_layers[-1].weight.detach().reshape(2, -1)
    assert torch.equal(class_direction(last, (0,), sigmoid=True), weight[0])
