"""The networks answer as the original project's do, through a checkpoint on disk."""

from __future__ import annotations

import pytest
import torch
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from UMambaXAILogic.engine.model.builder import build_network, configuration_manager
from UMambaXAILogic.engine.model.checkpoint import read_checkpoint
from UMambaXAILogic.engine.model.weights import load_weights

OWN_CASES = ("bot_2d", "bot_3d", "enc_2d", "enc_3d")
ORACLE_CASES = (
    "UMambaBot_2d",
    "UMambaBot_3d",
    "UMambaBot_3d_aniso",
    "UMambaEnc_2d",
    "UMambaEnc_2d_5st",
    "UMambaEnc_3d",
    "UMambaEnc_3d_aniso",
)
every_case = pytest.mark.parametrize("known_network", OWN_CASES + ORACLE_CASES, indirect=True)
oracle_cases = pytest.mark.parametrize("known_network", ORACLE_CASES, indirect=True)


def tolerances(known) -> tuple[float, float]:
    """Of logits and gradients, largest difference over largest reference value."""
    if known.trainer.endswith("Bot"):
        return 2e-5, 1e-4
    return 2e-4, (1e-3 if known.input.dim() == 4 else 5e-3)


def largest_difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found.detach().double() - expected.double()).abs().max() / expected.abs().max())


@pytest.fixture
def network(known_network, write_checkpoint, tmp_path):
    """The case's network, its weights read back from a checkpoint in the original's format."""
    known = known_network
    weights = {key: known.weights[own] for key, own in known.keys.items()} if known.keys else known.weights
    path = write_checkpoint(tmp_path / "checkpoint_final.pth", weights, known.trainer, known.configuration)
    checkpoint = read_checkpoint(path)
    plans = PlansManager(known.plans)
    built = build_network(
        checkpoint.trainer_name,
        configuration_manager(plans, checkpoint.configuration_name),
        known.in_channels,
        plans.get_label_manager(known.dataset_json).num_segmentation_heads,
        deep_supervision=True,
    )
    load_weights(built, checkpoint.weights, str(path))
    return built.eval().requires_grad_(False)


def explain(network, known) -> tuple[dict, dict]:
    """Activations, and gradients of the target's logits summed over the voxels predicted as target."""
    network.decoder.deep_supervision = False
    found = {}
    hooks = [
        network.get_submodule(name).register_forward_hook(lambda _m, _i, out, name=name: found.update({name: out}))
        for name in known.activations
    ]
    parameter = next(network.parameters())
    logits = network(known.input.to(parameter.dtype).requires_grad_())
    for hook in hooks:
        hook.remove()
    mask = known.logits[0].argmax(1) == known.target
    score = (logits[:, known.target] * mask).sum()
    gradients = torch.autograd.grad(score, list(found.values()))
    return found, dict(zip(found, gradients, strict=True))


@every_case
def test_logits_of_all_heads_agree(network, known_network):
    with torch.no_grad():
        logits = network(known_network.input)
    assert len(logits) == len(known_network.logits)
    for found, expected in zip(logits, known_network.logits, strict=True):
        assert largest_difference(found, expected) <= tolerances(known_network)[0]
    network.decoder.deep_supervision = False
    with torch.no_grad():
        assert torch.equal(network(known_network.input), logits[0])


@every_case
def test_activations_and_gradients_agree_in_double_precision(network, known_network):
    activations, gradients = explain(network.double(), known_network)
    assert known_network.gradients
    for name, expected in known_network.gradients.items():
        assert largest_difference(gradients[name], expected) <= 1e-6, name
        # the oracle's activations are single-precision ones
        assert largest_difference(activations[name], known_network.activations[name]) <= 5e-5, name


@every_case
def test_activations_and_gradients_agree_in_single_precision(network, known_network):
    activations, gradients = explain(network, known_network)
    logits_tolerance, gradient_tolerance = tolerances(known_network)
    for name, expected in known_network.gradients.items():
        assert largest_difference(activations[name], known_network.activations[name]) <= logits_tolerance, name
        assert largest_difference(gradients[name], expected) <= gradient_tolerance, name


@oracle_cases
def test_state_dict_has_exactly_the_originals_keys_and_sharing(network, known_network):
    state = network.state_dict()
    assert set(state) == set(known_network.keys)
    for key, own in known_network.keys.items():
        assert state[key].data_ptr() == state[own].data_ptr()
        assert state[key].shape == known_network.weights[own].shape
