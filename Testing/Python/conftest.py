"""Fixtures that every part of the test suite shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder above ``oracle/`` and ``data/``: reference outputs and real volumes that are not shipped."""
    folder = os.environ.get("UMAMBAXAI_REFERENCE_DATA")
    if not folder or not (Path(folder) / "oracle").is_dir():
        pytest.skip("skipped: shared data not present")
    return Path(folder).resolve()
