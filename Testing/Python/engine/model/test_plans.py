"""A configuration of plans.json without nnU-Net's reader is what nnU-Net's reader makes of it."""

from __future__ import annotations

import copy

import pytest
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model.builder import configuration_manager
from UMambaXAILogic.engine.model.plans import network_configuration

FLAT = {
    "patch_size": [8, 8, 16],
    "spacing": [1.0, 0.5, 0.5],
    "UNet_class_name": "PlainConvUNet",
    "UNet_base_num_features": 4,
    "unet_max_num_features": 10,
    "n_conv_per_stage_encoder": [2, 2, 3],
    "n_conv_per_stage_decoder": [2, 1],
    "num_pool_per_axis": [2, 2, 2],
    "pool_op_kernel_sizes": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
    "conv_kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
}


def both(configurations: dict, name: str) -> tuple[dict, dict]:
    """Ours and nnU-Net's."""
    plans = {"configurations": configurations}
    ours = network_configuration(copy.deepcopy(plans), name)
    return ours, configuration_manager(PlansManager(copy.deepcopy(plans)), name).configuration


@pytest.mark.parametrize("network", ["PlainConvUNet", "ResidualEncoderUNet"])
def test_flat_plans_name_the_same_network(network):
    ours, theirs = both({"3d_fullres": {**FLAT, "UNet_class_name": network}}, "3d_fullres")
    assert ours["architecture"]["network_class_name"] == theirs["architecture"]["network_class_name"]
    numbers = ours["architecture"]["arch_kwargs"]
    assert numbers["features_per_stage"] == [4, 8, 10]
    assert numbers.items() <= theirs["architecture"]["arch_kwargs"].items()
    assert ours["patch_size"] == theirs["patch_size"]


def test_what_a_configuration_does_not_say_it_inherits():
    configurations = {
        "3d_fullres": FLAT,
        "3d_lowres": {"inherits_from": "3d_fullres", "spacing": [2.0, 1.0, 1.0]},
        "3d_cascade_fullres": {"inherits_from": "3d_lowres", "previous_stage": "3d_lowres"},
    }
    ours, theirs = both(configurations, "3d_cascade_fullres")
    for key in ("patch_size", "spacing", "previous_stage", "inherits_from"):
        assert ours[key] == theirs[key], key


def test_the_plans_themselves_stay_as_they_are():
    plans = {"configurations": {"3d_fullres": copy.deepcopy(FLAT)}}
    network_configuration(plans, "3d_fullres")
    assert plans == {"configurations": {"3d_fullres": FLAT}}


@pytest.mark.parametrize(
    ("configurations", "words"),
    [
        ({"2d": FLAT}, "no configuration '3d_fullres'"),
        ({"3d_fullres": {"inherits_from": "2d"}, "2d": {"inherits_from": "3d_fullres"}}, "inherits from itself"),
        ({"3d_fullres": {"inherits_from": "2d"}}, "cannot be read: '2d'"),
        ({"3d_fullres": {**FLAT, "UNet_class_name": "MyNet"}}, "cannot be read: 'MyNet'"),
        ({"3d_fullres": {"patch_size": [8, 8]}}, "cannot be read: 'UNet_class_name'"),
        ({"3d_fullres": {"architecture": {"network_class_name": "x"}}}, "cannot be read: 'arch_kwargs'"),
        ({"3d_fullres": {"architecture": 3}}, "cannot be read"),
        ({"3d_fullres": 3}, "cannot be read"),
    ],
)
def test_what_is_no_configuration_is_refused(configurations, words):
    with pytest.raises(ModelError, match=words):
        network_configuration({"configurations": configurations}, "3d_fullres")
