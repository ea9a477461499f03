"""Plans become networks, and nothing that they name is imported."""

from __future__ import annotations

import copy
import sys

import pytest
import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
from torch import nn

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model.architecture import architecture_of
from UMambaXAILogic.engine.model.builder import build_network, configuration_manager
from UMambaXAILogic.engine.model.umamba import UMambaBot, UMambaEnc

FLAT = {
    "patch_size": [8, 8, 8],
    "UNet_class_name": "PlainConvUNet",
    "UNet_base_num_features": 4,
    "unet_max_num_features": 8,
    "n_conv_per_stage_encoder": [2, 2, 2],
    "n_conv_per_stage_decoder": [2, 2],
    "num_pool_per_axis": [2, 2, 2],
    "pool_op_kernel_sizes": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
    "conv_kernel_sizes": [[3, 3, 3], [3, 3, 3], [3, 3, 3]],
}
NESTED = {
    "patch_size": [8, 8, 8],
    "architecture": {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": 3,
            "features_per_stage": [4, 8, 8],
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": [[3, 3, 3], [3, 3, 3], [3, 3, 3]],
            "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
            "n_conv_per_stage": [2, 2, 2],
            "n_conv_per_stage_decoder": [2, 2],
            "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    },
}


def configuration(content: dict):
    return configuration_manager(PlansManager({"configurations": {"3d_fullres": copy.deepcopy(content)}}), "3d_fullres")


def residual(**replaced) -> dict:
    content = copy.deepcopy(NESTED)
    architecture = content["architecture"]
    architecture["network_class_name"] = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
    architecture["arch_kwargs"]["n_blocks_per_stage"] = architecture["arch_kwargs"].pop("n_conv_per_stage")
    architecture["arch_kwargs"].update(replaced)
    return content


@pytest.mark.parametrize(
    ("trainer", "network_class"),
    [
        ("nnUNetTrainerUMambaBot", UMambaBot),
        ("nnUNetTrainerUMambaEnc", UMambaEnc),
        ("nnUNetTrainerUMambaEncNoAMP", UMambaEnc),
        ("nnUNetTrainer", PlainConvUNet),
        ("nnUNetTrainer_250epochs", PlainConvUNet),
    ],
)
def test_only_the_trainers_name_reveals_umamba(trainer, network_class):
    network = build_network(trainer, configuration(NESTED), 1, 2, deep_supervision=False)
    assert type(network) is network_class


@pytest.mark.parametrize("trainer", ["nnUNetTrainerUMambaBot", "nnUNetTrainerUMambaEnc", "nnUNetTrainer"])
def test_both_formats_of_plans_describe_the_same_network(trainer):
    states = [build_network(trainer, configuration(c), 1, 2, False).state_dict() for c in (FLAT, NESTED)]
    shapes = [{key: value.shape for key, value in state.items()} for state in states]
    assert shapes[0] == shapes[1]


def test_an_inherited_configuration_is_resolved():
    plans = PlansManager(
        {"configurations": {"3d_fullres": copy.deepcopy(NESTED), "big": {"inherits_from": "3d_fullres"}}}
    )
    assert list(configuration_manager(plans, "big").patch_size) == [8, 8, 8]


@pytest.mark.parametrize(("content", "network_class"), [(NESTED, PlainConvUNet), (residual(), ResidualEncoderUNet)])
def test_plain_networks_are_those_of_nnunets_own_builder(content, network_class):
    config = configuration(content)
    ours = build_network("nnUNetTrainer", config, 1, 3, deep_supervision=False).eval()
    theirs = get_network_from_plans(
        config.network_arch_class_name,
        config.network_arch_init_kwargs,
        config.network_arch_init_kwargs_req_import,
        1,
        3,
        deep_supervision=False,
    ).eval()
    assert type(ours) is type(theirs) is network_class
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(1, 1, 8, 8, 8)
    with torch.no_grad():
        assert torch.equal(ours(x), theirs(x))


def test_fresh_weights_follow_nnunets_initialisation():
    torch.manual_seed(0)
    network = build_network("nnUNetTrainerUMambaEnc", configuration(NESTED), 1, 2, deep_supervision=True)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv3d)]
    assert all(not module.bias.any() for module in convolutions)
    kernel = max((module.weight for module in convolutions), key=torch.numel)
    expected = (2 / (1 + 1e-4) / kernel[0].numel()) ** 0.5
    assert float(kernel.detach().std()) == pytest.approx(expected, rel=0.05)
    scan = network.encoder.mamba_layers[0].mamba
    assert torch.equal(scan.D.detach(), torch.ones(8))


def test_deep_supervision_answers_at_every_scale():
    network = build_network("nnUNetTrainerUMambaEnc", configuration(NESTED), 1, 2, deep_supervision=True)
    shapes = [tuple(item.shape[2:]) for item in network(torch.randn(1, 1, 8, 8, 8))]
    assert shapes == [(8, 8, 8), (4, 4, 4)]


def test_an_unknown_network_is_refused_with_the_known_ones():
    content = copy.deepcopy(NESTED)
    content["architecture"]["network_class_name"] = "somebody.elses.Network"
    with pytest.raises(ModelError, match=r"'somebody.elses.Network'.*UMambaBot, UMambaEnc, PlainConvUNet"):
        architecture_of("nnUNetTrainerOfMine", configuration(content).network_arch_class_name)


@pytest.mark.parametrize("name", ["os.system", "antigravity.fly", "torch.nn.Linear", "torch.hub.load"])
def test_a_building_block_off_the_list_is_refused_and_not_imported(name):
    content = copy.deepcopy(NESTED)
    content["architecture"]["arch_kwargs"]["nonlin"] = name
    with pytest.raises(ModelError, match=f"'{name}'.*not on the list"):
        build_network("nnUNetTrainer", configuration(content), 1, 2, False)
    assert "antigravity" not in sys.modules


def test_an_entry_that_is_not_declared_for_import_stays_text_and_is_refused():
    content = copy.deepcopy(NESTED)
    content["architecture"]["_kw_requires_import"] = []
    with pytest.raises(ModelError, match="do not describe a PlainConvUNet"):
        build_network("nnUNetTrainer", configuration(content), 1, 2, False)


def test_an_unknown_configuration_is_refused_with_those_there_are():
    plans = PlansManager({"configurations": {"2d": {}, "3d_fullres": copy.deepcopy(NESTED)}})
    with pytest.raises(ModelError, match=r"'3d_lowres'.*2d, 3d_fullres"):
        configuration_manager(plans, "3d_lowres")


def test_a_configuration_without_a_network_is_refused():
    with pytest.raises(ModelError, match="UNet_class_name"):
        configuration({"patch_size": [8, 8, 8]})
