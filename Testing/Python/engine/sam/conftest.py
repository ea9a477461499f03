"""A tiny SAM with random weights as the original project stores it; ``sam_folder`` is shared by all tests."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch


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
