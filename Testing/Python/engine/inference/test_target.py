"""Target channels, masks and scores: against autograd and against nnU-Net's own label rules."""

from __future__ import annotations

import pytest
import torch
from nnunetv2.utilities.label_handling.label_handling import LabelManager

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.inference.target import TargetScore, resolve_target

BINARY = LabelManager({"background": 0, "vessel": 1}, None)
CLASSES = LabelManager({"background": 0, "BA": 1, "R-PCA": 2, "L-PCA": 3, "ignore": 4}, None)
REGIONS = LabelManager({"background": 0, "whole": [1, 2, 3], "core": [2, 3], "tip": 3}, [1, 2, 3])


def test_default_target_is_the_only_label_or_all_of_them():
    assert resolve_target(BINARY, None).name == "vessel"
    assert resolve_target(CLASSES, None).name == "foreground"
    assert resolve_target(CLASSES, None).label_values == (1, 2, 3)
    assert resolve_target(CLASSES, None).channels == (1, 2, 3)


@pytest.mark.parametrize("label", [2, "2", "R-PCA"])
def test_a_label_is_found_by_value_or_name(label):
    target = resolve_target(CLASSES, label)
    assert (target.name, target.label_values, target.channels, target.sigmoid) == ("R-PCA", (2,), (2,), False)


def test_a_region_is_one_head_and_several_label_values():
    target = resolve_target(REGIONS, "core")
    assert (target.label_values, target.channels, target.sigmoid) == ((2, 3), (1,), True)
    assert resolve_target(REGIONS, 3).channels == (2,)
    assert resolve_target(REGIONS, "foreground").label_values == (1, 2, 3)


@pytest.mark.parametrize("label", [0, 7, "aorta", "background", "ignore", 4])
def test_an_unknown_label_is_refused_with_the_list_of_labels(label):
    with pytest.raises(UsageError, match="R-PCA"):
        resolve_target(CLASSES, label)


@pytest.mark.parametrize("score", ["margin", "logit"])
@pytest.mark.parametrize(
    ("manager", "label"),
    [(BINARY, 1), (CLASSES, 2), (CLASSES, "foreground"), (REGIONS, "core"), (REGIONS, "foreground")],
)
def test_gradient_is_the_derivative_of_the_summed_density(manager, label, score):
    torch.manual_seed(1)
    target = TargetScore(resolve_target(manager, label), score)
    logits = torch.randn(manager.num_segmentation_heads, 4, 5, 6, dtype=torch.float64, requires_grad=True)
    mask = target.predicted(logits.detach())
    assert mask.any()
    (expected,) = torch.autograd.grad(target.density(logits)[mask].sum(), logits)
    assert torch.allclose(target.gradient(logits.detach(), mask).double(), expected, atol=1e-6)


def test_margin_of_two_classes_is_the_difference_of_logits():
    logits = torch.randn(2, 3, 3, 3)
    score = TargetScore(resolve_target(BINARY, 1), "margin")
    assert torch.allclose(score.density(logits), logits[1] - logits[0], atol=1e-6)


def test_margin_is_blind_to_a_shift_of_all_logits_and_logit_is_not():
    logits = torch.randn(4, 3, 3, 3)
    margin, logit = (TargetScore(resolve_target(CLASSES, 2), score) for score in ("margin", "logit"))
    assert torch.allclose(margin.density(logits + 5), margin.density(logits), atol=1e-5)
    assert torch.allclose(logit.density(logits + 5), logit.density(logits) + 5, atol=1e-5)


def test_masks_follow_nnunets_rules():
    logits = torch.randn(4, 6, 6, 6)
    exported = CLASSES.convert_logits_to_segmentation(logits)
    assert torch.equal(TargetScore(resolve_target(CLASSES, 2), "margin").predicted(logits), exported == 2)
    assert torch.equal(TargetScore(resolve_target(CLASSES, "foreground"), "margin").predicted(logits), exported > 0)
    regions = torch.randn(3, 6, 6, 6)
    # before class-order conflicts are resolved: "tip" painted over "whole" does not take its voxels away
    assert torch.equal(TargetScore(resolve_target(REGIONS, "whole"), "margin").predicted(regions), regions[0] > 0)
