"""Shipped files are found in the source tree and in an installed package."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine import resources
from UMambaXAILogic.engine.errors import NotInstalledError


@pytest.fixture
def installation(tmp_path, monkeypatch):
    package = tmp_path / "UMambaXAILogic"
    package.mkdir()
    monkeypatch.setattr(resources, "files", lambda _name: package)
    return package


def test_the_source_tree_keeps_resources_beside_the_package(installation):
    folder = installation.parent / "Resources" / "demo_model"
    folder.mkdir(parents=True)
    assert resources.resource_path("demo_model") == folder


def test_an_installed_package_keeps_resources_inside_and_they_win(installation):
    for root in (installation, installation.parent):
        (root / "Resources").mkdir()
        (root / "Resources" / "colors.json").touch()
    assert resources.resource_path("colors.json") == installation / "Resources" / "colors.json"


def test_a_missing_resource_is_named(installation):
    with pytest.raises(NotInstalledError, match="'demo_model' is missing"):
        resources.resource_path("demo_model")
