"""Explanations on a GPU round no convolution's input to ten bits, whichever loop computes them."""

from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine.attribution.gradient_cam import block_pooled_map
from UMambaXAILogic.engine.attribution.per_window import explain_per_window
from UMambaXAILogic.engine.inference.explanation import explain_stitched, full_precision
from UMambaXAILogic.engine.progress import Reporter


@pytest.mark.parametrize("explain", [explain_stitched, explain_per_window])
def test_every_pass_is_in_full_precision(make_tiny_model, make_explained, monkeypatch, explain):
    case = make_explained(make_tiny_model(), (9, 12, 8))
    for module in ("inference.explanation", "attribution.per_window"):  # as if the model were on a GPU
        monkeypatch.setattr(
            f"UMambaXAILogic.engine.{module}.full_precision", lambda _device: full_precision(torch.device("cuda"))
        )
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    allowed = []
    case.model.network.register_forward_hook(lambda *_: allowed.append(torch.backends.cudnn.allow_tf32))
    explain(case, case.model.layers()[:1], lambda _alias, a, g: block_pooled_map(a, g, 1, "max"), Reporter())
    assert allowed and not any(allowed)
    assert torch.backends.cudnn.allow_tf32
